import { AUTO_REPLY_ORIGIN, type Channel } from "../../core/message.ts";
import type { InboundReply } from "../../core/reply.ts";
import type { DeliveryReport } from "../../core/report.ts";
import { loggableError } from "../../lib/errors.ts";
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

/** A status of Vonage: 200 once the platform has it or never wants it, 503 to be sent it again. */
export function statusRoute(ports: StatusPorts) {
  const { channels, log, now } = ports;

  async function handle(body: unknown): Promise<string> {
    const status = fromStatus(body, now());
    // Beside each other: a storage that hangs must not delay the report.
    const [outcome] = await Promise.all([take(status), learnNames(status)]);
    return outcome;
  }

  async function take(status: VonageStatus): Promise<string> {
    const reference = parseReference(status.clientRef);
    const channel = channels.find(({ tag }) => tag === reference?.origin);
    const about = {
      message_uuid: status.vendorId,
      vendor_status: status.vendorStatus,
      code: status.error?.code,
    };
    if (reference?.origin === AUTO_REPLY_ORIGIN) {
      log.info(about, "Status of an auto-reply");
      await recordOptOut(status);
      return "ignored";
    }
    if (!reference || !channel) {
      log.info(about, "Status ignored: its reference is not one of ours");
      return "ignored";
    }
    const id = await ports.resolve(reference);
    if (id === undefined || status.status === undefined) {
      log.info(
        { msg_id: id, ...about },
        `Status ignored: ${id === undefined ? "its reference has expired" : "not a status we know"}`,
      );
      await recordOptOut(status);
      return "ignored";
    }
    log.info({ msg_id: id, ...about }, `Status ${status.vendorStatus} received`);
    if (status.reason === "throttled") ports.throttled(channel.channel);
    const report = ports.report({
      origin: channel.tag,
      channel: channel.channel,
      id,
      status: status.status,
      at: status.at,
      to: status.to,
      ...(status.error ? { error: status.error } : {}),
      ...(status.reason ? { reason: status.reason } : {}),
    });
    // Beside the report: an opt-out does not wait for a platform that is away.
    const outcomes = await Promise.allSettled([report, recordOptOut(status, id)]);
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    return "ok";
  }

  /** A carrier's opt-out holds for the person, whatever message of ours it was that brought it to light. */
  async function recordOptOut(
    { channel, reason, vendorId, to, from, at }: VonageStatus,
    messageId?: string,
  ): Promise<void> {
    if (channel !== "sms" || reason !== "carrier_opt_out") return;
    await ports.carrierOptOut({
      ...{ id: vendorId, channel, person: to.replace(/^\+/, ""), sender: from },
      ...(messageId === undefined ? {} : { messageId }),
      at: Math.min(at, now()),
    });
  }

  /** Only helps a later opt-out, so that a report never fails for it. */
  async function learnNames({ recipient }: VonageStatus): Promise<void> {
    if (!recipient) return;
    await ports
      .link(recipient.number, recipient.userId)
      .catch((error) => log.warn(loggableError(error), "Names of a person not remembered"));
  }

  return webhookRoute(ports, handle);
}
