import { z } from "zod";
import { CANARY } from "../auditor.ts";
import { control } from "../control.ts";
import { createFaults, Fault } from "../faults.ts";
import { createLedger, type LedgerEntry } from "../ledger.ts";
import { SOCKETS } from "../network.ts";
import type { FakeOptions, FakePlatform } from "../platform.ts";
import { createRandom } from "../random.ts";
import { type Answer as HttpAnswer, parseJson, type SandboxRequest, saysJson } from "../server.ts";
import { type Dsn, Dsn as DsnSchema, firstIssue } from "./contract.ts";
import { API_KEY, createSender, type Sender } from "./sender.ts";

export type { Dsn, WebEngageSend } from "./contract.ts";
export { webengageSend } from "./messages.ts";
export { API_KEY } from "./sender.ts";

export interface WebEngage extends Omit<FakePlatform, keyof Sender>, Omit<Sender, "close"> {
  /** What is presented to the connector; the value of WEBENGAGE_API_KEY. */
  apiKey: string;
  /** The value of WEBENGAGE_DSN_URL. */
  dsnUrl: string;
  setFault(fault: Fault | null): void;
  messages: Map<string, LedgerEntry>;
  dsns: Dsn[];
}

const PATH = "/tracking/events";
/** What the connector presents to WebEngage. */
const DSN_TOKEN = `${CANARY}-dsn-token`;

/** Sent, by the contract's words, means that "message delivery is successful". */
const STATUSES = { whatsapp_sent: "delivered", whatsapp_read: "read", whatsapp_failed: "failed" } as const;

/** A WebEngage account: campaigns to the connector, and the URL that takes its delivery status notifications. */
export async function startWebEngage(options: Partial<FakeOptions> = {}): Promise<WebEngage> {
  const { connectorUrl = "http://127.0.0.1:3000", senders, answerMs = 0, network = SOCKETS } = options;
  const random = createRandom(options.seed);
  const faults = createFaults<"dsn">(random, { dsn: answerMs });
  const ledger = createLedger();
  const dsns: Dsn[] = [];
  const sender = createSender({
    connectorUrl,
    from: senders?.whatsapp ?? "447700900000",
    random,
    ledger,
    network,
  });
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
    const markUnanswered = ledger.report("whatsapp", messageId, {
      status: STATUSES[status],
      ...(status === "whatsapp_failed" ? { reason: [statusCode, reason].filter(Boolean).join(" ") } : {}),
    });
    return { status: 204, done: (written) => void (written || markUnanswered()) };
  }

  const controls = {
    "GET /records": () => ({ funnel: ledger.funnel(), violations: ledger.violations(), dsns: dsns.length }),
    "GET /messages": () => [...ledger.entries.values()],
    "GET /dsns": () => dsns,
    "PUT /faults": (body: unknown) =>
      faults.set("dsn", z.strictObject({ dsn: Fault.nullable() }).parse(body).dsn),
    "POST /campaign": (body: unknown) =>
      sender.campaign(z.strictObject({ count: z.int().positive(), rate: z.number().positive() }).parse(body)),
  };

  const server = await network.serve(options.port ?? 0, async (request) => {
    const controlled = await control(request, controls);
    if (controlled !== undefined) return controlled;
    if (request.path !== PATH || request.method !== "POST")
      return refuse(404, "unknown path", `${request.method} ${request.path}`);
    return (await faults.apply("dsn")) ?? takeDsn(request);
  });

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
      await Promise.all([sender.close(), server.stop()]);
    },
    ...sender,
    setFault: (fault) => faults.set("dsn", fault),
    messages: ledger.entries,
    dsns,
    funnel: ledger.funnel,
    violations: ledger.violations,
  };
}
