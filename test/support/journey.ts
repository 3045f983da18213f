import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, jest } from "@jest/globals";
import { Agent, request } from "undici";
import { start } from "../../src/compose.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { createCredentials, credentialsEnv } from "../../src/sandbox/credentials.ts";
import {
  type MoEngage,
  type SmsSend,
  startMoEngage,
  type WhatsAppSend,
} from "../../src/sandbox/moengage/index.ts";
import { ownPort } from "../../src/sandbox/ports.ts";
import { type SandboxServer, serve } from "../../src/sandbox/server.ts";
import { startVcr, type Vcr } from "../../src/sandbox/vcr/index.ts";
import {
  type AcceptedMessage,
  type StatusName,
  signWebhook,
  startVonage,
  type Traffic,
  type Vonage,
} from "../../src/sandbox/vonage/index.ts";

import { WABA_NUMBER } from "./builders.ts";

// Far above what a journey needs, for machines that have other things to do.
jest.setTimeout(40_000);

/** An account for all journeys of a file: making keys is slow. */
export const credentials = createCredentials();
export const SERVICE_NAME = "neru-journey-connector";
export const AUTH = { "api-key": credentials.accountId, "api-secret": credentials.accountSecret };

export type Neighbour = "vcr" | "vonage" | "moengage";

/** A request that the connector made, with the body's very bytes in `text`. */
export interface Call {
  to: Neighbour;
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  headers: Record<string, unknown>;
  text: string;
  body: unknown;
  /** Undefined while it is not answered. */
  status?: number;
}

export interface LogLine {
  level: string;
  msg: string;
  msg_id?: string;
  [field: string]: unknown;
}

export interface Answer {
  status: number;
  body: unknown;
}

export interface Connector {
  url: string;
  stop(): Promise<void>;
}

export interface ConnectorProcess extends Connector {
  process: ChildProcess;
  /** Exit code, or the signal that ended it. */
  exited: Promise<number | string | null>;
  stderr(): string;
}

export interface JourneyOptions {
  env?: Record<string, string>;
  traffic?: Partial<Traffic>;
  /** `none` leaves starting to the test; `unprepared` does not wait for the queues. */
  start?: "ready" | "unprepared" | "none";
  /** Credentials of the platform's Data API. */
  dataApi?: boolean;
  /** Violations of the platform's contract, by rule, that this journey provokes on purpose. */
  allow?: string[];
}

type Signing = Parameters<Vonage["sendStatus"]>[3];

export interface Journey {
  vcr: Vcr;
  vonage: Vonage;
  moengage: MoEngage;
  /** Of the first connector. */
  url: string;
  lines: LogLine[];
  calls: Call[];
  callsTo(neighbour: Neighbour, path: string | RegExp): Call[];
  /** Bodies of the Messages API requests, in order. */
  sends(): Record<string, unknown>[];
  /** Bodies of the callbacks that the platform got and took, in order. */
  reports(): unknown[];
  /** Texts of the log lines about a message, in order, with `…` for the address of a neighbour. */
  linesOf(id: string): string[];
  post(path: string, body: unknown, headers?: Record<string, string>, url?: string): Promise<Answer>;
  /** As the platform sends, once: booked by the fake, and its answer held against the contract. */
  send(body: object): Promise<Answer>;
  sendSms(body: object): Promise<Answer>;
  /** Sends a status as Vonage does, retries included, and resolves to how often it was answered what. */
  status(
    message: AcceptedMessage,
    name: StatusName,
    overrides?: object,
    signing?: Signing,
  ): Promise<number[]>;
  /** A signed webhook of Vonage, once; `claims` forge, null headers leave the signature out. */
  webhook(path: string, body: object | string, options?: WebhookOptions): Promise<Answer>;
  /** A whole environment of the connector. */
  env(more?: Record<string, string>): Record<string, string>;
  /** One more replica, in this process. */
  replica(env?: Record<string, string>): Promise<Connector>;
  /** A connector at `url` in a process of its own, from a fresh build. */
  spawn(env?: Record<string, string>): Promise<ConnectorProcess>;
  end(): Promise<void>;
}

