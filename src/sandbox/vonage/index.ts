import { randomUUID } from "node:crypto";
import { z } from "zod";
import { control } from "../control.ts";
import type { Credentials } from "../credentials.ts";
import { createFaults, Fault } from "../faults.ts";
import { type SandboxNetwork, SOCKETS } from "../network.ts";
import { createRandom } from "../random.ts";
import { createAuth } from "./auth.ts";
import { type AcceptedMessage, DEFAULT_TRAFFIC, type StatusName, type Traffic } from "./lifecycle.ts";
import { createRoutes, RouteName } from "./routes.ts";
import { createRules, Rule } from "./rules.ts";
import { createSend } from "./send.ts";
import { createStatusSender } from "./statuses.ts";
import { createTemplateApi, type ManagementSettings, sandboxWaba, type Waba } from "./template-api.ts";
import { parseTraffic } from "./traffic.ts";
import { createWebhooks, RETRY, type Signing, type WebhookRecord } from "./webhooks.ts";

export { INBOUND_KINDS, type InboundKind, smsInbound, userIdOf, whatsappInbound } from "./inbound.ts";
export type { AcceptedMessage, StatusName, Traffic } from "./lifecycle.ts";
export type { Behaviour, Rule } from "./rules.ts";
export { type ManagedTemplate, sandboxWaba, type Waba } from "./template-api.ts";
export { signWebhook, type WebhookRecord } from "./webhooks.ts";

export interface VonageOptions {
  credentials: Credentials;
  /** 0, the default, takes any free port. */
  port?: number;
  seed?: number;
  /** The application's URLs, as the Applications API shows them. */
  statusUrl?: string;
  inboundUrl?: string;
  /** WhatsApp Business Accounts with their numbers and templates; one with the sandbox's number by default. */
  wabas?: Waba[];
  management?: ManagementSettings;
  traffic?: Partial<Traffic>;
  /** Multiplies the waits between webhook attempts; 0.02 by default: 100 ms for Vonage's 5 s. */
  timeScale?: number;
  /** How long each route takes for an answer, in milliseconds; 0 by default. */
  delays?: Partial<Record<RouteName, number | undefined>>;
  /** How long a webhook's receiver has for its answer; Vonage's 15 s by default, not scaled. */
  webhookTimeoutMs?: number;
  /** Sockets by default. */
  network?: SandboxNetwork;
}

export interface VonageRecords {
  /** Answers to `POST /v1/messages` by status, `hang` and `reset` included. */
  answers: Record<string, number>;
  accepted: number;
  /** Webhooks by kind and outcome. */
  webhooks: Record<string, number>;
  /** Client references that were accepted more than once: messages sent twice. */
  sentTwice: string[];
  /** Statuses still to come plus webhooks not settled yet. */
  open: number;
}

export interface Vonage {
  url: string;
  stop(): Promise<void>;
  /** Accepted messages in order. */
  messages: AcceptedMessage[];
  webhooks: WebhookRecord[];
  /** The WhatsApp Business Accounts as they are now; change them at will. */
  wabas: Waba[];
  /** Requests to the management APIs, path and query. */
  managementCalls: string[];
  records(): VonageRecords;
  /** Adds a rule; the first rule that fits decides. */
  behave(rule: Rule): void;
  clearRules(): void;
  setTraffic(traffic: Partial<Traffic>): void;
  setUrls(urls: { statusUrl?: string; inboundUrl?: string }): void;
  setFault(route: RouteName, fault: Fault | null): void;
  sendStatus(
    message: AcceptedMessage,
    status: StatusName,
    overrides?: object,
    signing?: Signing,
  ): WebhookRecord;
  /** Sends any body to the application's inbound URL, signed and retried; see `whatsappInbound`, `smsInbound`. */
  sendInbound(body: object, signing?: Signing): WebhookRecord;
}

