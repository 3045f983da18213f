import { afterEach, expect, it } from "@jest/globals";
import { buildWhatsAppSend } from "../support/builders.ts";
import { endJourneys, startJourney, until } from "../support/journey.ts";

afterEach(endJourneys);

const EMPTIED = /^(This instance's|The account's) State was emptied/;

it("State that is emptied under way is said within ten seconds of traffic; sending goes on", async () => {
  const journey = await startJourney();
  const emptied = () => journey.lines.filter(({ msg }) => EMPTIED.test(msg));
  expect((await journey.send(buildWhatsAppSend({ msg_id: "before" }))).status).toBe(200);
  await until("it is sent", () => journey.vonage.messages.length === 1);
  expect(emptied()).toEqual([]);

  journey.vcr.emptyState();
  await journey.skip(10_000);
  expect((await journey.send(buildWhatsAppSend({ msg_id: "after" }))).status).toBe(200);
  await until("it is sent", () => journey.vonage.messages.length === 2);
  await until("both are said", () => emptied().length === 2);
  // In either order: both are looked at together.
  const said = emptied().map(({ level, scope }) => `${level} ${scope}`);
  expect(said.toSorted()).toEqual(["error account", "error instance"]);

  // A start that finds the queues, and State marked again, says nothing.
  await journey.replica();
  await until(
    "another is ready",
    () => journey.lines.filter(({ msg }) => msg.startsWith("Queues are ready")).length === 2,
  );
  expect(emptied()).toHaveLength(2);
});