export interface WebhookOptions {
  claims?: Record<string, unknown>;
  signatureSecret?: string;
  headers?: (token: string, raw: string) => Record<string, string>;
  /** Sent in place of the body that was signed. */
  altered?: object;
}

/** Polls for an outcome; fails with `what` after ten seconds. */
export async function until(what: string, check: () => boolean, withinMs = 10_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!check()) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`);
    await sleep(5);
  }
}

const open = new Set<Journey>();
const children = new Set<ChildProcess>();

/** For `afterEach`: stops and audits what the test started. */
export async function endJourneys(): Promise<void> {
  const ends = await Promise.allSettled([...open].map((journey) => journey.end()));
  for (const child of children) child.kill("SIGKILL");
  const failed = ends.find((end) => end.status === "rejected");
  if (failed) throw failed.reason;
}

/** The three fakes, and the real connector among them; every call it makes is recorded on its way. */
export async function startJourney(options: JourneyOptions = {}): Promise<Journey> {
  const lines: LogLine[] = [];
  const calls: Call[] = [];
  const posted: unknown[] = [];
  const connectors: Connector[] = [];
  const raw: string[] = [];
  const { port, release } = await reservePort();
  const url = `http://127.0.0.1:${port}`;

  const vcr = await startVcr({ credentials, apps: [url], serviceName: SERVICE_NAME });
  const vonage = await startVonage({
    credentials,
    timeScale: 0.005,
    statusUrl: `${url}/webhooks/status`,
    inboundUrl: `${url}/webhooks/inbound`,
    traffic: { statuses: false, ...options.traffic },
  });
  const moengage = await startMoEngage({
    credentials,
    connectorUrl: url,
    senders: { whatsapp: WABA_NUMBER, sms: "MyBrand" },
  });
  const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
  const taps = {
    vcr: await tap("vcr", vcr.url, agent, calls),
    vonage: await tap("vonage", vonage.url, agent, calls),
    moengage: await tap("moengage", moengage.url, agent, calls),
  };
  const tapped = (address: string) => address.replace(moengage.url, taps.moengage.url);
  const log = {
    write(line: string) {
      raw.push(line);
      lines.push(JSON.parse(line));
    },
  };

  const env = (ofPort: number, more: Record<string, string> = {}): Record<string, string> => ({
    ...credentialsEnv(credentials),
    VCR_PORT: String(ofPort),
    VCR_PROVIDERS_URL: taps.vcr.url,
    VCR_INSTANCE_PUBLIC_URL: url,
    VCR_INSTANCE_SERVICE_NAME: SERVICE_NAME,
    INSTANCE_ID: "journey",
    VONAGE_API_HOST: taps.vonage.url,
    WHATSAPP_NUMBER: WABA_NUMBER,
    SMS_SENDER_ID: "MyBrand",
    MOENGAGE_DELIVERY_URL: tapped(moengage.deliveryUrl),
    MOENGAGE_SMS_DELIVERY_URL: tapped(moengage.smsDeliveryUrl),
    DISPATCH_RATE_PER_SECOND: "1000",
    ...(options.dataApi
      ? {
          MOENGAGE_DATA_API_URL: taps.moengage.url,
          MOENGAGE_WORKSPACE_ID: "SANDBOXWORKSPACE",
          MOENGAGE_DATA_API_KEY: moengage.dataApiKey,
        }
      : {}),
    ...options.env,
    ...more,
  });

  async function replica(more: Record<string, string> = {}, ofPort?: number): Promise<Connector> {
    const onPort = ofPort ?? (await ownPort());
    const running = await start(parseConfig(env(onPort, more)), log);
    const connector = { url: `http://127.0.0.1:${running.port}`, stop: once(() => running.stop()) };
    connectors.push(connector);
    return connector;
  }

  const post: Journey["post"] = async (path, body, headers = AUTH, at = url) => {
    posted.push(body);
    const answer = await fetch(`${at}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: Buffer.isBuffer(body)
        ? new Uint8Array(body)
        : typeof body === "string"
          ? body
          : JSON.stringify(body),
    });
    return { status: answer.status, body: parsed(await answer.text()) };
  };

  const callsTo: Journey["callsTo"] = (neighbour, path) =>
    calls.filter(
      (call) =>
        call.to === neighbour && (typeof path === "string" ? call.path === path : path.test(call.path)),
    );

  const journey: Journey = {
    vcr,
    vonage,
    moengage,
    url,
    lines,
    calls,
    callsTo,
    sends: () => callsTo("vonage", "/v1/messages").map(({ body }) => body as Record<string, unknown>),
    reports: () =>
      callsTo("moengage", /./)
        .filter(({ status }) => status === 200)
        .map(({ body }) => body),
    linesOf: (id) =>
      lines.filter((line) => line.msg_id === id).map(({ msg }) => msg.replace(/http:\/\/[^/]+/, "…")),
    post,
    async send(body) {
      posted.push(body);
      const { outcome } = await moengage.send(body as WhatsAppSend);
      return { status: outcome.status ?? 0, body: parsed(outcome.body) };
    },
    async sendSms(body) {
      posted.push(body);
      const { outcome } = await moengage.sendSms(body as SmsSend);
      return { status: outcome.status ?? 0, body: parsed(outcome.body) };
    },
    async status(message, name, overrides, signing) {
      const record = vonage.sendStatus(message, name, overrides, signing);
      await until(`Vonage's ${name} is settled`, () => record.outcome !== "pending");
      return record.attempts.map((attempt) => attempt.status ?? 0);
    },
    async webhook(path, body, { claims, signatureSecret, headers, altered } = {}) {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const secret = signatureSecret ?? credentials.signatureSecret;
      const token = signWebhook({ ...credentials, signatureSecret: secret }, text, claims);
      const given = headers?.(token, text) ?? { authorization: `Bearer ${token}` };
      return post(path, altered ? JSON.stringify(altered) : text, given);
    },
    env: (more) => env(port, more),
    replica: (more) => replica(more),
    async spawn(more = {}) {
      const child = await spawnConnector(env(port, more), port, log);
      connectors.push(child);
      return child;
    },
    end: once(async () => {
      open.delete(journey);
      // Whatever failed: nothing may be left behind that would keep the test run from ending.
      const stops = await Promise.allSettled(connectors.map((connector) => connector.stop()));
      await Promise.all([vcr.stop(), vonage.stop(), moengage.stop()]);
      await Promise.all([...Object.values(taps).map((server) => server.stop()), agent.destroy()]);
      expect(stops.filter(({ status }) => status === "rejected")).toEqual([]);
      const violations = moengage.records().violations.filter(({ rule }) => !options.allow?.includes(rule));
      expect({
        leaks: leaks(raw, [...posted, ...journey.sends()], [moengage.deliveryUrl, moengage.smsDeliveryUrl]),
        vcr: vcr.records().violations,
        logSubmissions: vcr.records().calls["logs-submission"],
        moengage: violations,
        sentTwice: vonage.records().sentTwice,
      }).toEqual({ leaks: [], vcr: [], logSubmissions: undefined, moengage: [], sentTwice: [] });
    }),
  };
  open.add(journey);

  await release();
  const wanted = options.start ?? "ready";
  if (wanted !== "none") await replica({}, port);
  if (wanted === "ready") {
    await until("the queues are ready", () => lines.some(({ msg }) => msg.startsWith("Queues are ready")));
  }
  return journey;
}

