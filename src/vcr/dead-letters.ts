import { Queue as SdkQueue, type VCRSession } from "@vonage/vcr-sdk";
import type { Bucket, State } from "../core/ports.ts";

/** A dead letter as the queue holds it, and the proof inside it, which tells one from another. */
export interface DeadLetter {
  mac: string;
  signed: unknown;
}

export interface DeadLetters {
  /** What the queue gave up on and nobody has put back yet, oldest first. */
  list(): Promise<DeadLetter[]>;
  /**
   * Puts a copy back on its queue and then remembers that. Dying in between only leads to a second copy, and of
   * two copies one is sent: both compete for the same claim.
   */
  replay(letter: DeadLetter): Promise<void>;
  /**
   * Takes away what has been put back, once all of it has. What died meanwhile is put back first. The provider takes
   * letters away in an order of its own and without waiting for an answer: one that dies between the last look and
   * the taking is put back after it, and is lost when the process or the queue fails in that moment.
   */
  clear(): Promise<number>;
}

/** How often each dead letter was put back: one that dies again counts anew. */
const replayedBucket = (queue: string): Bucket => ({
  key: `replayed:${queue}`,
  ttl: 30 * 24 * 3_600,
  scope: "instance",
});

/**
 * The provider only lets dead letters be listed, or taken away for good in an order of its own; so they are put
 * back by copy, and taken away last.
 */
export function createDeadLetters(session: VCRSession, queue: string, state: State): DeadLetters {
  const sdk = new SdkQueue(session);
  const bucket = replayedBucket(queue);

  const all = async () => (await sdk.deadLetterList(queue)).map(parse);
  const putBack = ({ signed }: DeadLetter) => sdk.enqueue(queue, [signed]);

  async function replayedTimes(mac: string): Promise<number> {
    return Number((await state.read(bucket, mac)) ?? 0);
  }

  /** Those that nobody has put back yet. */
  async function waitingOf(letters: readonly DeadLetter[]): Promise<DeadLetter[]> {
    const macs = [...new Set(letters.map(({ mac }) => mac))];
    // Asked together, they share the calls to State.
    const times = await Promise.all(macs.map(replayedTimes));
    const left = new Map(macs.map((mac, index) => [mac, times[index] ?? 0]));
    return letters.filter(({ mac }) => {
      const replayed = left.get(mac) ?? 0;
      left.set(mac, replayed - 1);
      return replayed <= 0;
    });
  }

  return {
    list: async () => waitingOf(await all()),
    async replay(letter) {
      await putBack(letter);
      await state.increment(bucket, letter.mac);
    },
    async clear() {
      const letters = await all();
      if ((await waitingOf(letters)).length > 0) return 0;
      const settled = countByMac(letters);
      // Forgotten before they are taken away: dying in between lists them again, which loses nothing.
      for (const mac of settled.keys()) await state.write(bucket, mac, "0");
      for (let left = letters.length; left > 0; left -= AT_ONCE) {
        for (const [letter, copies] of await unsettled(settled)) {
          await putBack(letter);
          settled.set(letter.mac, copies);
        }
        const popped = await sdk.deadLetterDequeue<unknown[] | null>(queue, Math.min(AT_ONCE, left));
        for (const letter of (popped ?? []).map(parse)) {
          const copies = settled.get(letter.mac) ?? 0;
          if (copies > 0) settled.set(letter.mac, copies - 1);
          else await putBack(letter);
        }
      }
      // What was put back meanwhile may still lie there in place of what was taken away.
      for (const [mac, copies] of settled) if (copies > 0) await state.write(bucket, mac, String(copies));
      return letters.length;
    },
  };

  /** What lies there beyond the copies that were put back, each with the number of copies it is then. */
  async function unsettled(settled: ReadonlyMap<string, number>): Promise<[DeadLetter, copies: number][]> {
    const seen = new Map<string, number>();
    return (await all()).flatMap((letter): [DeadLetter, number][] => {
      const copies = (seen.get(letter.mac) ?? 0) + 1;
      seen.set(letter.mac, copies);
      return copies > (settled.get(letter.mac) ?? 0) ? [[letter, copies]] : [];
    });
  }
}

/** Letters taken away by one request. */
const AT_ONCE = 100;

function countByMac(letters: readonly DeadLetter[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { mac } of letters) counts.set(mac, (counts.get(mac) ?? 0) + 1);
  return counts;
}

/** The list holds JSON texts, what is taken away may hold the values themselves. */
function parse(entry: unknown): DeadLetter {
  const signed = typeof entry === "string" ? (JSON.parse(entry) as unknown) : entry;
  return { mac: String((signed as { mac?: unknown } | null)?.mac ?? JSON.stringify(signed)), signed };
}
