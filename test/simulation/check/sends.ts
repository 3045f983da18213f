import type { Watched, Watcher } from "./watch.ts";
import { idSent, idsIn, isDone } from "./wire.ts";

/** From a claim to its send. */
const CLAIM_TO_SEND_MS = 10_000;
/** Where it is too fast for Vonage, five seconds apart in the end; where Vonage is away, as its probes are. */
const CALLS = { throttled: { some: 10, everyMs: 3_500 }, others: { some: 20, everyMs: 12_000 } };

/** A claim whose content could not be loaded, or whose owner died. */
const CLAIMS_UNUSED = 4;

/** What another says, or a page in place of an answer, may hide that it was taken. */
const isRefusal = (status: number) => (status >= 400 && status <= 500) || status === 503;

interface Sent {
  leftAt: number;
  isAccepted: boolean;
  isSurelyUnsent: boolean;
  isThrottled: boolean;
}

/** No message is sent twice, none is called in doubt that surely did not leave, and Vonage is not asked without end. */
export function watchSends({ world, say, admit, wasLost }: Watched): Watcher {
  const sends = new Map<string, Sent[]>();
  /** Somebody died, or their call of State, the queue or us went wrong: what became of it may be unknown. */
  const disturbed = new Set<string>();
  let isAnybodyDead = false;
  const doubted = new Set<string>();
  /** The highest attempt that was claimed. */
  const attempts = new Map<string, number>();

  return {
    onEnd(exchange) {
      const { edge, request, leftAt, result, faults } = exchange;
      if (edge === "send") {
        const id = idSent(exchange);
        const isSurelyUnsent =
          !!result && ("status" in result ? isRefusal(result.status) : result.failure === "refused");
        const all = sends.get(id) ?? [];
        sends.set(id, all);
        const isThrottled =
          exchange.answer?.status === 429 || (!!result && "status" in result && result.status === 429);
        all.push({ leftAt, isAccepted: isDone(exchange), isSurelyUnsent, isThrottled });
      } else if (faults.length > 0 && ["state", "callback", "enqueue"].includes(edge))
        for (const id of idsIn(request.body)) disturbed.add(id);
    },
    onLeave({ edge, from, request }) {
      if (edge === "state" && request.body.includes('"claims:') && request.body.includes("HINCRBY"))
        for (const [, id = "", attempt] of request.body.matchAll(/"\w\w:([\w.-]+)#(\d+)"/g))
          attempts.set(id, Math.max(attempts.get(id) ?? 0, Number(attempt)));
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
        for (const why of ["throttled", "others"] as const) {
          const times = all
            .filter(({ isThrottled }) => isThrottled === (why === "throttled"))
            .map(({ leftAt }) => leftAt);
          const span = Math.max(...times) - Math.min(...times);
          if (times.length > 0 && times.length > CALLS[why].some + span / CALLS[why].everyMs)
            say("bounds", `${times.length} requests to Vonage for ${id} in ${span} ms (${why})`);
        }
      }
      // Whoever has a slot sends, or was told at once that this failed.
      for (const [id, attempt] of attempts) {
        if (attempt > (sends.get(id)?.length ?? 0) + CLAIMS_UNUSED)
          say("bounds", `${attempt} claims for ${sends.get(id)?.length ?? 0} requests to Vonage for ${id}`);
      }
      for (const id of doubted) {
        if (isAnybodyDead || disturbed.has(id) || world.faults.some(({ kind }) => kind === "pause")) continue;
        // Others are sent under a key.
        if (!/^[\w.-]+$/.test(id)) continue;
        if ((sends.get(id) ?? []).every(({ isSurelyUnsent }) => isSurelyUnsent))
          say("doubt", `${id} is called in doubt, and nothing of it can have left`);
      }
    },
  };
}