function tally(values: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

/** A Vonage account with one application: the Messages API, its signed webhooks and the Applications API. */
export async function startVonage(options: VonageOptions): Promise<Vonage> {
  const { credentials, timeScale = 0.02, webhookTimeoutMs = RETRY.timeoutMs, network = SOCKETS } = options;
  const random = createRandom(options.seed);
  const faults = createFaults<RouteName>(random, options.delays);
  const rules = createRules();
  const auth = createAuth(credentials);
  const webhooks = createWebhooks({ credentials, random, timeScale, timeoutMs: webhookTimeoutMs, network });
  const messages: AcceptedMessage[] = [];
  const answers: Record<string, number> = {};
  let traffic = { ...DEFAULT_TRAFFIC, ...options.traffic };
  let urls = { statusUrl: options.statusUrl, inboundUrl: options.inboundUrl };

  const statuses = createStatusSender({
    webhooks,
    random,
    traffic: () => traffic,
    statusUrl: () => urls.statusUrl,
  });

  const send = createSend({
    auth,
    rules,
    traffic: () => traffic,
    accept(request, headers) {
      const message = { uuid: randomUUID(), request, headers, at: Date.now() };
      messages.push(message);
      return message;
    },
    live: (message) => statuses.play(message),
  });

  const { wabas = [sandboxWaba()] } = options;
  const managementCalls: string[] = [];
  const routes = createRoutes({
    ...{ auth, send, credentials, urls: () => urls },
    management: createTemplateApi(auth, () => wabas, options.management),
  });

  const records = (): VonageRecords => {
    const references = messages.flatMap(({ request }) => request.client_ref ?? []);
    const sentTwice = Object.entries(tally(references)).filter(([, count]) => count > 1);
    return {
      answers,
      accepted: messages.length,
      webhooks: tally(webhooks.records.map(({ kind, outcome }) => `${kind} ${outcome}`)),
      sentTwice: sentTwice.map(([reference]) => reference),
      open: statuses.scheduled() + webhooks.pending(),
    };
  };

  const setTraffic = (wanted: Partial<Traffic>) => {
    traffic = { ...traffic, ...wanted };
  };
  const setUrls = (wanted: { statusUrl?: string; inboundUrl?: string }) => {
    urls = { ...urls, ...wanted };
  };
  const sendInbound = (body: object, signing?: Signing) => {
    if (urls.inboundUrl === undefined) throw new Error("the application has no inbound URL");
    return webhooks.send("inbound", urls.inboundUrl, body, signing);
  };
  const controls = {
    "GET /records": records,
    "GET /messages": () => messages,
    "GET /webhooks": () => webhooks.records,
    "POST /rules": (body: unknown) => rules.add(Rule.parse(body) as Rule),
    "DELETE /rules": () => rules.clear(),
    "PUT /traffic": (body: unknown) => setTraffic(parseTraffic(body)),
    "PUT /urls": (body: unknown) =>
      setUrls(z.partialRecord(z.enum(["statusUrl", "inboundUrl"]), z.url()).parse(body)),
    "GET /faults": () => faults.all(),
    "PUT /faults": (body: unknown) => {
      const wanted = z.partialRecord(RouteName, Fault.nullable()).parse(body);
      for (const [name, fault] of Object.entries(wanted)) faults.set(name as RouteName, fault ?? null);
    },
    "POST /inbound": (body: unknown) => void sendInbound(z.looseObject({}).parse(body)),
  };

  const server = await network.serve(options.port ?? 0, async (request) => {
    const controlled = await control(request, controls);
    if (controlled !== undefined) return controlled;
    const route = routes(request);
    if ("status" in route) return route;
    if (route.name === "templates" || route.name === "wabas")
      managementCalls.push(`${request.path}?${request.query}`);
    const reply = (await faults.apply(route.name)) ?? (await route.answer(request));
    if (route.name === "messages") {
      const key = typeof reply === "string" ? reply : String(reply.status);
      answers[key] = (answers[key] ?? 0) + 1;
    }
    return reply;
  });

  return {
    url: server.url,
    async stop() {
      statuses.stop();
      await Promise.all([webhooks.stop(), server.stop()]);
    },
    messages,
    webhooks: webhooks.records,
    wabas,
    managementCalls,
    records,
    behave: rules.add,
    clearRules: rules.clear,
    setTraffic,
    setUrls,
    setFault: faults.set,
    sendStatus: statuses.send,
    sendInbound,
  };
}
