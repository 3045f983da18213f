import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { CANARY } from "../auditor.ts";
import { type CampaignResult, runCampaign, type Sent } from "../campaign.ts";
import { control } from "../control.ts";
import { createFaults, Fault } from "../faults.ts";
import { createLedger, type LedgerEntry } from "../ledger.ts";
import type { FakeCampaign, FakeOptions, FakePlatform } from "../platform.ts";
import { createPoster, type Outcome } from "../post.ts";
import { createRandom } from "../random.ts";
import { type Answer as HttpAnswer, parseJson, type SandboxRequest, saysJson, serve } from "../server.ts";
import {
  Answer,
  type Dsn,
  Dsn as DsnSchema,
  firstIssue,
  HTTP_STATUS,
  SEND_TIMEOUT_MS,
  type WebEngageSend,
} from "./contract.ts";
import { recipient, webengageSend } from "./messages.ts";

export type { Dsn, WebEngageSend } from "./contract.ts";
export { webengageSend } from "./messages.ts";

export interface CampaignOptions extends FakeCampaign {
  template?: string | undefined;
  /** Attempts per message: WebEngage's eleven by default. */
  tries?: number;
}

export interface WebEngage extends FakePlatform {
  /** What is presented to the connector; the value of WEBENGAGE_API_KEY. */
  apiKey: string;
  /** The value of WEBENGAGE_DSN_URL. */
  dsnUrl: string;
  setFault(fault: Fault | null): void;
  /** One request, without retries. */
  send(message: WebEngageSend): Promise<Sent>;
  /** Any body, judged by the contract alone. */
  post(body: string, headers?: Record<string, string>): Promise<Outcome>;
  campaign(options: CampaignOptions): Promise<CampaignResult>;
  /** What WhatsApp has to get of each message of a campaign, by message id. */
  expected: Map<string, unknown[] | undefined>;
  messages: Map<string, LedgerEntry>;
  dsns: Dsn[];
}

const PATH = "/tracking/events";
/** What WebEngage presents to the connector, and the connector to WebEngage. */
export const API_KEY = `${CANARY}-webengage-key`;
const DSN_TOKEN = `${CANARY}-dsn-token`;

/** Sent, by the contract's words, means that "message delivery is successful". */
const STATUSES = { whatsapp_sent: "delivered", whatsapp_read: "read", whatsapp_failed: "failed" } as const;

