import { AUTO_REPLY_ORIGIN, type Channel } from "../../core/message.ts";
import type { CarrierOptOut } from "../../core/reply.ts";
import type { DeliveryReport } from "../../core/report.ts";
import type { MessageStatus, Reference } from "../../core/status.ts";
import { ConnectorError, loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Clock } from "../../lib/runtime.ts";
import type { PlatformChannel } from "../../platforms/platform.ts";
import type { Recorder } from "../insight/recorder.ts";
import type { ChannelSwitch } from "./channel-off.ts";
import type { Heard } from "./status-ledger.ts";

export interface StatusPorts {
  channels: readonly PlatformChannel[];
  /** The channel with that tag, where it is off and was on in this instance until lately. Rejects when nobody knows. */
  lostChannel(tag: string): Promise<ChannelSwitch | undefined>;
  /** The platform's id behind a reference; undefined when its key has expired. */
  resolve(reference: Reference): Promise<string | undefined>;
  report(report: DeliveryReport, heard: Heard): Promise<unknown>;
  recorder: Pick<Recorder, "status">;
  /** The vendor took a message and then found that it came too fast. */
  throttled(channel: Channel): void;
  /** The recipient has opted out with the carrier. */
  carrierOptOut(optOut: CarrierOptOut): Promise<void>;
  /** Two names of one person. */
  link(number: string, userId: string): Promise<void>;
  now: Clock;
  log: Log;
}

/**
 * Resolves once the platform has the status or never wants it, and everything that it brought to light is recorded;
 * rejects when the vendor has to tell it again.
 */
export async function receiveStatus(status: MessageStatus, ports: StatusPorts): Promise<"ok" | "ignored"> {
  if (!status.recipient) return follow(status, ports);
  // Beside each other: a storage that hangs must not delay the report.
  const [followed, learned] = await Promise.allSettled([follow(status, ports), learnNames(status, ports)]);
  if (followed.status === "rejected") throw followed.reason;
  if (learned.status === "rejected") throw learned.reason;
  return followed.value;
}

async function follow(status: MessageStatus, ports: StatusPorts): Promise<"ok" | "ignored"> {
  const { channels, log } = ports;
  const { reference, vendorId, vendorStatus, parts, error, reason } = status;
  const channel = channels.find(({ tag }) => tag === reference?.origin);
  const about = { message_uuid: vendorId, vendor_status: vendorStatus, code: error?.code };
  if (reference?.origin === AUTO_REPLY_ORIGIN) {
    log.info(about, "Status of an auto-reply");
    await recordOptOut(status, undefined, ports);
    return "ignored";
  }
  const lost = reference && !channel ? await ports.lostChannel(reference.origin) : undefined;
  if (lost) {
    await recordOptOut(status, undefined, ports);
    throw channelOff(lost);
  }
  if (!reference || !channel) {
    log.info(about, "Status ignored: its reference is not one of ours");
    // Of our form, so that it was our channel once.
    if (reference) await recordOptOut(status, undefined, ports);
    return "ignored";
  }
  const id = await ports.resolve(reference);
  if (id === undefined || status.status === undefined) {
    const why = id === undefined ? "its reference has expired" : "not a status we know";
    log.info({ msg_id: id, ...about }, `Status ignored: ${why}`);
    await recordOptOut(status, undefined, ports);
    return "ignored";
  }
  if (log.follows(id)) log.info({ msg_id: id, ...about }, `Status ${vendorStatus} received`);
  if (reason === "throttled") ports.throttled(channel.channel);
  const report: DeliveryReport = {
    ...{ origin: channel.tag, channel: channel.channel, id, status: status.status },
    ...{ at: status.at, to: status.to, parts, error, reason },
  };
  const heard = {
    ...{ origin: channel.tag, id, status: status.status, sender: status.from },
    ...{ code: error?.code, at: ports.now() },
  };
  const count: Heard = (known) => ports.recorder.status({ ...heard, known });
  const telling = ports.report(report, count);
  if (!isOptOut(status)) await telling;
  else {
    // Beside the report: an opt-out does not wait for a platform that is away.
    const outcomes = await Promise.allSettled([telling, recordOptOut(status, id, ports)]);
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }
  return "ok";
}

/** Told again for a day: by then the variable may be back. */
const channelOff = ({ name, variables }: ChannelSwitch) =>
  new ConnectorError(
    "channel_off",
    `${name} was on in this instance until lately and is off: a variable is missing since the last deploy. To have its reports again, set ${variables}`,
    { retryable: true },
  );

const isOptOut = (status: MessageStatus): status is MessageStatus & { channel: "sms" } =>
  status.channel === "sms" && status.reason === "carrier_opt_out";

/** A carrier's opt-out holds for the person, whatever message of ours it was that brought it to light. */
async function recordOptOut(
  status: MessageStatus,
  messageId: string | undefined,
  { carrierOptOut, now }: StatusPorts,
): Promise<void> {
  if (!isOptOut(status)) return;
  const { channel, vendorId, to, from, at } = status;
  await carrierOptOut({
    ...{ id: vendorId, channel, person: to.replace(/^\+/, ""), sender: from },
    ...{ messageId, at: Math.min(at, now()) },
  });
}

/**
 * A STOP may have been said under the other name, and no other status may ever name both: so the vendor tells this
 * one until they are linked. The report does not wait for it.
 */
async function learnNames({ recipient }: MessageStatus, { link, log }: StatusPorts): Promise<void> {
  if (!recipient) return;
  try {
    await link(recipient.number, recipient.userId);
  } catch (error) {
    log.warn(loggableError(error), "Names of a person not remembered");
    throw error;
  }
}
