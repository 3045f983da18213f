import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { findProblems, funnelTable } from "../../src/sandbox/audit.ts";
import type { Connector } from "../../src/sandbox/connector.ts";
import { whatsappSend } from "../../src/sandbox/moengage/index.ts";
import { createRandom } from "../../src/sandbox/random.ts";
import { serve } from "../../src/sandbox/server.ts";
import { createWorld, type World } from "../../src/sandbox/world.ts";
import { credentials, eventually, sdk } from "./helpers.ts";

let world: World<Connector, "moengage" | "webengage">;
let lines: unknown[];

beforeEach(async () => {
  lines = [{ msg: "fine", to: "********0001" }];
  world = await createWorld({
    credentials,
    platforms: ["moengage", "webengage"],
    serviceName: "neru-test-connector",
    run: {
      lines: () => lines,
      start: (env) =>
        serve(Number(env["VCR_PORT"]), ({ path }) =>
          path === "/webhooks/send"
            ? { status: 200, body: { status: "success" } }
            : { status: path === "/ok" ? 200 : 400 },
        ),
    },
    vonage: { traffic: { statuses: false } },
  });
});
afterEach(() => world.stop());

const basic = `Basic ${Buffer.from(`${credentials.accountId}:${credentials.accountSecret}`).toString("base64")}`;
const post = (url: string, body: object) =>
  fetch(url, {
    method: "POST",
    headers: { authorization: basic, "content-type": "application/json" },
    body: JSON.stringify(body),
  });

async function offer() {
  const message = whatsappSend(createRandom(1), {
    from: "447700900000",
    to: "999000000001",
    template: "booking_flow",
  });
  await world.platforms.moengage.send(message);
  const { components, name, language } = message.template;
  return {
    id: message.msg_id,
    settle: () =>
      post(world.platforms.moengage.deliveryUrl, {
        statuses: [
          { msg_id: message.msg_id, status: "delivered", timestamp: String(Math.floor(Date.now() / 1000)) },
        ],
      }),
    sendOn: (change: (components: string) => string = (same) => same) =>
      post(`${world.vonage.url}/v1/messages`, {
        to: "999000000001",
        from: "447700900000",
        channel: "whatsapp",
        message_type: "custom",
        client_ref: `w1-${message.msg_id}`,
        custom: {
          type: "template",
          template: {
            name,
            language: { ...language, policy: "deterministic" },
            components: JSON.parse(change(JSON.stringify(components))),
          },
        },
      }),
  };
}

describe("what a campaign is held against", () => {
  it("is nothing when each message went out once, unaltered, and was settled", async () => {
    const message = await offer();
    await message.sendOn();
    await message.settle();
    expect(await findProblems(world)).toEqual([]);
  });

  it("takes index as a number or as a string", async () => {
    const message = await offer();
    await message.sendOn((text) => text.replace('"index":"0"', '"index":0'));
    await message.settle();
    expect(await findProblems(world)).toEqual([]);
  });

  it.each<[string, string, (message: Awaited<ReturnType<typeof offer>>) => Promise<unknown>]>([
    ["a message without an end", "1 messages of moengage are not settled", async () => {}],
    [
      "a message sent twice",
      "1 messages sent twice, such as w1-",
      async ({ sendOn, settle }) => [await sendOn(), await sendOn(), await settle()],
    ],
    [
      "a rewritten key",
      "1 messages of moengage altered on their way",
      async ({ sendOn, settle }) => [
        await sendOn((text) => text.replace("firstName", "first_name")),
        await settle(),
      ],
    ],
    [
      "a report told twice",
      "1 violations of the contract of moengage, such as repeated status",
      async ({ settle }) => [await settle(), await settle()],
    ],
    [
      "a webhook that Vonage will not send again",
      "1 webhooks: status lost",
      async ({ sendOn, settle }) => {
        await sendOn();
        world.vonage.sendStatus(world.vonage.messages[0]!, "submitted");
        await eventually(() => world.vonage.records().open === 0);
        await settle();
      },
    ],
    [
      "a dead letter",
      "1 dead letters in q1",
      async ({ settle }) => {
        const { queue } = sdk(world.vcr.url);
        await queue.createQueue("q1", "job", { active: true, maxInflight: 1, msgPerSecond: 100 });
        await queue.enqueue("q1", [{}]);
        await eventually(() => world.vcr.records().queues["q1"]?.dead === 1);
        await settle();
      },
    ],
    [
      "a phone number in the log",
      "the log contains a phone number",
      async ({ settle }) => [lines.push({ to: "999000000001" }), await settle()],
    ],
    [
      "a secret in the log",
      "the log contains a tagged value, canary-signature-secret",
      async ({ settle }) => [lines.push(credentials.signatureSecret), await settle()],
    ],
  ])("names %s", async (_name, problem, act) => {
    await act(await offer());
    const problems = await findProblems(world);
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });
});

describe("the funnel as a table", () => {
  it("has a row per channel and the reasons of failures, the commonest first", () => {
    const funnel = { accepted: 9, sent: 8, delivered: 4, read: 2, waiting: 1, settled: 8 };
    const sms = { ...funnel, failed: { "1190 Absent": 1, "1260 Unreachable": 3 } };
    expect(funnelTable({ sms }).split("\n")).toEqual([
      "             accepted       sent  delivered       read     failed    waiting",
      "sms                 9          8          4          2          4          1",
      "  sms failed      3  1260 Unreachable",
      "  sms failed      1  1190 Absent",
    ]);
  });
});
