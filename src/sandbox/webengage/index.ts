import { z } from "zod";
import { control } from "../control.ts";
import { createFaults, Fault } from "../faults.ts";
import { createLedger, type Funnel, type LedgerEntry, type Violation } from "../moengage/ledger.ts";
import { type CampaignResult, runCampaign, type Sent } from "../moengage/sender.ts";
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

export interface WebEngageOptions {
  /** What is presented to the connector, as an `Authorization` header. */
  authorization: string;
  /** The token that the connector has to present. */
  dsnToken: string;
  connectorUrl?: string;
  whatsappNumber?: string;
  /** 0, the default, takes any free port. */
  port?: number;
  seed?: number;
}

export interface CampaignOptions {
  count: number;
  /** Messages per second. */
  rate: number;
  template?: string | undefined;
  /** Attempts per message: WebEngage's eleven by default. */
  tries?: number;
  onProgress?: (result: CampaignResult) => void;
}

export interface WebEngage {
  url: string;
  /** The value of WEBENGAGE_DSN_URL. */
  dsnUrl: string;
  stop(): Promise<void>;
  setConnector(url: string): void;
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
  funnel(): Funnel;
  violations(): Violation[];
}

const PATH = "/tracking/events";

/** Sent, by the contract's words, means that "message delivery is successful". */
const STATUSES = { whatsapp_sent: "delivered", whatsapp_read: "read", whatsapp_failed: "failed" } as const;

/** A WebEngage account: campaigns to the connector, and the URL that takes its delivery status notifications. */
export async function startWebEngage(options: WebEngageOptions): Promise<WebEngage> {
  const { authorization, dsnToken, whatsappNumber = "447700900000" } = options;
  let connector = (options.connectorUrl ?? "http://127.0.0.1:3000").replace(/\/$/, "");
  const random = createRandom(options.seed);
  const faults = createFaults<"dsn">(random);
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
      headers: { "content-type": "application/json", authorization, ...headers },
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

  const campaign = ({ count, rate, template, tries = 11, onProgress }: CampaignOptions) => {
    const composed = Array.from({ length: count }, () => {
      const made = webengageSend(random, {
        from: whatsappNumber,
        to: recipient(recipients++),
        ...(template === undefined ? {} : { template }),
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
    if (request.headers.authorization !== `Bearer ${dsnToken}`) return refuse(401, "wrong token", "DSN");
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

  return {
    url: server.url,
    dsnUrl: `${server.url}${PATH}`,
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
    funnel: () => ledger.funnel(),
    violations: ledger.violations,
  };
}
