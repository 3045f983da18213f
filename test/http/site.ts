import { createHash, createSecretKey, generateKeyPairSync } from "node:crypto";
import type { Job } from "../../src/core/job.ts";
import type { OutboundMessage } from "../../src/core/message.ts";
import type { InboundMessage } from "../../src/core/reply.ts";
import type { MessageStatus } from "../../src/core/status.ts";
import { createAdmission } from "../../src/http/admission.ts";
import { type AppDependencies, createApp } from "../../src/http/app.ts";
import { createRefusalLog } from "../../src/http/refusals.ts";
import { listen } from "../../src/http/server.ts";
import { systemRuntime } from "../../src/lib/runtime.ts";
import { moengageSms, moengageWhatsApp } from "../../src/platforms/moengage/index.ts";
import { signJwt } from "../../src/sandbox/jwt.ts";
import { createJobSigner } from "../../src/vcr/job-signer.ts";
import { verifySignature } from "../../src/vonage/signature.ts";
import { buildSendJob, buildSmsSend, buildVonageStatus, buildWhatsAppSend } from "../support/builders.ts";
import { createPlatformPorts, createRecordingLog } from "../support/ports.ts";

export const [KEY, SECRET, NEXT_SECRET] = ["abcd1234", "s3cret:with/colon", "n3xt"];
const [SIGNATURE_SECRET, ACCOUNT] = ["signature-secret", "abcd1234"];

export const newPrivateKey = () =>
  generateKeyPairSync("rsa", { modulusLength: 2048 })
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString();

export const KEYS = { now: newPrivateKey(), previous: newPrivateKey(), foreign: newPrivateKey() };
export const signer = createJobSigner([KEYS.now, KEYS.previous]);

/** The whole app on a listening server, with what its routes handed on. */
export async function openSite(over: Partial<AppDependencies> = {}) {
  const accepted: OutboundMessage[] = [];
  const dispatched: Job[] = [];
  const statuses: MessageStatus[] = [];
  const replied: InboundMessage[] = [];
  const log = createRecordingLog();
  const ports = createPlatformPorts({ log });
  const settings = {
    accepted: [{ key: KEY, secrets: [SECRET, NEXT_SECRET] }],
    deliveryUrl: "http://127.0.0.1:1/",
  };
  const refusals = createRefusalLog(log, systemRuntime);
  const app = createApp({
    ...{ refusals, admission: createAdmission(systemRuntime) },
    channels: [
      moengageWhatsApp({ ...settings, numbers: ["14155550100"] }, ports),
      moengageSms({ ...settings, senderId: "Acme", reportSent: false }, ports),
    ],
    ready: async () => ({ isReady: true, away: [], isDraining: false }),
    metrics: { contentType: "text/plain", text: async () => "up 1\n", tokens: undefined },
    log,
    now: () => Date.now(),
    timers: systemRuntime,
    accept: async (message) => void accepted.push(message),
    notAccepted: () => undefined,
    acceptBatch: async () => [],
    tryTemplate: async () => undefined,
    readJob: async (received) => signer.verify(received),
    dispatch: async (job) => void dispatched.push(job),
    verify: (headers, rawBody) =>
      void verifySignature(
        headers,
        rawBody,
        { secrets: [SIGNATURE_SECRET], accountId: ACCOUNT, maxAgeSeconds: 90_000 },
        Date.now(),
      ),
    receiveStatus: async (status) => {
      statuses.push(status);
      return "ok";
    },
    syncTemplates: async () => [],
    receiveInbound: async (inbound) => {
      replied.push(inbound);
      return "other";
    },
    ...over,
  });
  const server = await listen(app, 0, { refused: refusals.refused });
  const url = `http://127.0.0.1:${server.port}`;
  return { app, url, log, accepted, dispatched, statuses, replied, stop: () => server.stop(0) };
}

export type Site = Awaited<ReturnType<typeof openSite>>;

export interface Reply {
  status: number;
  body: unknown;
}

export async function send(url: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(url, { method: "POST", ...init });
  const text = await response.text();
  try {
    return { status: response.status, body: JSON.parse(text) };
  } catch {
    return { status: response.status, body: text };
  }
}

/** A webhook's headers as Vonage signs them. */
export function signed(
  body: string | Uint8Array,
  claims: Record<string, unknown> = {},
  secret = SIGNATURE_SECRET,
) {
  const payload = {
    iat: Math.floor(Date.now() / 1_000),
    iss: "Vonage",
    jti: "one",
    api_key: ACCOUNT,
    payload_hash: createHash("sha256").update(body).digest("hex"),
    ...claims,
  };
  return { authorization: `Bearer ${signJwt("HS256", payload, createSecretKey(Buffer.from(secret)))}` };
}

export interface Route {
  path: string;
  /** A body the route takes. */
  good: unknown;
  /** Headers that let a body in. */
  auth(body: string | Uint8Array): Record<string, string>;
  formats: readonly string[];
}

const credentials = () => ({ "api-key": KEY, "api-secret": SECRET });
export const JSON_TYPE = "application/json";
export const FORM_TYPE = "application/x-www-form-urlencoded";

const inbound = {
  message_uuid: "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab",
  to: "14155550100",
  from: "447700900123",
  channel: "whatsapp",
  timestamp: "2026-01-15T10:30:00Z",
  message_type: "text",
  text: "Hello",
};

export const ROUTES: Record<string, Route> = {
  whatsapp: { path: "/webhooks/send", good: buildWhatsAppSend(), auth: credentials, formats: [JSON_TYPE] },
  sms: { path: "/", good: buildSmsSend(), auth: credentials, formats: [JSON_TYPE, FORM_TYPE] },
  status: { path: "/webhooks/status", good: buildVonageStatus(), auth: signed, formats: [JSON_TYPE] },
  inbound: { path: "/webhooks/inbound", good: inbound, auth: signed, formats: [JSON_TYPE] },
  jobs: {
    path: "/webhooks/message-dispatcher",
    good: signer.sign(buildSendJob()),
    auth: () => ({}),
    formats: [JSON_TYPE],
  },
};
