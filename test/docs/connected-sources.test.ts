import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import type { EngagementEvent } from "../../src/core/event.ts";
import { eventToRow, MAPPER } from "../../src/platforms/moengage/from-event.ts";

const guide = readFileSync(new URL("../../docs/connected-sources.md", import.meta.url), "utf8");
const blocks = [...guide.matchAll(/```json\n(.*?)\n```/gs)].map(([, text]) => JSON.parse(text as string));
const [mapper, ...samples] = blocks;

const MESSAGE_ID = "67ee485792b846576e34b2cc_677f3537b39e97772cc33719_17436754518";
const about = { channel: "whatsapp", person: "447700900123", at: 1_768_473_000_000 } as const;
const sender = "14155550100";
const EVENTS: EngagementEvent[] = [
  {
    ...{ kind: "button", id: "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab", ...about, sender },
    ...{ messageId: MESSAGE_ID, origin: "mw", text: "Yes", payload: "yes-1" },
  },
  {
    ...{ kind: "opt_out", id: "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ac", ...about, sender },
    ...{ messageId: MESSAGE_ID, origin: "mw", text: "STOP" },
  },
  {
    ...{ kind: "failed", id: MESSAGE_ID, ...about, messageId: MESSAGE_ID, origin: "mw" },
    error: {
      code: "1022",
      description:
        "Invalid template or template parameters: body of welcome (en) has 2 parameters, the send has 1",
    },
  },
];

describe("the guide to Connected Sources", () => {
  it("shows the mapper of this version", () => {
    expect(mapper).toEqual(MAPPER);
  });

  it("shows samples as the connector posts them", () => {
    expect(samples).toEqual(EVENTS.map((event) => ({ events: [eventToRow(event)] })));
  });
});