/** A WebEngage account: campaigns to the connector, and the URL that takes its delivery status notifications. */
export async function startWebEngage(options: Partial<FakeOptions> = {}): Promise<WebEngage> {
  const { senders, answerMs = 0 } = options;
  let connector = (options.connectorUrl ?? "http://127.0.0.1:3000").replace(/\/$/, "");
  const random = createRandom(options.seed);
  const faults = createFaults<"dsn">(random, { dsn: answerMs });
  const ledger = createLedger();
  const poster = createPoster(64);
  const dsns: Dsn[] = [];
  const expected = new Map<string, unknown[] | undefined>();
  let recipients = 0;

  function judge({ status, body }: Outcome): Answer | undefined {
    const parsed = Answer.safeParse(parseJson(Buffer.from(body)));
    const { statusCode } = parsed.data ?? {};
    if (!parsed.success) ledger.violate({ rule: "wrong answer", detail: firstIssue(parsed.error) });
    else if (HTTP_STATUS[statusCode ?? 0] !== status)
      ledger.violate({ rule: "wrong answer", detail: `${statusCode} with HTTP ${status}` });
    return parsed.data;
  }

  const post = async (body: string, headers: Record<string, string> = {}) => {
    const outcome = await poster.post(`${connector}/webengage/whatsapp`, {
      headers: { "content-type": "application/json", authorization: `Bearer ${API_KEY}`, ...headers },
      body,
      timeoutMs: SEND_TIMEOUT_MS,
    });
    if (outcome.status !== undefined) judge(outcome);
    return outcome;
  };

  async function send(message: WebEngageSend): Promise<Sent> {
    const id = message.metadata.messageId;
    const entry = ledger.entries.get(id) ?? ledger.offer("whatsapp", id, message.whatsAppData.toNumber);
    const outcome = await post(JSON.stringify(message));
    // Throttling is the one answer that is tried again; what becomes of no answer is not published.
    if (outcome.status === undefined || outcome.status === 429) return { result: "again", id, outcome };
    const isAccepted = Answer.safeParse(parseJson(Buffer.from(outcome.body))).data?.statusCode === 0;
    entry.accepted ||= isAccepted;
    return { result: isAccepted ? "accepted" : "refused", id, outcome };
  }

  const campaign = ({ count, rate, template, tries = 11, onProgress }: Omit<CampaignOptions, "channel">) => {
    const composed = Array.from({ length: count }, () => {
      const made = webengageSend(random, {
        from: senders?.whatsapp ?? "447700900000",
        to: recipient(recipients++),
        template,
      });
      expected.set(made.message.metadata.messageId, made.components);
      return made.message;
    });
    return runCampaign({ count, rate, tries, onProgress, send: (n) => send(composed[n] as WebEngageSend) });
  };

  const refuse = (status: number, rule: string, detail: string): HttpAnswer => {
    ledger.violate({ rule, detail });
    return { status, body: { message: detail } };
  };

  async function takeDsn(request: SandboxRequest): Promise<HttpAnswer> {
    const raw = await request.read();
    if (request.headers.authorization !== `Bearer ${DSN_TOKEN}`) return refuse(401, "wrong token", "DSN");
    if (!saysJson(request))
      return refuse(415, "wrong content type", request.headers["content-type"] ?? "none");
    const parsed = DsnSchema.safeParse(parseJson(raw));
    if (!parsed.success) return refuse(400, "wrong DSN", firstIssue(parsed.error));
    const { messageId, toNumber, status, statusCode, reason } = parsed.data;
    const asked = ledger.entries.get(messageId)?.to;
    if (asked !== undefined && asked.replace("+", "") !== toNumber)
      ledger.violate({ rule: "wrong DSN", id: messageId, detail: "toNumber is somebody else's" });
    dsns.push(parsed.data);
    const unheard = ledger.report("whatsapp", messageId, {
      status: STATUSES[status],
      ...(status === "whatsapp_failed" ? { reason: [statusCode, reason].filter(Boolean).join(" ") } : {}),
    });
    return { status: 204, done: (written) => void (written || unheard()) };
  }

  const controls = {
    "GET /records": () => ({ funnel: ledger.funnel(), violations: ledger.violations(), dsns: dsns.length }),
    "GET /messages": () => [...ledger.entries.values()],
    "GET /dsns": () => dsns,
    "PUT /faults": (body: unknown) =>
      faults.set("dsn", z.strictObject({ dsn: Fault.nullable() }).parse(body).dsn),
    "POST /campaign": (body: unknown) =>
      campaign(z.strictObject({ count: z.int().positive(), rate: z.number().positive() }).parse(body)),
  };

  const server = await serve(options.port ?? 0, async (request) => {
    const controlled = await control(request, controls);
    if (controlled !== undefined) return controlled;
    if (request.path !== PATH || request.method !== "POST")
      return refuse(404, "unknown path", `${request.method} ${request.path}`);
    return (await faults.apply("dsn")) ?? takeDsn(request);
  });

  /** Each recipient gets one message of a campaign, whatever its reference looks like. */
  const altered: WebEngage["altered"] = (messages) => {
    const sent = new Map(
      messages.map(({ request }) => [
        request.to,
        request.channel === "whatsapp" && request.message_type === "custom"
          ? (request.custom["template"] as { components?: unknown } | undefined)
          : undefined,
      ]),
    );
    return [...ledger.entries.values()].flatMap(({ id, to }) => {
      const template = sent.get(to);
      const isSame = template === undefined || isDeepStrictEqual(template.components, expected.get(id));
      return isSame ? [] : [id];
    });
  };

  const dsnUrl = `${server.url}${PATH}`;
  return {
    url: server.url,
    env: {
      WEBENGAGE_API_KEY: API_KEY,
      WEBENGAGE_DSN_URL: dsnUrl,
      WEBENGAGE_DSN_TOKEN: DSN_TOKEN,
    },
    secrets: { "WebEngage's tracking URL": PATH },
    channels: ["whatsapp"],
    apiKey: API_KEY,
    dsnUrl,
    async stop() {
      await Promise.all([poster.close(), server.stop()]);
    },
    setConnector(url) {
      connector = url.replace(/\/$/, "");
    },
    setFault: (fault) => faults.set("dsn", fault),
    send,
    post,
    campaign,
    expected,
    messages: ledger.entries,
    dsns,
    funnel: ledger.funnel,
    violations: ledger.violations,
    altered,
  };
}
