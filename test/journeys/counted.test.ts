import { afterEach, expect, it } from "@jest/globals";
import { buildWhatsAppSend } from "../support/builders.ts";
import { endJourneys, startJourney, until } from "../support/journey.ts";
import type { Call } from "../support/taps.ts";

afterEach(endJourneys);

const COUNT = 300;

const tokensOf = (calls: readonly Call[]) => new Set(calls.map(({ headers }) => headers["authorization"]));

it("what a campaign asks of others is shared: enqueue requests, calls of State, reports, tokens", async () => {
  const journey = await startJourney({
    env: { DISPATCH_RATE_PER_SECOND: "5000", DISPATCH_MAX_INFLIGHT: "400" },
    traffic: { statuses: true, readShare: 1, delayMs: [20, 300] },
  });
  const before = journey.calls.length;
  const sends = Array.from({ length: COUNT }, (_, n) =>
    journey.send(buildWhatsAppSend({ msg_id: `m-${n}` })),
  );
  expect((await Promise.all(sends)).filter(({ status }) => status !== 200)).toEqual([]);
  const reported = (status: string) =>
    journey
      .reports()
      .flatMap((body) => (body as { statuses: { status: string }[] }).statuses)
      .filter((report) => report.status === status).length;
  // One that a later one has overtaken is not told any more.
  await until("the platform has heard of each message to its end", () => reported("read") === COUNT);

  const calls = journey.calls.slice(before);
  const to = (neighbour: string, path: RegExp) =>
    calls.filter((call) => call.to === neighbour && path.test(call.path));
  const state = to("vcr", /^\/$/);
  const enqueued = to("vcr", /\/enqueue$/);
  const sent = to("vonage", /\/messages$/);
  const counts = {
    sent: sent.length,
    enqueue: enqueued.length / COUNT,
    state: state.length / COUNT,
    reports: to("moengage", /./).length / (3 * COUNT),
  };
  expect(counts.sent).toBe(COUNT);
  expect(counts.enqueue).toBeLessThanOrEqual(0.2);
  // One of them is the claim. The others are shared by what comes within a moment: the slower the machine, the more.
  expect(counts.state).toBeLessThanOrEqual(3);
  expect(counts.reports).toBeLessThanOrEqual(0.1);
  // A signature with RSA costs as much as all the rest of a send: one for Vonage, one for VCR.
  expect([tokensOf(sent).size, tokensOf([...state, ...enqueued]).size]).toEqual([1, 1]);
});
