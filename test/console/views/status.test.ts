import { expect, it } from "@jest/globals";
import { statusView } from "../../../src/console/views/status.ts";
import type { ChannelState } from "../../../src/core/insight.ts";
import { AT, statusAnswer } from "../fixtures.ts";

it("what waits on a channel is counted once, however many platforms share it", () => {
  const [one] = statusAnswer().channels as [ChannelState];
  const channels: ChannelState[] = [
    { ...one, waiting: 500 },
    { ...one, platform: "clevertap", waiting: 500 },
    { ...one, channel: "sms", waiting: 20 },
    { ...one, platform: "webengage", channel: "sms", on: false, state: "off", waiting: null },
  ];
  expect(statusView(statusAnswer({ channels }), Date.parse(AT)).text).toContain("520 messages on the way.");
});
