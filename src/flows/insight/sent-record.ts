import type { QueuedMessage } from "../../core/message.ts";
import { parsedJson } from "./sums.ts";

/**
 * What is remembered of a message that was sent, or may have been: for its story, and so that its statuses are counted
 * where it was accepted. Times are milliseconds since the epoch.
 */
export interface SentRecord {
  acceptedAt: number;
  at: number;
  attempt: number;
  /** Undefined while the outcome is unknown. */
  vendorId: string | undefined;
  sender: string;
  language: string;
  template: string;
}

export const formatSent = ({
  acceptedAt,
  at,
  attempt,
  vendorId,
  sender,
  language,
  template,
}: SentRecord): string =>
  JSON.stringify([acceptedAt, at, attempt, vendorId ?? null, sender, language, template]);

/** Undefined for what is none. */
export function parseSent(text: string | null): SentRecord | undefined {
  const stored = parsedJson(text);
  if (!Array.isArray(stored)) return undefined;
  const [acceptedAt, at, attempt, vendorId, sender, language, template] = stored as unknown[];
  if (typeof acceptedAt !== "number" || typeof at !== "number" || typeof attempt !== "number")
    return undefined;
  return {
    ...{ acceptedAt, at, attempt },
    vendorId: typeof vendorId === "string" ? vendorId : undefined,
    ...{ sender: String(sender), language: String(language), template: String(template) },
  };
}

/** The template that a message is sent with; empty where there is none, or where its content is kept elsewhere. */
export function templateOf(message: QueuedMessage): { template: string; language: string } {
  if (message.channel !== "whatsapp" || !("content" in message) || message.content.type !== "template")
    return { template: "", language: "" };
  const { name, language } = message.content.template;
  return { template: name, language: language.code };
}

export const sentRecord = (
  message: QueuedMessage,
  attempt: number,
  vendorId: string | undefined,
  at: number,
): SentRecord => ({
  ...{ acceptedAt: message.acceptedAt, at, attempt, vendorId, sender: message.from },
  ...templateOf(message),
});
