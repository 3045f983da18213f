import { describe, expect, it } from "@jest/globals";
import { syncTemplates } from "../../../src/flows/templates/sync.ts";
import { ConnectorError } from "../../../src/lib/errors.ts";
import { createClock, createRecordingLog } from "../../support/ports.ts";

describe("syncTemplates", () => {
  it("hands on the whole list and logs how long it took", async () => {
    const [now, log] = [createClock(), createRecordingLog()];
    const sync = async () => {
      now.advance(1_500);
      return [];
    };
    expect(await syncTemplates({ catalog: { sync }, now, log })).toEqual([]);
    expect(log.lines).toEqual([
      { level: "info", msg: "Templates synced", fields: { templates: 0, ms: 1_500 } },
    ]);
  });

  it("says in the log why there is no list", async () => {
    const [now, log] = [createClock(), createRecordingLog()];
    const error = new ConnectorError("templates_refused", "Vonage refuses", {
      httpStatus: 502,
      detail: { status: 401 },
    });
    await expect(syncTemplates({ catalog: { sync: () => Promise.reject(error) }, now, log })).rejects.toBe(
      error,
    );
    expect(log.lines).toEqual([
      {
        level: "error",
        msg: "Templates not synced",
        fields: {
          ms: 0,
          code: "templates_refused",
          message: "Vonage refuses",
          retryable: false,
          neighbour_status: 401,
        },
      },
    ]);
  });
});