/** Every line of a log that shows what no line may show, with the kind of secret in it. */
function leaks(raw: string[], bodies: unknown[], addresses: string[]): string[] {
  const secrets = [
    ...Object.entries(credentials)
      .filter(([name]) => /secret|privateKey/i.test(name))
      .flatMap(([, value]) => [value, JSON.stringify(value).slice(1, 60)]),
    ...addresses.map((address) => new URL(address).pathname),
    ...bodies.flatMap((body) => privateValues(typeof body === "string" ? parsed(body) : body)),
    WABA_NUMBER,
  ];
  const forbidden = [...new Set(secrets)].filter((value) => value.length >= 5);
  return raw.filter(
    (line) => /eyJ[\w-]+\.eyJ|PRIVATE KEY/.test(line) || forbidden.some((value) => line.includes(value)),
  );
}

/** Phone numbers, texts and the values inside template components. */
function privateValues(value: unknown, key = "", inside = false, depth = 0): string[] {
  if (depth > 64) return [];
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([name, item]) =>
      privateValues(item, Array.isArray(value) ? key : name, inside || name === "components", depth + 1),
    );
  }
  if (["type", "sub_type", "message_type"].includes(key)) return [];
  if (["to", "from"].includes(key)) return [String(value).replace(/^\+/, "")].filter((n) => /^\d+$/.test(n));
  return inside || key === "text" ? [String(value)] : [];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function once<T>(act: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= act();
    return result;
  };
}

