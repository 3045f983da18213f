import { z } from "zod";
import { CANARY } from "../auditor.ts";
import { control } from "../control.ts";
import { createFaults, Fault } from "../faults.ts";
import { type Channel, createLedger, type LedgerEntry } from "../ledger.ts";
import { SOCKETS } from "../network.ts";
import type { FakeCampaign, FakeOptions, FakePlatform } from "../platform.ts";
import { createRandom } from "../random.ts";
import { type Answer as HttpAnswer, parseJson, type SandboxRequest, saysJson } from "../server.ts";
import { API_KEY } from "./caller.ts";
import { type Dsn, Dsn as DsnSchema, firstIssue } from "./contract.ts";
import { type CampaignOptions, createSender, type Sender } from "./sender.ts";
import { createSmsSender, type SmsSender } from "./sms.ts";
import { type SmsDsn, SmsDsn as SmsDsnSchema } from "./sms-contract.ts";

export { API_KEY } from "./caller.ts";
export type { Dsn, WebEngageSend } from "./contract.ts";
export { webengageSend } from "./messages.ts";
export { webengageSms } from "./sms.ts";
export type { SmsDsn, WebEngageSms } from "./sms-contract.ts";

type CampaignOn = CampaignOptions & Pick<Partial<FakeCampaign>, "channel">;

export interface WebEngage extends Omit<FakePlatform, "campaign">, Omit<Sender, "campaign" | "close"> {
  /** What is presented to the connector; the value of WEBENGAGE_API_KEY. */
  apiKey: string;
  /** The value of WEBENGAGE_DSN_URL. */
  dsnUrl: string;
  setFault(fault: Fault | null): void;
  messages: Map<string, LedgerEntry>;
  dsns: Dsn[];
  /** On WhatsApp, if no channel is given. */
  campaign(options: CampaignOn): ReturnType<FakePlatform["campaign"]>;
  sms: Omit<SmsSender, "close" | "setConnector"> & { dsns: SmsDsn[] };
}

const PATH = "/tracking/events";
/** Of an SMS provider that a customer entered as private: WebEngage shows the customer its whole address. */
const SMS_PATH = "/tracking/privatessp-events";
/** What the connector presents to WebEngage. */
const DSN_TOKEN = `${CANARY}-dsn-token`;

/** Sent, by the contract's words, means that "message delivery is successful". */
const STATUSES = { whatsapp_sent: "delivered", whatsapp_read: "read", whatsapp_failed: "failed" } as const;

const CampaignRequest = z.strictObject({
  channel: z.enum(["whatsapp", "sms"]).optional(),
  count: z.int().positive(),
  rate: z.number().positive(),
});

