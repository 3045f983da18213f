import type { Channel, OutboundMessage, Template } from "../../core/message.ts";
import { parseRecipient } from "../../core/recipient.ts";
import { ConnectorError } from "../../lib/errors.ts";
import type { Clock } from "../../lib/runtime.ts";
import type { PlatformChannel } from "../../platforms/platform.ts";
import type { Accept } from "./accept.ts";

export interface TestSend {
  channel: Channel;
  to: string;
  /** WhatsApp: a template with the values of its body's placeholders in order, or else a text. */
  template?: string;
  language?: string;
  parameters?: readonly string[];
  text?: string;
  /** Which of our senders; the first by default. */
  from?: string;
}

export interface TestSendPorts {
  accept: Accept;
  /** By channel, our senders; none where the channel is off. */
  senders: Record<Channel, readonly string[]>;
  messageTtlSeconds: number;
  newId(): string;
  now: Clock;
}

const MOST_TEXT: Record<Channel, number> = { whatsapp: 4_096, sms: 3_200 };
/** Whoever tries something out looks at once: it is not sent hours later. */
const LONGEST_LIFE_SECONDS = 900;

/**
 * Sends one message of an operator's own the way every message goes; resolves to its id. Rejects with a
 * ConnectorError in words where it could never be sent, and as `accept` does.
 */
export async function sendTest(request: TestSend, ports: TestSendPorts): Promise<{ id: string }> {
  const { channel } = request;
  const from = senderOf(request, ports.senders[channel]);
  const id = ports.newId();
  const acceptedAt = ports.now();
  const lifeSeconds = Math.min(ports.messageTtlSeconds, LONGEST_LIFE_SECONDS);
  const envelope = {
    ...{ id, origin: TAGS[channel], from, to: parseRecipient(request.to, "to", channel) },
    ...{ acceptedAt, expiresAt: acceptedAt + lifeSeconds * 1_000 },
  };
  const message: OutboundMessage =
    channel === "sms"
      ? { ...envelope, channel, text: textOf(request) }
      : { ...envelope, channel, content: contentOf(request) };
  await ports.accept(message);
  return { id };
}

function senderOf({ channel, from }: TestSend, senders: readonly string[]): string {
  const [first] = senders;
  if (first === undefined)
    throw new ConnectorError(
      "invalid_sender",
      channel === "sms"
        ? "SMS is off or has no sender of its own: set SMS_SENDER_ID"
        : "WhatsApp is off: set WHATSAPP_NUMBER and the platform's delivery URL",
    );
  if (from === undefined || senders.includes(from)) return from ?? first;
  throw new ConnectorError(
    "invalid_sender",
    `from must be one of this connector's senders: ${senders.join(", ")}`,
  );
}

function textOf({ channel, text, template }: TestSend): string {
  if (template !== undefined) throw invalid("an SMS has a text, not a template");
  if (text === undefined || text.trim() === "") throw invalid("text is missing");
  if (text.length > MOST_TEXT[channel]) throw invalid(`text is longer than ${MOST_TEXT[channel]} characters`);
  return text;
}

function contentOf(request: TestSend): Extract<OutboundMessage, { channel: "whatsapp" }>["content"] {
  const { template: name, language, parameters = [], text } = request;
  if (name === undefined) return { type: "text", text: textOf(request) };
  if (text !== undefined) throw invalid("give a template or a text, not both");
  if (language === undefined)
    throw invalid("language is missing: a template is sent in one, such as en or pt_BR");
  const values = parameters.map((value) => ({ type: "text", text: value }));
  const template: Template = {
    ...{ name, language: { code: language } },
    ...(values.length > 0 ? { components: [{ type: "body", parameters: values }] } : {}),
  };
  return { type: "template", template };
}

const invalid = (message: string) => new ConnectorError("invalid_request", message);

const TAGS: Record<Channel, string> = { whatsapp: "tw", sms: "ts" };

/** Whose messages these are: what becomes of them is remembered like that of any other, and told to nobody. */
export const TEST_CHANNELS: readonly PlatformChannel[] = (["whatsapp", "sms"] as const).map((channel) => ({
  ...{ tag: TAGS[channel], platform: "console", channel },
  intake: {
    path: "",
    formats: [],
    authenticate: () => false,
    toMessage() {
      throw invalid("the console has no intake");
    },
    accepted: () => ({ status: 200, body: {} }),
    failed: ({ httpStatus: status }) => ({ status, body: {} }),
  },
  reports: { maxBatch: 50, wants: () => true, post: async () => undefined },
}));
