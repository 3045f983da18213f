/**
 * How far a message is known to have come. `released`: that attempt surely did not send and was put back as the
 * next one. `unknown`: that attempt may have sent.
 */
export type Phase = { is: "sent" | "refused" } | { is: "released" | "unknown"; attempt: number };

/** `sent`, `refused`, `released:2`, `unknown:2`; as State has it with the time after it, for the message's story. */
export function formatPhase(phase: Phase, at?: number): string {
  const words = "attempt" in phase ? `${phase.is}:${phase.attempt}` : phase.is;
  return at === undefined ? words : `${words} ${Math.round(at)}`;
}

/** When the phase was reached, milliseconds since the epoch. */
export function phaseTime(text: string): number | undefined {
  const [, at] = text.match(/ (\d+)$/) ?? [];
  return at === undefined ? undefined : Number(at);
}

/** Undefined for what is none, or none that this version knows: then nothing is known. */
export function parsePhase(text: string | null): Phase | undefined {
  const words = text?.replace(/ \d+$/, "");
  if (words === "sent" || words === "refused") return { is: words };
  const [, is, attempt] = words?.match(/^(released|unknown):(\d+)$/) ?? [];
  return is === "released" || is === "unknown" ? { is, attempt: Number(attempt) } : undefined;
}

/**
 * What is known of one attempt. `over`: the message is settled, or a later attempt has it. `released`: the attempt did
 * not send. `open`: nobody knows, and what is known of the attempts before it does not help.
 */
export type Fate = "over" | "released" | "open";

export function fateOf(attempt: number, phase: Phase | undefined): Fate {
  if (!phase) return "open";
  if (!("attempt" in phase) || phase.attempt > attempt) return "over";
  return phase.is === "released" && phase.attempt === attempt ? "released" : "open";
}