/** A server in front of a fake that writes down what passes; faults of the fake pass as they are. */
function tap(to: Neighbour, target: string, agent: Agent, calls: Call[]): Promise<SandboxServer> {
  return serve(0, async (incoming) => {
    const { method, path, query, headers, raw } = incoming;
    const body = await incoming.read();
    const text = body.toString("utf8");
    const call: Call = { to, method, path, query, headers, text, body: parsed(text) };
    calls.push(call);
    const hungUp = new AbortController();
    const hangUp = () => hungUp.abort();
    raw.socket.once("close", hangUp);
    const { host: _h, connection: _c, "content-length": _l, "transfer-encoding": _t, ...kept } = headers;
    try {
      const answer = await request(`${target}${path}?${query}`, {
        dispatcher: agent,
        method: method as "GET" | "POST" | "PUT" | "DELETE",
        headers: kept,
        signal: hungUp.signal,
        ...(body.length > 0 ? { body } : {}),
      });
      const given = Buffer.from(await answer.body.arrayBuffer());
      call.status = answer.statusCode;
      const { connection: _cc, "transfer-encoding": _tt, "keep-alive": _ka, ...passed } = answer.headers;
      return { status: answer.statusCode, body: given, headers: passed as Record<string, string> };
    } catch {
      return "reset";
    } finally {
      raw.socket.off("close", hangUp);
    }
  });
}

/** A port that nobody else is given meanwhile: the fakes take free ones as well. */
async function reservePort(): Promise<{ port: number; release(): Promise<void> }> {
  const ackDelay = createServer();
  await new Promise<void>((ready) => ackDelay.listen(0, ready));
  const { port } = ackDelay.address() as AddressInfo;
  return { port, release: () => new Promise((released) => ackDelay.close(() => released())) };
}

let built: Promise<string> | undefined;

/** The shipped bundle, built beside the checkout so that nobody's `dist` is disturbed. */
async function build(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "connector-build-"));
  await symlink(resolve("src"), join(folder, "src"));
  const child = spawn(process.execPath, [resolve("build.mjs")], { cwd: folder, stdio: "inherit" });
  const code = await new Promise((done) => child.once("exit", done));
  if (code !== 0) throw new Error(`the build ended with ${code}`);
  return join(folder, "dist", "main.js");
}

afterAll(async () => {
  if (built) await rm(dirname(dirname(await built)), { recursive: true });
});

export async function runMain(env: Record<string, string>): Promise<ChildProcess> {
  built ??= build();
  const child = spawn(process.execPath, ["--enable-source-maps", await built], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
}

async function spawnConnector(
  env: Record<string, string>,
  port: number,
  log: { write(line: string): void },
): Promise<ConnectorProcess> {
  const child = await runMain(env);
  const url = `http://127.0.0.1:${port}`;
  let errors = "";
  let rest = "";
  let ended: number | string | null | undefined;
  child.stderr?.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  child.stdout?.on("data", (chunk: Buffer) => {
    const whole = `${rest}${chunk}`.split("\n");
    rest = whole.pop() ?? "";
    for (const line of whole) log.write(line);
  });
  const exited = new Promise<number | string | null>((done) => {
    child.once("close", (code, signal) => {
      ended = code ?? signal;
      done(ended);
    });
  });
  const stop = once(async () => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await exited;
    clearTimeout(timer);
  });
  const deadline = Date.now() + 20_000;
  while ((await fetch(`${url}/_/health`).catch(() => undefined))?.status !== 200) {
    if (ended !== undefined) throw new Error(`the connector ended: ${ended}: ${errors}`);
    if (Date.now() > deadline) throw new Error("the connector is not healthy");
    await sleep(20);
  }
  return { url, process: child, exited, stderr: () => errors, stop };
}
