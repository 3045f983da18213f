import { describe, expect, it } from "@jest/globals";
import { reportToDelivery, reportToStatus } from "../../../src/platforms/moengage/from-report.ts";
import { ACCEPTED_AT, buildFailedReport, buildReport, MSG_ID, TRACKING_ID } from "../../support/builders.ts";

const SECONDS = "1738584000";

describe("reportToStatus", () => {
  it.each(["sent", "delivered", "read"] as const)(
    "tells %s with the event's epoch seconds as text",
    (status) => {
      expect(reportToStatus(buildReport({ status, at: ACCEPTED_AT + 999 }))).toEqual({
        msg_id: MSG_ID,
        status,
        timestamp: SECONDS,
      });
    },
  );

  it("tells a failure with code and description", () => {
    expect(reportToStatus(buildFailedReport({ at: ACCEPTED_AT }))).toEqual({
      msg_id: MSG_ID,
      status: "failed",
      timestamp: SECONDS,
      error: { code: "1022", description: "Invalid template or template parameters" },
    });
  });
});

describe("reportToDelivery", () => {
  const sms = { origin: "ms", channel: "sms", id: TRACKING_ID } as const;

  it.each(["sent", "delivered"] as const)(
    "tells %s with an empty error, so that the field can be mapped",
    (status) => {
      expect(reportToDelivery(buildReport({ ...sms, status }))).toEqual({
        trackingId: TRACKING_ID,
        status,
        error: "",
      });
    },
  );

  it("tells a failure with code and words in one text", () => {
    const error = { code: "1340", description: "Outside Allowed Window" };

    expect(reportToDelivery(buildFailedReport({ ...sms, error }))).toEqual({
      trackingId: TRACKING_ID,
      status: "failed",
      error: "1340, Outside Allowed Window",
    });
  });
});
