import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import { smsSend, whatsappSend } from "../../src/sandbox/moengage/index.ts";
import { createRandom, type Random } from "../../src/sandbox/random.ts";
import { signWebhook } from "../../src/sandbox/vonage/index.ts";
import { WHATSAPP_NUMBER } from "../../src/sandbox/world.ts";
import { createSealer, type Sealer } from "../../src/vcr/seal.ts";
import { whatsappMessage } from "../support/ports.ts";
import type { Result } from "./fire.ts";
import { judge } from "./judge.ts";
import { type ChaosWorld, startChaosWorld } from "./world.ts";

const PATHS = [
  "/webhooks/send",
  "/",
  "/webhooks/message-dispatcher",
  "/webhooks/status",
  "/webhooks/passed-message-status",
  "/webhooks/inbound",
  "/sync_templates",
  "/_/health",
  "/_/metrics",
  "/console",
  "/webengage/whatsapp",
  "/%",
  "/..%2f..%2fetc/passwd",
  "//",
  "/webhooks/send/",
  "/WEBHOOKS/SEND",
  "/webhooks/status?a[]=1&a[__proto__]=2",
  `/${"x".repeat(3_000)}`,
];
const METHODS = ["POST", "POST", "POST", "POST", "GET", "PUT", "DELETE", "OPTIONS", "PATCH"] as const;
const TYPES = [
  "application/json",
  "application/json; charset=utf-8",
  "application/json; charset=utf-16",
  "application/x-www-form-urlencoded",
  "text/plain",
  "multipart/form-data",
  ";;;",
];
const NASTY: unknown[] = [
  null,
  true,
  -1,
  1e308,
  0.1,
  "",
  "\u0000",
  "\ud800",
  "💥".repeat(50),
  "x".repeat(10_000),
  [],
  {},
  [[[[[]]]]],
  { toString: 1 },
  { constructor: { prototype: 1 } },
  "__proto__",
  "1'; DROP TABLE",
  "<script>",
  "999000000001",
  "9".repeat(40),
];

/** Something valid with a few of its values, keys or bytes changed. */
function mutate(random: Random, value: unknown): unknown {
  if (random.chance(0.15)) return random.pick(NASTY);
  if (Array.isArray(value)) return value.map((item) => (random.chance(0.3) ? mutate(random, item) : item));
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value)
    .filter(() => !random.chance(0.05))
    .map(([key, item]): [string, unknown] => [
      random.chance(0.02) ? JSON.stringify(random.pick(NASTY)) : key,
      random.chance(0.3) ? mutate(random, item) : item,
    ]);
  return Object.fromEntries(entries);
}

function spoil(random: Random, text: string): string {
  if (!random.chance(0.1)) return text;
  const at = random.between(0, text.length);
  return random.chance(0.5) ? text.slice(0, at) : `${text.slice(0, at)}\u0001${text.slice(at)}`;
}

const statusBody = (random: Random) => ({
  message_uuid: random.uuid(),
  to: "999000000001",
  from: WHATSAPP_NUMBER,
  timestamp: new Date().toISOString(),
  status: random.pick(["submitted", "delivered", "read", "rejected", "odd"]),
  channel: random.pick(["whatsapp", "sms"]),
  client_ref: random.pick(["1vmw.fuzz-1", "1kms.fuzz", "1vzz.x", "other", "1vmw."]),
  error: { type: "https://x#1000", title: "1000", detail: "too fast", instance: "x" },
  whatsapp: { recipient: { user_id: "US.1", wa_id: "999000000001" } },
});

const inboundBody = (random: Random) => ({
  ...statusBody(random),
  message_type: random.pick(["text", "button", "reply", "image", "order"]),
  text: random.pick(["STOP", "hello", ""]),
  button: { payload: "p", text: "t" },
  context: { message_uuid: random.uuid() },
});

/** One request: mostly with good credentials or a good signature, so that it comes far. */
function compose(random: Random, world: ChaosWorld, sealer: Sealer) {
  const { credentials } = world;
  const bodies = [
    () => whatsappSend(random, { from: WHATSAPP_NUMBER, to: "999000000001" }),
    () => smsSend(random, "999000000002"),
    () => statusBody(random),
    () => inboundBody(random),
    () => ({ kind: "send", attempt: 1, message: whatsappMessage({ id: random.hex(8) }) }),
    () => random.pick(NASTY),
  ];
  const valid = random.pick(bodies)();
  const altered = random.chance(0.8) ? mutate(random, valid) : valid;
  const path = random.pick(PATHS);
  // Jobs that are signed are ours: only their envelope is altered.
  const content =
    path.endsWith("dispatcher") && random.chance(0.5)
      ? mutate(
          random,
          sealer.seal({ kind: "send", attempt: 1, message: whatsappMessage({ id: random.hex(8) }) }),
        )
      : altered;
  const body = spoil(random, JSON.stringify(content) ?? "");
  const headers: Record<string, string> = { "content-type": random.pick(TYPES) };
  if (random.chance(0.5)) headers["content-type"] = "application/json";
  if (random.chance(0.8)) {
    headers["api-key"] = credentials.accountId;
    headers["api-secret"] = credentials.accountSecret;
  }
  if (path.startsWith("/webhooks/") && random.chance(0.8)) {
    headers["authorization"] = `Bearer ${signWebhook(credentials, body)}`;
  }
  if (random.chance(0.02)) headers["content-encoding"] = random.pick(["gzip", "br", "deflate", "zip"]);
  return { path, method: random.pick(METHODS), headers, body };
}

