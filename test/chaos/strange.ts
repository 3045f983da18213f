import { PASSWORD, templateSend, USERNAME } from "../../src/sandbox/clevertap/index.ts";
import { smsSend, whatsappSend } from "../../src/sandbox/moengage/index.ts";
import type { Random } from "../../src/sandbox/random.ts";
import { signWebhook } from "../../src/sandbox/vonage/index.ts";
import { API_KEY, webengageSend, webengageSms } from "../../src/sandbox/webengage/index.ts";
import { SENDERS } from "../../src/sandbox/world.ts";
import type { JobSigner } from "../../src/vcr/job-signer.ts";
import { whatsappMessage } from "../support/ports.ts";
import type { ChaosWorld } from "./world.ts";

const WHATSAPP_NUMBER = SENDERS.whatsapp;
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
  "/webengage/sms",
  "/clevertap/whatsapp",
  "/clevertap/sms",
  "/clevertap/templates",
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
  client_ref: random.pick(["1vmw.fuzz-1", "1kms.fuzz", "1vww.fuzz", "1vzz.x", "other", "1vmw."]),
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

const sealedJob = (random: Random, signer: JobSigner) =>
  signer.sign({ kind: "send", attempt: 1, message: whatsappMessage({ id: random.hex(8) }) });

type Build = (random: Random, signer: JobSigner) => unknown;

/** What each route is there for. */
const OWN: Record<string, Build> = {
  "/webhooks/send": (random) => whatsappSend(random, { from: WHATSAPP_NUMBER, to: "999000000001" }),
  "/": (random) => smsSend(random, "999000000002"),
  "/webengage/whatsapp": (random) =>
    webengageSend(random, { from: WHATSAPP_NUMBER, to: "999500000001" }).message,
  "/webengage/sms": (random) => webengageSms(random, { from: "MyBrand", to: "999550000001" }),
  "/clevertap/whatsapp": (random) =>
    templateSend(random, { from: WHATSAPP_NUMBER, to: "999400000001", msgId: `${random.hex(8)}|1` }).message,
  "/clevertap/sms": (random) => ({
    messages: [{ id: `999300000001.${random.hex(8)}.`, to: "+999300000001", text: "Hello" }],
  }),
  "/webhooks/message-dispatcher": sealedJob,
  "/webhooks/status": statusBody,
  "/webhooks/passed-message-status": statusBody,
  "/webhooks/inbound": inboundBody,
};
const BODIES: Build[] = [...Object.values(OWN), (random) => random.pick(NASTY)];

/** The routes that take bodies. */
export const TAKING = Object.keys(OWN);

/** One request: mostly what its route is there for, with good credentials or a good signature, so that it comes far. */
export function strangeRequest(random: Random, { credentials }: ChaosWorld, signer: JobSigner) {
  const path = random.pick(PATHS);
  const own = OWN[path];
  const build = own !== undefined && random.chance(0.6) ? own : random.pick(BODIES);
  const valid = build(random, signer);
  const body = spoil(random, JSON.stringify(random.chance(0.8) ? mutate(random, valid) : valid) ?? "");
  const headers: Record<string, string> = { "content-type": random.pick(TYPES) };
  if (random.chance(0.5)) headers["content-type"] = "application/json";
  if (random.chance(0.8)) {
    headers["api-key"] = credentials.accountId;
    headers["api-secret"] = credentials.accountSecret;
  }
  if (path.startsWith("/webhooks/") && random.chance(0.8)) {
    headers["authorization"] = `Bearer ${signWebhook(credentials, body)}`;
  }
  if (path.startsWith("/webengage/") && random.chance(0.8)) {
    headers["authorization"] = `Bearer ${API_KEY}`;
  }
  if (path.startsWith("/clevertap/") && random.chance(0.8)) {
    headers["authorization"] = `Basic ${Buffer.from(`${USERNAME}:${PASSWORD}`).toString("base64")}`;
  }
  if (random.chance(0.02)) headers["content-encoding"] = random.pick(["gzip", "br", "deflate", "zip"]);
  return { path, method: random.pick(METHODS), headers, body };
}
