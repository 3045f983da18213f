import { afterEach, expect, it } from "@jest/globals";
import { buildWhatsAppSend, MSG_ID } from "../support/builders.ts";
import { endJourneys, startJourney, until } from "../support/journey.ts";

afterEach(endJourneys);

const isAtEnd = ({ msg }: { msg: string }) => msg === "Message delivered";

it("a message has a line for each step and one at its end", async () => {
  const journey = await startJourney({ traffic: { statuses: true, readShare: 0 } });
  await journey.send(buildWhatsAppSend());
  await until("it is at its end", () => journey.linesOf(MSG_ID).length === 9);
  expect(journey.linesOf(MSG_ID)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^Sending POST to …\/.*\/enqueue$/),
      "POST /webhooks/message-dispatcher",
      "execute { template: { name: 'order_update' } }",
      `Sending WhatsApp via Vonage: msg_id=${MSG_ID}`,
      "Status submitted received",
      "Report sent: posted",
      "Status delivered received",
      "Message delivered",
      "Report delivered: posted",
    ]),
  );
  expect(journey.linesOf(MSG_ID)).toHaveLength(9);
  const replicas = new Set(journey.lines.map(({ replica }) => replica));
  expect([...replicas]).toEqual([expect.stringMatching(/^[0-9a-f]{12}$/)]);
  expect(journey.lines.filter(({ version }) => version !== undefined)).toHaveLength(1);
});

it("of many messages each has its end's line, and most no other", async () => {
  const count = 120;
  const journey = await startJourney({
    traffic: { statuses: true, readShare: 0 },
    env: { DISPATCH_RATE_PER_SECOND: "500" },
  });
  const ids = Array.from({ length: count }, (_, n) => `m-${n}`);
  const begun = journey.now();
  await Promise.all(ids.map((id) => journey.send(buildWhatsAppSend({ msg_id: id }))));
  await until("all are at their end", () => journey.lines.filter(isAtEnd).length === count);
  const seconds = Math.ceil((journey.now() - begun) / 1_000) + 1;
  const counts = ids.map((id) => journey.linesOf(id).length);
  expect(Math.min(...counts)).toBe(1);
  // Their ends, the sample, and what a second may have before it is a busy one.
  const mostLines = count + (9 * count) / 8 + 40 * seconds;
  expect(counts.reduce((sum, lines) => sum + lines, 0)).toBeLessThanOrEqual(mostLines);
});