/** A WebEngage account: campaigns to the connector, and the URL that takes its delivery status notifications. */
export async function startWebEngage(options: Partial<FakeOptions> = {}): Promise<WebEngage> {
  const { connectorUrl = "http://127.0.0.1:3000", senders, answerMs = 0, network = SOCKETS } = options;
  const random = createRandom(options.seed);
  const faults = createFaults<"dsn">(random, { dsn: answerMs });
  const ledger = createLedger();
  const dsns: Dsn[] = [];
  const smsDsns: SmsDsn[] = [];
  const calling = { connectorUrl, ledger, network };
  const sender = createSender({ ...calling, random, from: senders?.whatsapp ?? "447700900000" });
  const sms = createSmsSender({
    // A chance of its own: what one channel draws does not change the other's story.
    ...{ ...calling, random: createRandom((options.seed ?? 1) + 1), from: senders?.sms ?? "447700900001" },
  });
  const refuse = (status: number, rule: string, detail: string): HttpAnswer => {
    ledger.violate({ rule, detail });
    return { status, body: { message: detail } };
  };

  /** The body of a notification, or the answer to what is none. */
  async function read<T extends z.ZodType>(
    request: SandboxRequest,
    schema: T,
  ): Promise<{ dsn: z.infer<T> } | { refusal: HttpAnswer }> {
    const raw = await request.read();
    if (request.headers.authorization !== `Bearer ${DSN_TOKEN}`)
      return { refusal: refuse(401, "wrong token", "DSN") };
    if (!saysJson(request))
      return { refusal: refuse(415, "wrong content type", request.headers["content-type"] ?? "none") };
    const { data, error } = schema.safeParse(parseJson(raw));
    return error ? { refusal: refuse(400, "wrong DSN", firstIssue(error)) } : { dsn: data };
  }

  /** Books it; an answer that does not reach the connector is told again. */
  function book(
    channel: Channel,
    dsn: Dsn | SmsDsn,
    reported: Parameters<typeof ledger.report>[2],
  ): HttpAnswer {
    const { messageId, toNumber } = dsn;
    const asked = ledger.entries.get(messageId)?.to;
    if (asked !== undefined && asked.replace("+", "") !== toNumber)
      ledger.violate({ rule: "wrong DSN", id: messageId, detail: "toNumber is somebody else's" });
    const markUnanswered = ledger.report(channel, messageId, reported);
    return { status: 204, done: (written) => void (written || markUnanswered()) };
  }

  async function takeDsn(request: SandboxRequest): Promise<HttpAnswer> {
    const taken = await read(request, DsnSchema);
    if ("refusal" in taken) return taken.refusal;
    const { dsn } = taken;
    dsns.push(dsn);
    const reason = [dsn.statusCode, dsn.reason].filter(Boolean).join(" ");
    const failure = dsn.status === "whatsapp_failed" ? { reason } : {};
    return book("whatsapp", dsn, { status: STATUSES[dsn.status], ...failure });
  }

  async function takeSmsDsn(request: SandboxRequest): Promise<HttpAnswer> {
    const taken = await read(request, SmsDsnSchema);
    if ("refusal" in taken) return taken.refusal;
    const { dsn } = taken;
    smsDsns.push(dsn);
    return book(
      "sms",
      dsn,
      dsn.status === "sms_failed"
        ? { status: "failed", reason: `${dsn.statusCode} ${dsn.message}` }
        : { status: "delivered" },
    );
  }

  const TAKEN_AT: Record<string, typeof takeDsn> = { [PATH]: takeDsn, [SMS_PATH]: takeSmsDsn };

  const campaign: WebEngage["campaign"] = ({ channel, ...campaignOptions }) =>
    channel === "sms" ? sms.campaign(campaignOptions) : sender.campaign(campaignOptions);

  const controls = {
    "GET /records": () => ({
      ...{ funnel: ledger.funnel(), violations: ledger.violations(), dsns: dsns.length + smsDsns.length },
    }),
    "GET /messages": () => [...ledger.entries.values()],
    "GET /dsns": () => [...dsns, ...smsDsns],
    "PUT /faults": (body: unknown) =>
      faults.set("dsn", z.strictObject({ dsn: Fault.nullable() }).parse(body).dsn),
    "POST /campaign": (body: unknown) => campaign(CampaignRequest.parse(body)),
  };

  const server = await network.serve(options.port ?? 0, async (request) => {
    const controlled = await control(request, controls);
    if (controlled !== undefined) return controlled;
    const take = request.method === "POST" ? TAKEN_AT[request.path] : undefined;
    if (!take) return refuse(404, "unknown path", `${request.method} ${request.path}`);
    return (await faults.apply("dsn")) ?? take(request);
  });

  const dsnUrl = `${server.url}${PATH}`;
  return {
    url: server.url,
    env: {
      WEBENGAGE_API_KEY: API_KEY,
      WEBENGAGE_DSN_URL: dsnUrl,
      WEBENGAGE_DSN_TOKEN: DSN_TOKEN,
      WEBENGAGE_SMS_DSN_URL: `${server.url}${SMS_PATH}`,
    },
    secrets: { "WebEngage's tracking URL": PATH, "WebEngage's tracking URL for SMS": SMS_PATH },
    channels: ["whatsapp", "sms"],
    apiKey: API_KEY,
    dsnUrl,
    async stop() {
      await Promise.all([sender.close(), sms.close(), server.stop()]);
    },
    ...sender,
    campaign,
    altered: (messages) => [...sender.altered(messages), ...sms.altered(messages)],
    setConnector(url) {
      for (const { setConnector } of [sender, sms]) setConnector(url);
    },
    sms: { ...sms, dsns: smsDsns },
    setFault: (fault) => faults.set("dsn", fault),
    messages: ledger.entries,
    dsns,
    funnel: ledger.funnel,
    violations: ledger.violations,
  };
}
