import type { Ledger } from "../ledger.ts";
import { type Answer, parseJson, type Reply, type SandboxRequest, saysJson } from "../server.ts";
import {
  CustomerUpdate,
  firstIssue,
  MAX_CUSTOMER_BYTES,
  MAX_SMS_REPORT_BYTES,
  SmsReport,
  WhatsAppInbound,
  WhatsAppReport,
} from "./contract.ts";

export interface Received {
  inbound: WhatsAppInbound[];
  customers: CustomerUpdate[];
  /** Calls by endpoint, and how many reports they carried. */
  calls: Record<Endpoint, number>;
  reports: number;
}

export type Endpoint = "whatsapp" | "sms" | "data";

export interface Receiver extends Received {
  handle(endpoint: Endpoint, request: SandboxRequest): Promise<Answer>;
}

const success = { status: "success" };

/** The URLs of the platform that the connector calls; what has the wrong shape is refused and held against it. */
export function createReceiver(ledger: Ledger, data: { workspaceId: string; dataApiKey: string }): Receiver {
  const received: Received = {
    inbound: [],
    customers: [],
    calls: { whatsapp: 0, sms: 0, data: 0 },
    reports: 0,
  };
  const basic = `Basic ${Buffer.from(`${data.workspaceId}:${data.dataApiKey}`).toString("base64")}`;

  const refuse = (status: number, rule: string, detail: string): Answer => {
    ledger.violate({ rule, detail });
    return { status, body: { status: "fail", error: { type: rule, message: detail } } };
  };

  const booked = (undo: (() => void)[]): Answer => {
    received.reports += undo.length;
    const done = (written: boolean) => {
      if (!written) for (const mark of undo) mark();
    };
    return { status: 200, body: success, done };
  };

  const whatsapp = (json: unknown): Answer => {
    if (typeof json === "object" && json !== null && "statuses" in json) {
      const parsed = WhatsAppReport.safeParse(json);
      if (!parsed.success) return refuse(400, "wrong report", firstIssue(parsed.error));
      return booked(
        parsed.data.statuses.map((item) => {
          const reason =
            item.status === "failed" ? { reason: `${item.error.code} ${item.error.description}` } : {};
          const { status, timestamp } = item;
          return ledger.report("whatsapp", item.msg_id, { status, timestamp, ...reason });
        }),
      );
    }
    const parsed = WhatsAppInbound.safeParse(json);
    if (!parsed.success) return refuse(400, "wrong inbound", firstIssue(parsed.error));
    const { msg_id } = parsed.data.context;
    if (msg_id !== undefined && !ledger.entries.has(msg_id)) {
      ledger.violate({
        rule: "unknown id",
        id: msg_id,
        detail: "the answer to a message that was never sent",
      });
    }
    received.inbound.push(parsed.data);
    return { status: 200, body: success };
  };

  const sms = (json: unknown): Answer => {
    const parsed = SmsReport.safeParse(json);
    if (!parsed.success) return refuse(400, "wrong SMS report", firstIssue(parsed.error));
    const { trackingId, status, error } = parsed.data;
    if ((status === "failed") !== Boolean(error)) {
      ledger.violate({
        rule: "wrong SMS report",
        id: trackingId,
        detail: "an error belongs to failed, and only to it",
      });
    }
    return booked([ledger.report("sms", trackingId, { status, ...(error ? { reason: error } : {}) })]);
  };

  const customer = (json: unknown): Answer => {
    const parsed = CustomerUpdate.safeParse(json);
    if (!parsed.success) return refuse(400, "wrong customer", firstIssue(parsed.error));
    received.customers.push(parsed.data);
    const message = "Your request has been accepted and will be processed soon.";
    return { status: 200, body: { ...success, message, request_id: `r${received.customers.length}` } };
  };

  const endpoints: Record<Endpoint, { maxBytes: number; take(json: unknown): Answer }> = {
    whatsapp: { maxBytes: MAX_SMS_REPORT_BYTES, take: whatsapp },
    sms: { maxBytes: MAX_SMS_REPORT_BYTES, take: sms },
    data: { maxBytes: MAX_CUSTOMER_BYTES, take: customer },
  };

  return Object.assign(received, {
    async handle(name: Endpoint, request: SandboxRequest): Promise<Answer> {
      const { maxBytes, take } = endpoints[name];
      received.calls[name] += 1;
      const body = await request.read();
      if (name === "data" && request.headers.authorization !== basic) {
        return refuse(401, "wrong credentials", "Data API");
      }
      if (!saysJson(request))
        return refuse(415, "wrong content type", request.headers["content-type"] ?? "none");
      if (body.length > maxBytes) return refuse(413, "too large", `${body.length} bytes`);
      const json = parseJson(body);
      return json === undefined ? refuse(400, "not JSON", name) : take(json);
    },
  });
}

/** The endpoint of a path, if it is one of ours. */
export function endpointOf(
  path: string,
  options: { connectorId: string; workspaceId: string },
): Endpoint | undefined {
  const paths: Record<string, Endpoint> = {
    "/whatsapp/vonage-v2/dlr": "whatsapp",
    [`/sms/dlr/custom/${options.connectorId}`]: "sms",
    [`/v1/customer/${options.workspaceId}`]: "data",
  };
  return paths[path];
}

/** A fault that lies is about the answer: the platform took what it was sent. */
export function isLie(reply: Reply | undefined): boolean {
  return typeof reply === "object" && reply.status === 200;
}