const FUZZ_REQUESTS = 20_000;
const AT_ONCE = 48;

/** Twenty thousand strange requests over all routes: never a 5xx but 503, and the process lives on. */
export async function fuzz(seed: number): Promise<Result> {
  const random = createRandom(seed);
  const world = await startChaosWorld({ seed, env: { LOG_LEVEL: "warn" } });
  const [replica] = world.replicas;
  const sealer = createSealer([world.credentials.privateKey]);
  const dispatcher = new Agent({ connections: AT_ONCE });
  const answers = new Map<number, number>();
  const bad: string[] = [];
  let sent = 0;

  async function worker(): Promise<void> {
    while (sent < FUZZ_REQUESTS) {
      sent++;
      const { path, method, headers, body } = compose(random, world, sealer);
      const hasBody = method !== "GET" && method !== "OPTIONS";
      try {
        const response = await request(`${replica?.url}${path}`, {
          ...{ method, headers, dispatcher },
          ...(hasBody ? { body } : {}),
        });
        await response.body.text();
        answers.set(response.statusCode, (answers.get(response.statusCode) ?? 0) + 1);
        if (response.statusCode >= 500 && response.statusCode !== 503)
          bad.push(`${method} ${path.slice(0, 60)} ${response.statusCode}: ${body.slice(0, 200)}`);
      } catch (error) {
        bad.push(`${method} ${path.slice(0, 60)}: ${(error as Error).message}`);
      }
    }
  }

  try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await dispatcher.close();
    // What was strange and yet taken is under way, and is not part of a campaign.
    await sleep(500);
    const ended = replica?.isAlive() ? [] : ["the connector ended"];
    const { problems, peakMegabytes } = await judge(world, true, {});
    const wrong = problems.filter((problem) => /unhandled|memory|the log contains/.test(problem));
    const five = bad.length > 0 ? [`${bad.length} answers, such as ${bad.slice(0, 3).join(" | ")}`] : [];
    return {
      ...{ name: `fuzz: ${FUZZ_REQUESTS} requests over all routes`, messages: sent, lost: 0, doubled: 0 },
      ...{ failed: 0, recoverSeconds: 0, peakMegabytes, logFile: world.logFile },
      problems: [...ended, ...wrong, ...five],
    };
  } finally {
    await world.stop();
  }
}

const DRIPPING = 200;
const DRIP_MS = 500;
const LIMIT_MS = 26_000;

/** Sockets that send a byte now and then, in the headers or in the body, are closed while others are served. */
export async function slowLoris(seed: number): Promise<Result> {
  const world = await startChaosWorld({ seed });
  const [replica] = world.replicas;
  const problems: string[] = [];
  const startedAt = Date.now();
  const heads = [
    "POST /webhooks/send HTTP/1.1\r\nhost: x\r\nx-slow: ",
    "POST /webhooks/send HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n{",
    "",
  ];
  let open = DRIPPING;
  const timers: NodeJS.Timeout[] = [];
  for (let n = 0; n < DRIPPING; n++) {
    const socket = connect(replica?.port ?? 0, "127.0.0.1");
    socket.on("error", () => undefined).on("data", () => undefined);
    socket.write(heads[n % heads.length] as string);
    const timer = setInterval(() => socket.write(n % heads.length === 2 ? "" : "x"), DRIP_MS);
    timers.push(timer);
    socket.once("close", () => {
      clearInterval(timer);
      open--;
    });
  }
  try {
    const answers: number[] = [];
    for (let n = 0; n < 20; n++) {
      const at = Date.now();
      const { status } = await fetch(`${replica?.url}/_/health`);
      if (status !== 200) problems.push(`health answered ${status}`);
      answers.push(Date.now() - at);
    }
    const large = await fetch(`${replica?.url}/webhooks/send`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "api-key": world.credentials.accountId,
        "api-secret": world.credentials.accountSecret,
      },
      body: "x".repeat(2 * 1024 * 1024),
    }).catch(() => undefined);
    if (large && large.status !== 413) problems.push(`two megabytes were answered ${large.status}`);
    const headers = await fetch(`${replica?.url}/_/health`, { headers: { "x-large": "x".repeat(30_000) } });
    if (headers.status !== 431) problems.push(`large headers were answered ${headers.status}`);
    while (open > 0 && Date.now() - startedAt < LIMIT_MS) await sleep(100);
    if (open > 0) problems.push(`${open} slow sockets are open after ${LIMIT_MS / 1_000} s`);
    return {
      ...{ name: `slow loris: ${DRIPPING} dripping sockets`, messages: 0, lost: 0, doubled: 0, failed: 0 },
      recoverSeconds: Math.round((Date.now() - startedAt) / 100) / 10,
      peakMegabytes: await world.peakMegabytes(),
      ...{ problems, logFile: world.logFile },
    };
  } finally {
    for (const timer of timers) clearInterval(timer);
    await world.stop();
  }
}
