import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { CANARY } from "../auditor.ts";
import { type CampaignResult, runCampaign, type Sent } from "../campaign.ts";
import { control } from "../control.ts";
import { createFaults, Fault } from "../faults.ts";
import { type Channel, createLedger, type Funnel, type LedgerEntry, type Violation } from "../ledger.ts";
import type { FakeCampaign, FakeOptions, FakePlatform } from "../platform.ts";
import { createRandom } from "../random.ts";
import { serve } from "../server.ts";
import type { CustomerUpdate, SmsSend, WhatsAppInbound, WhatsAppSend } from "./contract.ts";
import { recipient, smsSend, whatsappSend } from "./messages.ts";
import { createReceiver, type Endpoint, endpointOf, isLie } from "./reports.ts";
import { createSender } from "./sender.ts";
import { createTemplateSync, type TemplateSync } from "./templates.ts";

export type { SmsSend, WhatsAppInbound, WhatsAppSend } from "./contract.ts";
export { recipient, smsSend, TEMPLATE_NAMES, whatsappSend } from "./messages.ts";

export type MoEngageOptions = Partial<FakeOptions> & Pick<FakeOptions, "credentials">;

export interface CampaignOptions extends FakeCampaign {
  /** One template for all instead of a mix. */
  template?: string | undefined;
  /** To the people of this channel's first campaign instead of new ones. */
  again?: boolean;
  /** Attempts per message, 10 by default. */
  tries?: number;
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

export interface MoEngage extends FakePlatform {
  /** The values of MOENGAGE_DELIVERY_URL and MOENGAGE_SMS_DELIVERY_URL. */
  deliveryUrl: string;
  smsDeliveryUrl: string;
  /** The values of MOENGAGE_WORKSPACE_ID and MOENGAGE_DATA_API_KEY; the Data API is at `url`. */
  workspaceId: string;
  dataApiKey: string;
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
  records(): MoEngageRecords;
}

const WORKSPACE_ID = "SANDBOXWORKSPACE";
const DATA_API_KEY = `${CANARY}-data-api-key`;
/** Of the custom SMS connector, in the URL that takes its reports. */
const CONNECTOR_ID = "sandbox";
const PATHS = { whatsapp: "/whatsapp/vonage-v2/dlr", sms: `/sms/dlr/custom/${CONNECTOR_ID}` };

/** Of the ids that campaigns give: 24, 24 and 11 characters with two separators. */
const MESSAGE_ID_LENGTH = 61;

/** `index` may travel as a number or as a string; Meta takes both. */
function comparable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? [], (key, item: unknown) => (key === "index" ? String(item) : item)),
  );
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
  const { credentials, connectorUrl = "http://127.0.0.1:3000", senders, answerMs = 0 } = options;
  const { accountId: apiKey, accountSecret: apiSecret } = credentials;
  const random = createRandom(options.seed);
  const faults = createFaults<Endpoint>(random, { whatsapp: answerMs, sms: answerMs, data: answerMs });
  const ledger = createLedger();
  const receiver = createReceiver(ledger, { workspaceId: WORKSPACE_ID, dataApiKey: DATA_API_KEY });
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
        from: senders?.whatsapp ?? "447700900000",
        to,
        template,
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

  const altered: MoEngage["altered"] = (messages) =>
    messages.flatMap(({ request }) => {
      if (request.channel !== "whatsapp" || request.message_type !== "custom") return [];
      const template = request.custom["template"] as { components?: unknown } | undefined;
      // The reference may carry a tag in front of the id.
      const asked = sent.get(request.client_ref?.slice(-MESSAGE_ID_LENGTH) ?? "");
      if (asked === undefined) return [];
      const isSame = isDeepStrictEqual(
        comparable(template?.components),
        comparable(asked.template.components),
      );
      return isSame ? [] : [asked.msg_id];
    });

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
    const endpoint = endpointOf(request.path, { connectorId: CONNECTOR_ID, workspaceId: WORKSPACE_ID });
    if (endpoint === undefined || request.method !== "POST") {
      ledger.violate({ rule: "unknown path", detail: `${request.method} ${request.path}` });
      return { status: 404, body: { message: "no such path" } };
    }
    const fault = await faults.apply(endpoint);
    if (fault !== undefined && !isLie(fault)) return fault;
    const answer = await receiver.handle(endpoint, request);
    return fault !== undefined && answer.status === 200 ? fault : answer;
  });

  const deliveryUrl = `${server.url}${PATHS.whatsapp}`;
  const smsDeliveryUrl = `${server.url}${PATHS.sms}`;
  return {
    url: server.url,
    env: {
      MOENGAGE_DELIVERY_URL: deliveryUrl,
      MOENGAGE_SMS_DELIVERY_URL: smsDeliveryUrl,
      MOENGAGE_DATA_API_URL: server.url,
      MOENGAGE_WORKSPACE_ID: WORKSPACE_ID,
      MOENGAGE_DATA_API_KEY: DATA_API_KEY,
    },
    secrets: { "MoEngage's delivery URL": PATHS.whatsapp, "MoEngage's SMS delivery URL": PATHS.sms },
    channels: ["whatsapp", "sms"],
    workspaceId: WORKSPACE_ID,
    dataApiKey: DATA_API_KEY,
    deliveryUrl,
    smsDeliveryUrl,
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
    violations: ledger.violations,
    altered,
    records,
  };
}
