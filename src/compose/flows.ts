import type { Config } from "../config/schema.ts";
import type { QueuePurpose } from "../core/job.ts";
import { parseKeywords } from "../core/keywords.ts";
import type { MessageStatus } from "../core/status.ts";
import {
  createInboundReceiver,
  type InboundPorts,
  type InboundReceiver,
} from "../flows/inbound/receive-inbound.ts";
import type { Suppression } from "../flows/inbound/suppression.ts";
import { type Accept, type AcceptPorts, createAccept } from "../flows/intake/accept.ts";
import { createBacklog } from "../flows/intake/backlog.ts";
import { type AcceptBatch, createAcceptBatch } from "../flows/intake/batch.ts";
import type { ChannelMarks } from "../flows/status/channel-marks.ts";
import { receiveStatus, type StatusPorts } from "../flows/status/receive-status.ts";
import type { Reporter } from "../flows/status/report.ts";
import type { Clock } from "../lib/runtime.ts";
import { SWITCHES } from "../platforms/registry.ts";
import { resolveReference } from "../vonage/reference.ts";
import type { Pacing } from "./dispatch.ts";
import type { Vcr } from "./vcr.ts";

type IntakePorts = Pick<AcceptPorts, "preflight" | "ready" | "recorder" | "log"> & {
  now: Clock;
  pacing: Pacing;
};

export function composeIntake(
  vcr: Vcr,
  { pacing, ...ports }: IntakePorts,
): { accept: Accept; acceptBatch: AcceptBatch } {
  const { now, log } = ports;
  const rate = (queue: keyof Pacing) => pacing[queue].gate.rate();
  const waiting = async (purpose: QueuePurpose) => (await vcr.queueStanding(purpose)).waiting;
  const accept = createAccept({
    ...ports,
    backlog: createBacklog({ waiting, rate, now, log }),
    queue: vcr.queue,
  });
  return { accept, acceptBatch: createAcceptBatch(accept, vcr.queue, now) };
}

type Configured = "ownNumbers" | "keywords" | "texts" | "messageTtlSeconds";

export function composeInbound(
  { whatsapp, keywords, autoReplies, messageTtlSeconds }: Config,
  ports: Omit<InboundPorts, Configured>,
): InboundReceiver {
  return createInboundReceiver({
    ...ports,
    ownNumbers: whatsapp?.numbers ?? [],
    keywords: { optOut: parseKeywords(keywords.optOut), optIn: parseKeywords(keywords.optIn) },
    texts: autoReplies,
    messageTtlSeconds,
  });
}

type ComposedStatusPorts = Pick<StatusPorts, "channels" | "recorder" | "now" | "log"> & {
  channelMarks: Pick<ChannelMarks, "wasOnLately">;
  reporter: Pick<Reporter, "reportStatus">;
  inbound: Pick<InboundReceiver, "carrierOptOut">;
  suppression: Pick<Suppression, "link">;
  pacing: Pacing;
};

export function composeStatus({ state }: Vcr, ports: ComposedStatusPorts) {
  const { channels, channelMarks, reporter, inbound, suppression, pacing, recorder, now, log } = ports;
  const statusPorts: StatusPorts = {
    ...{ channels, recorder, now, log, link: suppression.link, carrierOptOut: inbound.carrierOptOut },
    lostChannel: async (tag) => ((await channelMarks.wasOnLately(tag)) ? SWITCHES[tag] : undefined),
    resolve: (reference) => resolveReference(state, reference),
    throttled: (channel) => pacing[channel].gate.throttled(),
    report: reporter.reportStatus,
  };
  return (status: MessageStatus) => receiveStatus(status, statusPorts);
}
