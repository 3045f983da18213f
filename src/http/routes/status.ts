import type { Channel } from "../../core/message.ts";
import type { InboundReply } from "../../core/reply.ts";
import type { DeliveryReport } from "../../core/report.ts";
import { loggableError } from "../../errors.ts";
import { AUTO_REPLY_ORIGIN } from "../../flows/auto-reply.ts";
import type { PlatformChannel } from "../../platforms/platform.ts";
import { fromStatus, type VonageStatus } from "../../vonage/from-status.ts";
import { parseReference, type Reference } from "../../vonage/reference.ts";
import { type WebhookPorts, webhookRoute } from "../webhook.ts";

export const STATUS_PATHS = ["/webhooks/status", "/webhooks/passed-message-status"];

export interface StatusPorts extends WebhookPorts {
  channels: readonly PlatformChannel[];
  resolve(reference: Reference): Promise<string | undefined>;
  report(report: DeliveryReport): Promise<unknown>;
  /** Vonage took a message and then found that it came too fast. */
  throttled(channel: Channel): void;
  /** The recipient has opted out with the carrier. */
  carrierOptOut(optOut: Omit<InboundReply, "kind">): Promise<void>;
  /** Two names of one person. */
  link(number: string, userId: string): Promise<void>;
}

/** https://developer.vonage.com/en/api-errors/messages: the recipient has opted out with the carrier. */
const CARRIER_OPT_OUT = "1240";
const THROTTLED = "1000";

/** A status of Vonage: 200 once the platform has it or never wants it, 503 to be sent it again. */
export function statusRoute(ports: StatusPorts) {
  const { channels, log, now } = ports;

  async function handle(body: unknown): Promise<string> {
    const status = fromStatus(body, now());
    if (status.recipient) await learnNames(status.recipient);
    const reference = parseReference(status.clientRef);
    const channel = channels.find(({ tag }) => tag === reference?.origin);
    const about = {
      message_uuid: status.vendorId,
      vendor_status: status.vendorStatus,
      code: status.error?.code,
    };
    if (!reference || !channel) {
      const isAutoReply = reference?.origin === AUTO_REPLY_ORIGIN;
      log.info(
        about,
        isAutoReply ? "Status of an auto-reply" : "Status ignored: its reference is not one of ours",
      );
      return "ignored";
    }
    const id = await ports.resolve(reference);
    if (id === undefined || status.status === undefined) {
      log.info(
        { msg_id: id, ...about },
        `Status ignored: ${id === undefined ? "its reference has expired" : "not a status we know"}`,
      );
      return "ignored";
    }
    log.info({ msg_id: id, ...about }, `Status ${status.vendorStatus} received`);
    if (status.error?.code === THROTTLED) ports.throttled(channel.channel);
    const report = ports.report({
      origin: channel.tag,
      channel: channel.channel,
      id,
      status: status.status,
      at: status.at,
      to: status.to,
      ...(status.error ? { error: status.error } : {}),
    });
    // Beside the report: an opt-out does not wait for a platform that is away.
    const optOut =
      channel.channel === "sms" && status.error?.code === CARRIER_OPT_OUT
        ? ports.carrierOptOut(optOutOf(status, id, now()))
        : undefined;
    const outcomes = await Promise.allSettled([report, optOut]);
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    return "ok";
  }

  const optOutOf = ({ vendorId, to, from, at }: VonageStatus, messageId: string, latest: number) => ({
    ...({ id: vendorId, channel: "sms", messageId } as const),
    person: to.replace(/^\+/, ""),
    sender: from,
    at: Math.min(at, latest),
  });

  /** Only helps a later opt-out, so that a report never fails for it. */
  async function learnNames({ number, userId }: { number: string; userId: string }): Promise<void> {
    await ports
      .link(number, userId)
      .catch((error) => log.warn(loggableError(error), "Names of a person not remembered"));
  }

  return webhookRoute(ports, handle);
}
