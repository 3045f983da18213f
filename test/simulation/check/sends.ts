import type { Watched, Watcher } from "./watch.ts";
import { idSent, idsIn, isDone } from "./wire.ts";

/** From a claim to its send. */
const CLAIM_TO_SEND_MS = 10_000;
/** One a second, where Vonage throttles a single message, and as many again for the probes of each replica. */
const CALLS = { some: 12, everyMs: 1_000 };

/** No message is sent twice, none is called in doubt that surely did not leave, and Vonage is not asked without end. */
export function watchSends({ world, say, admit, wasLost }: Watched): Watcher {
  const sends = new Map<string, { leftAt: number; isAccepted: boolean; isSurelyUnsent: boolean }[]>();
  /** Somebody died, or their call of State, the queue or us went wrong: what became of it may be unknown. */
  const disturbed = new Set<string>();
  let isAnybodyDead = false;
  const doubted = new Set<string>();

  return {
    onEnd(exchange) {
      const { edge, request, leftAt, result, faults } = exchange;
      if (edge === "send") {
        const id = idSent(exchange);
        const isSurelyUnsent = !!result && ("status" in result || result.failure === "refused");
        const all = sends.get(id) ?? [];
        sends.set(id, all);
        all.push({ leftAt, isAccepted: isDone(exchange), isSurelyUnsent });
      } else if (faults.length > 0 && ["state", "callback", "enqueue"].includes(edge))
        for (const id of idsIn(request.body)) disturbed.add(id);
    },
    onLeave({ from }) {
      isAnybodyDead ||= !/^r\d+\.0$/.test(from.name) && /^r\d/.test(from.name);
    },
    log({ msg, msg_id }) {
      if (/^Outcome still unknown/.test(String(msg))) doubted.add(String(msg_id));
    },
    atTheEnd() {
      for (const [id, all] of sends) {
        const accepted = all.filter(({ isAccepted }) => isAccepted).map(({ leftAt }) => leftAt);
        accepted.sort((a, b) => a - b);
        for (const [index, at] of accepted.slice(1).entries()) {
          const isAllowed = world.env?.["IN_DOUBT_POLICY"] === "resend";
          if (isAllowed) admit("sent twice, as the policy resend allows");
          else if (wasLost("claims:", (accepted[index] as number) - CLAIM_TO_SEND_MS, at))
            admit("sent twice, State having lost the claim");
          else say("once", `sent twice: ${id}`);
        }
        const times = all.map(({ leftAt }) => leftAt);
        const span = Math.max(...times) - Math.min(...times);
        if (all.length > CALLS.some + span / CALLS.everyMs)
          say("bounds", `${all.length} requests to Vonage for ${id} in ${span} ms`);
      }
      for (const id of doubted) {
        if (isAnybodyDead || disturbed.has(id) || world.faults.some(({ kind }) => kind === "pause")) continue;
        if ((sends.get(id) ?? []).every(({ isSurelyUnsent }) => isSurelyUnsent))
          say("doubt", `${id} is called in doubt, and nothing of it can have left`);
      }
    },
  };
}
