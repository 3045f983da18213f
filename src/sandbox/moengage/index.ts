import { z } from "zod";
import { CANARY } from "../auditor.ts";
import type { Sent } from "../campaign.ts";
import { control } from "../control.ts";
import { createFaults, Fault } from "../faults.ts";
import { createLedger, type Funnel, type LedgerEntry, type Violation } from "../ledger.ts";
import { SOCKETS } from "../network.ts";
import type { FakeOptions, FakePlatform } from "../platform.ts";
import { createRandom } from "../random.ts";
import { type Campaigns, createCampaigns } from "./campaigns.ts";
import type { CustomerUpdate, SmsSend, WhatsAppInbound } from "./contract.ts";
import { createReceiver, type Endpoint, endpointOf, isLie } from "./reports.ts";
import { createSender } from "./sender.ts";
import { createTemplateSync, type TemplateSync } from "./templates.ts";

export type { SmsSend, WhatsAppInbound, WhatsAppSend } from "./contract.ts";
export { recipient, smsSend, TEMPLATE_NAMES, whatsappSend } from "./messages.ts";

export type MoEngageOptions = Partial<FakeOptions> & Pick<FakeOptions, "credentials">;

export interface MoEngageRecords {
  whatsapp: Funnel;
  sms: Funnel;
  calls: Record<Endpoint, number>;
  reports: number;
  inbound: number;
  customers: number;
  violations: Violation[];
}

export interface MoEngage extends Omit<FakePlatform, keyof Campaigns>, Campaigns {
  /** The values of MOENGAGE_DELIVERY_URL and MOENGAGE_SMS_DELIVERY_URL. */
  deliveryUrl: string;
  smsDeliveryUrl: string;
  /** The values of MOENGAGE_WORKSPACE_ID and MOENGAGE_DATA_API_KEY; the Data API is at `url`. */
  workspaceId: string;
  dataApiKey: string;
  setFault(endpoint: Endpoint, fault: Fault | null): void;
  sendSms(message: SmsSend): Promise<Sent>;
  /** One click on "Sync Template"; a template whose bytes changed since the last one is a violation. */
  syncTemplates(): ReturnType<TemplateSync["sync"]>;
  /** Bytes of the synced templates, by name and language. */
  templates: Map<string, string>;
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
  const { network = SOCKETS } = options;
  const { accountId: apiKey, accountSecret: apiSecret } = credentials;
  const random = createRandom(options.seed);
  const faults = createFaults<Endpoint>(random, { whatsapp: answerMs, sms: answerMs, data: answerMs });
  const ledger = createLedger();
  const receiver = createReceiver(ledger, { workspaceId: WORKSPACE_ID, dataApiKey: DATA_API_KEY });
  const sender = createSender({ connectorUrl, apiKey, apiSecret, ledger, network });
  const campaigns = createCampaigns({ random, sender, from: senders?.whatsapp ?? "447700900000" });
  const templates = createTemplateSync(apiKey, apiSecret, ledger, network);
  let connector = connectorUrl;
  const setConnector = (url: string) => {
    connector = url;
    sender.setConnector(url);
  };
  const syncTemplates = () => templates.sync(connector);
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
    "POST /campaign": (body: unknown) => campaigns.campaign(Campaign.parse(body)),
  };

  const server = await network.serve(options.port ?? 0, async (request) => {
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
    sendSms: sender.sms,
    ...campaigns,
    messages: ledger.entries,
    inbound: receiver.inbound,
    customers: receiver.customers,
    funnel: ledger.funnel,
    violations: ledger.violations,
    records,
  };
}
