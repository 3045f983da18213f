import { idSent, idsIn, idsOfJobs, isDone, isOk, reportsIn, shortened } from "./check/wire.ts";
import type { Exchange } from "./net.ts";
import type { Edge } from "./world.ts";

/** How far a message, or what a person or a platform asked beside it, has come. */
export const PHASES = [
  "accept",
  "queued",
  "claimed",
  "sending",
  "sent",
  "reported",
  "reply",
  "sync",
  "start",
] as const;
export type Phase = (typeof PHASES)[number];

/** Which fault met what in which phase, as `kind phase`. */
export interface Coverage {
  onLeave(exchange: Exchange): void;
  onEnd(exchange: Exchange): void;
  /** Something befell a replica, or State: it met every message that was not over. */
  befell(kind: string): void;
  met: Record<string, number>;
}

const isPlatform = (edge: Edge) => edge === "moengage" || edge === "webengage" || edge === "clevertap";
const FINAL = new Set(["delivered", "read", "failed"]);

export function createCoverage(): Coverage {
  const phases = new Map<string, Phase | "over">();
  const met: Record<string, number> = {};
  const count = (kind: string, phase: string) => {
    met[`${kind} ${phase}`] = (met[`${kind} ${phase}`] ?? 0) + 1;
  };

  /** Of those that the exchange is about. */
  function phaseOfIds(text: string, otherwise: Phase): Phase {
    for (const id of idsIn(text)) {
      const phase = phases.get(id);
      if (phase && phase !== "over") return phase;
    }
    return otherwise;
  }

  function phaseOf(exchange: Exchange): Phase {
    const { edge, request } = exchange;
    switch (edge) {
      case "intake":
        return "accept";
      case "enqueue":
        return phaseOfIds(request.body, "accept");
      case "callback":
        return phaseOfIds(request.body, "queued");
      case "state":
        if (/"(inbound|suppressed|people):/.test(request.body)) return "reply";
        return phaseOfIds(request.body, "start");
      case "send":
        return "sending";
      case "status":
        return "sent";
      case "moengage":
      case "webengage":
      case "clevertap":
        return reportsIn(request.body).length > 0 ? "reported" : "reply";
      case "inbound":
        return "reply";
      case "queue":
        return "start";
      case "vonage":
      case "sync":
        return "sync";
    }
  }

  return {
    met,
    onLeave(exchange) {
      const { edge, request } = exchange;
      if (edge === "send") phases.set(idSent(exchange), "sending");
      if (edge === "state" && request.body.includes("HINCRBY") && request.body.includes('"claims:'))
        for (const id of idsIn(request.body)) if (phases.has(id)) phases.set(id, "claimed");
      if (isPlatform(edge))
        for (const { id } of reportsIn(request.body)) phases.set(shortened(id), "reported");
    },
    onEnd(exchange) {
      const { edge, request, faults } = exchange;
      for (const kind of faults) count(kind, phaseOf(exchange));
      if (edge === "enqueue" && isDone(exchange))
        for (const id of idsOfJobs(request.body)) if (phases.get(id) !== "over") phases.set(id, "queued");
      if (edge === "send") phases.set(idSent(exchange), isOk(exchange) ? "sent" : "queued");
      if (isPlatform(edge) && isOk(exchange))
        for (const { id, status } of reportsIn(request.body))
          phases.set(shortened(id), FINAL.has(status) ? "over" : "sent");
    },
    befell(kind) {
      for (const phase of phases.values()) if (phase !== "over") count(kind, phase);
    },
  };
}
