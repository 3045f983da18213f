import type { Job, ReplyJob, ReportJob, SendJob, UnknownOutcomeJob } from "../../../src/core/job.ts";
import type { OutboundMessage } from "../../../src/core/message.ts";
import type { DeliveryStatus } from "../../../src/core/report.ts";
import { claimBuckets, messageField } from "../../../src/core/state-keys.ts";
import { createClaims } from "../../../src/flows/dispatch/claims.ts";
import { type DispatchPorts, dispatch } from "../../../src/flows/dispatch/dispatch.ts";
import { createSendGate } from "../../../src/flows/dispatch/send-gate.ts";
import { createConversations } from "../../../src/flows/inbound/conversations.ts";
import { createSuppression } from "../../../src/flows/inbound/suppression.ts";
import { noRecorder } from "../../../src/flows/insight/recorder.ts";
import {
  createClock,
  createFakeAckDelay,
  createFakeChannel,
  createMemoryQueue,
  createMemoryState,
  createRecordingLog,
  createScriptedSender,
  createTestChannelOff,
  createTestReporter,
  deliveryReport,
  noMismatches,
  pauseOn,
  T0,
  whatsappMessage,
} from "../../support/ports.ts";

/** One connector's dispatch with fakes at every port; claims, rate limiter and reporter are the real ones. */
export function createWorld(
  unknownOutcome: DispatchPorts["unknownOutcome"] = { waitSeconds: 1_200, policy: "fail" },
  state = createMemoryState(),
) {
  const now = createClock();
  const log = createRecordingLog();
  const queue = createMemoryQueue();
  const sender = createScriptedSender();
  const channel = createFakeChannel("mw");
  const ackDelay = createFakeAckDelay(now);
  const gate = createSendGate(29, now, log);
  const claims = createClaims(state, { random: Math.random, now }, log);
  const pause = pauseOn(now);
  const channelOff = createTestChannelOff(log);
  const reporter = createTestReporter({ channelOff, channels: [channel], queue, state, pause, log, now });
  const suppression = createSuppression(state, now);
  const conversations = createConversations(state, now, log);
  const channels = [channel];
  const offloaded = new Map<string, Job>();
  const ports: DispatchPorts = {
    ...{
      loadOffloaded: async (key: string) => {
        if (state.down.size > 0) return { outcome: "state-down" };
        const job = offloaded.get(key);
        return job ? { outcome: "found", job } : { outcome: "gone" };
      },
      discardOffloaded: async (key) => void offloaded.delete(key),
      queue,
      state,
      sender,
      claims,
      random: Math.random,
      reporter,
      suppression,
      conversations,
      mismatches: noMismatches,
      recorder: noRecorder,
      channels,
      channelOff,
      gate,
      ackDelay,
      unknownOutcome,
      now,
      log,
    },
  };
  return {
    ...{
      offloaded,
      now,
      log,
      queue,
      state,
      sender,
      channel,
      ackDelay,
      gate,
      claims,
      reporter,
      suppression,
      conversations,
      ports,
    },
    run: (job: Parameters<typeof dispatch>[0]) => dispatch(job, ports),
    /** What the platform was told, in order. */
    told: () => channel.posted.flat().map(({ id, status, error }) => ({ id, status, error })),
    phase: (message: OutboundMessage = whatsappMessage()) =>
      state
        .hash(claimBuckets(message.acceptedAt)[0]!)
        [messageField(message.origin, message.id)]?.split(" ")[0],
    /** Sets the phase as an earlier process would have left it. */
    leavePhase: (phase: string, message: OutboundMessage = whatsappMessage()) =>
      state.write(claimBuckets(message.acceptedAt)[0]!, messageField(message.origin, message.id), phase),
    /** Takes the claim as a process would have that died or is still busy. */
    leaveClaim: (attempt: number, message: OutboundMessage = whatsappMessage()) =>
      state.increment(
        claimBuckets(message.acceptedAt)[0]!,
        `${messageField(message.origin, message.id)}#${attempt}`,
      ),
    /** A status that another replica has told the platform. */
    leaveStatus: (status: DeliveryStatus) =>
      createTestReporter({ channels: [createFakeChannel("mw")], queue, state, pause, log, now }).report(
        deliveryReport({ status }),
      ),
  };
}

export const sendJob = (attempt = 1, message: OutboundMessage = whatsappMessage()): SendJob => ({
  kind: "send",
  attempt,
  message,
});

export const unknownOutcomeJob = (over: Partial<UnknownOutcomeJob> = {}): UnknownOutcomeJob => ({
  kind: "unknown-outcome",
  attempt: 1,
  message: whatsappMessage(),
  decideAt: T0 + 1_200_000,
  ...over,
});

export const replyJob = (over: Partial<ReplyJob> = {}): ReplyJob => ({
  kind: "reply",
  attempt: 1,
  origin: "mw",
  reply: {
    kind: "opt_out",
    id: "in-1",
    channel: "whatsapp",
    person: "447700900123",
    sender: "14155550100",
    at: T0,
  },
  expiresAt: T0 + 7 * 24 * 3_600_000,
  ...over,
});

export const reportJob = (over: Partial<ReportJob> = {}): ReportJob => ({
  kind: "report",
  attempt: 1,
  report: deliveryReport({ status: "failed", error: { code: "expired", description: "too late" } }),
  expiresAt: T0 + 7 * 24 * 3_600_000,
  ...over,
});
