import { z } from "zod";
import { control } from "../control.ts";
import { createFaults, Fault } from "../faults.ts";
import { createRandom } from "../random.ts";
import { serve } from "../server.ts";
import type { CustomerUpdate, SmsSend, WhatsAppInbound, WhatsAppSend } from "./contract.ts";
import { type Channel, createLedger, type Funnel, type LedgerEntry, type Violation } from "./ledger.ts";
import { recipient, smsSend, whatsappSend } from "./messages.ts";
import { createReceiver, type Endpoint, endpointOf, isLie } from "./reports.ts";
import { type CampaignResult, createSender, runCampaign, type Sent } from "./sender.ts";
import { createTemplateSync, type TemplateSync } from "./templates.ts";

export type { SmsSend, WhatsAppInbound, WhatsAppSend } from "./contract.ts";
export type { Channel, Funnel, LedgerEntry, Violation } from "./ledger.ts";
export { recipient, smsSend, TEMPLATE_NAMES, whatsappSend } from "./messages.ts";
export type { CampaignResult, Sent } from "./sender.ts";

export interface MoEngageOptions {
  /** What the platform presents to the connector. */
  apiKey: string;
  apiSecret: string;
  connectorUrl?: string;
  /** The WhatsApp number that campaigns are sent from, digits only. */
  whatsappNumber?: string;
  /** 0, the default, takes any free port. */
  port?: number;
  seed?: number;
  workspaceId?: string;
  dataApiKey?: string;
}

export interface CampaignOptions {
  channel: Channel;
  count: number;
  /** Messages per second. */
  rate: number;
  /** One template for all instead of a mix. */
  template?: string | undefined;
  /** To the people of this channel's first campaign instead of new ones. */
  again?: boolean;
  /** Attempts per message, 10 by default. */
  tries?: number;
  onProgress?: (result: CampaignResult) => void;
}

export interface MoEngageRecords {
  whatsapp: Funnel;
  sms: Funnel;
  calls: Record<Endpoint, number>;
  reports: number;
  inbound: number;
  customers: number;
  violations: Violation[];
}

export interface MoEngage {
  url: string;
  /** The values of MOENGAGE_DELIVERY_URL and MOENGAGE_SMS_DELIVERY_URL. */
  deliveryUrl: string;
  smsDeliveryUrl: string;
  /** The values of MOENGAGE_WORKSPACE_ID and MOENGAGE_DATA_API_KEY; the Data API is at `url`. */
  workspaceId: string;
  dataApiKey: string;
  stop(): Promise<void>;
  setConnector(url: string): void;
  setFault(endpoint: Endpoint, fault: Fault | null): void;
  /** One request, without retries. */
  send(message: WhatsAppSend): Promise<Sent>;
  sendSms(message: SmsSend): Promise<Sent>;
  campaign(options: CampaignOptions): Promise<CampaignResult>;
  /** One click on "Sync Template"; a template whose bytes changed since the last one is a violation. */
  syncTemplates(): ReturnType<TemplateSync["sync"]>;
  /** Bytes of the synced templates, by name and language. */
  templates: Map<string, string>;
  /** What was sent in campaigns and by `send`, by msg_id. */
  sent: Map<string, WhatsAppSend>;
  /** What is known of each message, by msg_id or trackingId. */
  messages: Map<string, LedgerEntry>;
  inbound: WhatsAppInbound[];
  customers: CustomerUpdate[];
  funnel(channel?: Channel): Funnel;
  records(): MoEngageRecords;
}

const Endpoints = z.enum(["whatsapp", "sms", "data"]);
const Campaign = z.strictObject({
  channel: z.enum(["whatsapp", "sms"]),
  count: z.int().positive(),
  rate: z.number().positive(),
  template: z.string().optional(),
});

