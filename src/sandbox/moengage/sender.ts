import type { Sent } from "../campaign.ts";
import type { Ledger } from "../ledger.ts";
import type { SandboxNetwork } from "../network.ts";
import type { Outcome } from "../post.ts";
import {
  ErrorAnswer,
  firstIssue,
  SEND_TIMEOUT_MS,
  SmsAnswer,
  type SmsSend,
  WhatsAppAnswer,
  type WhatsAppSend,
} from "./contract.ts";

export interface Sender {
  /** One request, judged by the contract and booked in the ledger. */
  whatsapp(message: WhatsAppSend): Promise<Sent>;
  sms(message: SmsSend): Promise<Sent>;
  setConnector(url: string): void;
  close(): Promise<void>;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function createSender(options: {
  connectorUrl: string;
  apiKey: string;
  apiSecret: string;
  ledger: Ledger;
  network: SandboxNetwork;
}): Sender {
  const { apiKey, apiSecret, ledger } = options;
  const poster = options.network.createPoster(64);
  let connector = options.connectorUrl.replace(/\/$/, "");

  const check = (
    what: string,
    schema: typeof ErrorAnswer | typeof SmsAnswer | typeof WhatsAppAnswer,
    value: unknown,
  ) => {
    const parsed = schema.safeParse(value);
    if (!parsed.success)
      ledger.violate({ rule: "wrong answer", detail: `${what}: ${firstIssue(parsed.error)}` });
    return parsed.data;
  };

  const post = (path: string, headers: Record<string, string>, message: object) =>
    poster.post(`${connector}${path}`, {
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(message),
      timeoutMs: SEND_TIMEOUT_MS,
    });

  /** Anything but 2xx: try again, or refused for good. */
  const notAccepted = (outcome: Outcome): Sent => {
    const { status } = outcome;
    if (status === undefined) return { result: "again", outcome };
    check(`HTTP ${status}`, ErrorAnswer, json(outcome.body));
    return { result: status === 429 || status === 408 || status >= 500 ? "again" : "refused", outcome };
  };

  const isOk = ({ status }: Outcome) => status !== undefined && status >= 200 && status < 300;

  return {
    async whatsapp(message) {
      const id = message.msg_id;
      const entry = ledger.entries.get(id) ?? ledger.offer("whatsapp", id, message.to);
      const outcome = await post("/webhooks/send", { "api-key": apiKey, "api-secret": apiSecret }, message);
      if (!isOk(outcome)) return { ...notAccepted(outcome), id };
      const answer = check("WhatsApp", WhatsAppAnswer, json(outcome.body));
      const isAccepted = answer !== undefined && answer["status"] === "success";
      entry.accepted ||= isAccepted;
      return { result: isAccepted ? "accepted" : "refused", id, outcome };
    },
    async sms(message) {
      const outcome = await post("/", { authorization: `Custom ${apiKey}:${apiSecret}` }, message);
      if (outcome.failure === "timeout" || outcome.failure === "broken") ledger.missAnswer();
      if (!isOk(outcome)) return notAccepted(outcome);
      const answer = check("SMS", SmsAnswer, json(outcome.body)) as { trackingId: string } | undefined;
      if (answer === undefined) return { result: "refused", outcome };
      const id = answer.trackingId;
      if (ledger.entries.has(id))
        ledger.violate({ rule: "wrong answer", id, detail: "trackingId was given before" });
      ledger.offer("sms", id, message.to).accepted = true;
      return { result: "accepted", id, outcome };
    },
    setConnector(url) {
      connector = url.replace(/\/$/, "");
    },
    close: () => poster.close(),
  };
}
