import { isDeepStrictEqual } from "node:util";
import { CANARY } from "../auditor.ts";
import { type CampaignResult, runCampaign, type Sent } from "../campaign.ts";
import type { Channel, Ledger, LedgerEntry } from "../ledger.ts";
import type { SandboxNetwork } from "../network.ts";
import type { FakeCampaign, FakePlatform } from "../platform.ts";
import type { Outcome } from "../post.ts";
import type { Random } from "../random.ts";
import { parseJson } from "../server.ts";
import {
  isSuccess,
  SMS_TIMEOUT_MS,
  type SmsSend,
  WHATSAPP_TIMEOUT_MS,
  type WhatsAppSend,
  whatsappAnswerFault,
} from "./contract.ts";
import {
  type Expected,
  providerTrials,
  smsMessage,
  TRIAL_ID,
  templateSend,
  whatsappMessage,
} from "./messages.ts";

/** What CleverTap presents to the connector. */
export const USERNAME = "clevertap";
export const PASSWORD = `${CANARY}-clevertap-password`;

const PATHS: Record<Channel, string> = { whatsapp: "/clevertap/whatsapp", sms: "/clevertap/sms" };
const TIMEOUTS_MS: Record<Channel, number> = { whatsapp: WHATSAPP_TIMEOUT_MS, sms: SMS_TIMEOUT_MS };
/** What CleverTap has open at a time. */
const CONCURRENCY = 1_500;
/** Of the calls of an SMS campaign every other carries so many, the rest one each. */
const BATCH = 25;

export interface Sender extends Pick<FakePlatform, "altered" | "setConnector" | "campaign"> {
  /** One WhatsApp message; CleverTap sends nothing again. */
  send(message: WhatsAppSend): Promise<Sent>;
  /** One SMS, or many in one call. */
  sendSms(messages: readonly SmsSend[]): Promise<Outcome>;
  /** Any body, its answer judged by the contract alone. */
  post(channel: Channel, body: object, headers?: Record<string, string>): Promise<Outcome>;
  /** Somebody saves the provider: whether CleverTap takes it, in both forms of what it tries. */
  saveProvider(): Promise<boolean>;
  /** Somebody saves a template: how CleverTap is answered. */
  saveTemplate(template: string, languageCode?: string): Promise<{ saved: boolean; body: unknown }>;
  /** One page of an import of templates. */
  importTemplates(query?: string): Promise<{ status: number; body: unknown }>;
  close(): Promise<void>;
}

const basic = `Basic ${Buffer.from(`${USERNAME}:${PASSWORD}`).toString("base64")}`;
const bodyOf = ({ body }: Outcome) => parseJson(Buffer.from(body));