/** A MoEngage workspace: campaigns to the connector, and the URLs that take its reports. */
export async function startMoEngage(options: MoEngageOptions): Promise<MoEngage> {
  const {
    workspaceId = "SANDBOXWORKSPACE",
    dataApiKey = "sandbox-data-key",
    whatsappNumber = "447700900000",
  } = options;
  const connectorId = "sandbox";
  const random = createRandom(options.seed);
  const faults = createFaults<Endpoint>(random);
  const ledger = createLedger();
  const receiver = createReceiver(ledger, { workspaceId, dataApiKey });
  const { apiKey, apiSecret, connectorUrl = "http://127.0.0.1:3000" } = options;
  const sender = createSender({ connectorUrl, apiKey, apiSecret, ledger });
  const templates = createTemplateSync(apiKey, apiSecret, ledger);
  let connector = connectorUrl;
  const setConnector = (url: string) => {
    connector = url;
    sender.setConnector(url);
  };
  const syncTemplates = () => templates.sync(connector);
  const sent = new Map<string, WhatsAppSend>();
  let recipients = 0;
  const firstOf: Partial<Record<Channel, number>> = {};

  const send = (message: WhatsAppSend) => {
    sent.set(message.msg_id, message);
    return sender.whatsapp(message);
  };

  const campaign = ({ channel, count, rate, template, again, tries = 10, onProgress }: CampaignOptions) => {
    const first = again ? (firstOf[channel] ?? 0) : recipients;
    if (!again) recipients += count;
    firstOf[channel] ??= first;
    const compose = (n: number): (() => Promise<Sent>) => {
      const to = recipient(first + n);
      if (channel === "sms") {
        const message = smsSend(random, to);
        return () => sender.sms(message);
      }
      const message = whatsappSend(random, {
        from: whatsappNumber,
        to,
        ...(template === undefined ? {} : { template }),
      });
      return () => send(message);
    };
    const composed = new Map<number, () => Promise<Sent>>();
    return runCampaign({
      count,
      rate,
      tries,
      onProgress,
      // A repetition is the same request, so each message is composed once.
      async send(n) {
        const request = composed.get(n) ?? compose(n);
        composed.set(n, request);
        const result = await request();
        if (result.result !== "again") composed.delete(n);
        return result;
      },
    });
  };

  const records = (): MoEngageRecords => ({
    whatsapp: ledger.funnel("whatsapp"),
    sms: ledger.funnel("sms"),
    calls: receiver.calls,
    reports: receiver.reports,
    inbound: receiver.inbound.length,
    customers: receiver.customers.length,
    violations: ledger.violations(),
  });

  const controls = {
    "GET /records": records,
    "GET /messages": () => [...ledger.entries.values()],
    "GET /inbound": () => receiver.inbound,
    "GET /customers": () => receiver.customers,
    "GET /faults": () => faults.all(),
    "PUT /faults": (body: unknown) => {
      const wanted = z.partialRecord(Endpoints, Fault.nullable()).parse(body);
      for (const [name, fault] of Object.entries(wanted)) faults.set(name as Endpoint, fault ?? null);
    },
    "PUT /connector": (body: unknown) => setConnector(z.url().parse(body)),
    "POST /sync": () => syncTemplates(),
    "POST /campaign": (body: unknown) => campaign(Campaign.parse(body)),
  };

  const server = await serve(options.port ?? 0, async (request) => {
    const controlled = await control(request, controls);
    if (controlled !== undefined) return controlled;
    const endpoint = endpointOf(request.path, { connectorId, workspaceId });
    if (endpoint === undefined || request.method !== "POST") {
      ledger.violate({ rule: "unknown path", detail: `${request.method} ${request.path}` });
      return { status: 404, body: { message: "no such path" } };
    }
    const fault = await faults.apply(endpoint);
    if (fault !== undefined && !isLie(fault)) return fault;
    const answer = await receiver.handle(endpoint, request);
    return fault !== undefined && answer.status === 200 ? fault : answer;
  });

  return {
    url: server.url,
    workspaceId,
    dataApiKey,
    deliveryUrl: `${server.url}/whatsapp/vonage-v2/dlr`,
    smsDeliveryUrl: `${server.url}/sms/dlr/custom/${connectorId}`,
    async stop() {
      await Promise.all([sender.close(), server.stop()]);
    },
    setConnector,
    syncTemplates,
    templates: templates.templates,
    setFault: faults.set,
    send,
    sendSms: sender.sms,
    campaign,
    sent,
    messages: ledger.entries,
    inbound: receiver.inbound,
    customers: receiver.customers,
    funnel: ledger.funnel,
    records,
  };
}