/** Sends to the connector, and holds its answers against the contract. */
export function createSender(options: {
  connectorUrl: string;
  from: string;
  random: Random;
  ledger: Ledger;
  network: SandboxNetwork;
}): Sender {
  const { from, random, ledger } = options;
  const poster = options.network.createPoster(CONCURRENCY);
  const expected = new Map<string, Expected>();
  const texts = new Map<string, string>();
  let connector = options.connectorUrl.replace(/\/$/, "");
  const counts: Record<Channel, number> = { whatsapp: 0, sms: 0 };

  const post: Sender["post"] = async (channel, body, headers = {}) => {
    const outcome = await poster.post(`${connector}${PATHS[channel]}`, {
      headers: { "content-type": "application/json", authorization: basic, ...headers },
      body: JSON.stringify(body),
      timeoutMs: TIMEOUTS_MS[channel],
    });
    const fault =
      channel === "whatsapp" && outcome.status !== undefined
        ? whatsappAnswerFault(outcome.status, bodyOf(outcome))
        : undefined;
    if (fault) ledger.violate({ rule: "wrong answer", detail: fault });
    return outcome;
  };

  const entryOf = (channel: Channel, id: string, to: string): LedgerEntry =>
    ledger.entries.get(id) ?? ledger.offer(channel, id, to);

  async function send(message: WhatsAppSend): Promise<Sent> {
    const id = String("msgId" in message ? message.msgId : message.msg_id);
    const entry = id === TRIAL_ID ? undefined : entryOf("whatsapp", id, message.to);
    const outcome = await post("whatsapp", message);
    const isTaken = isSuccess(outcome.status, bodyOf(outcome));
    if (entry) entry.accepted ||= isTaken;
    return { result: isTaken ? "accepted" : "refused", id, outcome };
  }

  async function sendSms(messages: readonly SmsSend[]): Promise<Outcome> {
    const entries = messages.map(({ id, to }) => entryOf("sms", id, to));
    const [first] = messages;
    const outcome = await post("sms", messages.length === 1 && first ? first : { messages });
    const isTaken = outcome.status !== undefined && outcome.status >= 200 && outcome.status < 300;
    for (const entry of entries) entry.accepted ||= isTaken;
    return outcome;
  }

  async function saveProvider(): Promise<boolean> {
    const outcomes = await Promise.all(providerTrials(from).map((trial) => post("whatsapp", trial)));
    return outcomes.every((outcome) => isSuccess(outcome.status, bodyOf(outcome)));
  }

  async function saveTemplate(template: string, languageCode = "en") {
    const { message } = templateSend(random, { from, to: "918574656123", msgId: TRIAL_ID, template });
    const outcome = await post("whatsapp", { ...message, template: { namespace: template, languageCode } });
    return { saved: isSuccess(outcome.status, bodyOf(outcome)), body: bodyOf(outcome) };
  }

  function whatsappCampaign({ count, rate, onProgress }: FakeCampaign): Promise<CampaignResult> {
    const composed = Array.from({ length: count }, () => {
      const made = whatsappMessage(random, from, counts.whatsapp++);
      expected.set(made.to, made.expected);
      return made.message;
    });
    // CleverTap sends nothing again.
    return runCampaign({
      ...{ count, rate, tries: 1, onProgress },
      send: (n) => send(composed[n] as WhatsAppSend),
    });
  }

  async function smsCampaign({ count, rate }: FakeCampaign): Promise<CampaignResult> {
    const messages = Array.from({ length: count }, () => smsMessage(counts.sms++));
    for (const { to, text } of messages) texts.set(to.replace("+", ""), text);
    const calls: SmsSend[][] = [];
    for (let at = 0; at < count; ) {
      const size = calls.length % 2 === 0 ? 1 : BATCH;
      calls.push(messages.slice(at, at + size));
      at += size;
    }
    const result = await runCampaign({
      ...{ count: calls.length, rate: Math.max(1, (rate * calls.length) / count), tries: 1 },
      async send(n) {
        const outcome = await sendSms(calls[n] as SmsSend[]);
        return { result: outcome.status === 200 ? "accepted" : "refused", outcome };
      },
    });
    const accepted = messages.filter(({ id }) => ledger.entries.get(id)?.accepted).length;
    return { ...result, offered: count, accepted, refused: count - accepted };
  }

  const isSame = ({ request }: Parameters<Sender["altered"]>[0][number]): boolean => {
    if (request.channel === "sms") return (texts.get(request.to) ?? request.text) === request.text;
    const wanted = expected.get(request.to);
    if (wanted === undefined) return true;
    if ("text" in wanted) return request.message_type === "text" && request.text === wanted.text;
    const template =
      request.message_type === "custom"
        ? (request.custom["template"] as { components?: unknown } | undefined)
        : undefined;
    return template !== undefined && isDeepStrictEqual(template.components, wanted.components);
  };

  return {
    send,
    sendSms,
    post,
    saveProvider,
    saveTemplate,
    async importTemplates(query = "") {
      const response = await fetch(`${connector}/clevertap/templates${query}`, {
        headers: { authorization: basic },
      });
      return { status: response.status, body: await response.json() };
    },
    async campaign(options) {
      if (options.channel === "sms") return smsCampaign(options);
      // A customer saves the provider and a template before the first campaign.
      if (!(await saveProvider()))
        ledger.violate({ rule: "provider not saved", detail: "its trial was not answered with success" });
      await saveTemplate("greeting");
      return whatsappCampaign(options);
    },
    /** Each person gets one message of a campaign, and whatever the connector itself answers them with. */
    altered: (messages) =>
      messages
        .filter(({ request }) => !request.client_ref?.startsWith("1var."))
        .flatMap((message) => (isSame(message) ? [] : [message.uuid])),
    setConnector(url) {
      connector = url.replace(/\/$/, "");
    },
    close: () => poster.close(),
  };
}
