import { Queue as SdkQueue, type VCRSession } from "@vonage/vcr-sdk";
import type { Bucket, State } from "../core/ports.ts";

/** A dead letter as the queue holds it, and the proof inside it, which tells one from another. */
export interface DeadLetter {
  mac: string;
  sealed: unknown;
}

export interface DeadLetters {
  /** What the queue gave up on and nobody has put back yet, oldest first. */
  list(): Promise<DeadLetter[]>;
  /**
   * Puts a copy back on its queue and then remembers that. Dying in between only leads to a second copy, and of
   * two copies one is sent: both compete for the same claim.
   */
  replay(letter: DeadLetter): Promise<void>;
  /** Takes away what has been put back, once all of it has. What died meanwhile is put back as well. */
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

  async function replayedTimes(mac: string): Promise<number> {
    return Number((await state.read(bucket, mac)) ?? 0);
  }

  async function list(): Promise<DeadLetter[]> {
    const letters = await all();
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

  async function replay({ mac, sealed }: DeadLetter): Promise<void> {
    await sdk.enqueue(queue, [sealed]);
    await state.increment(bucket, mac);
  }

  return {
    list,
    replay,
    async clear() {
      if ((await list()).length > 0) return 0;
      const letters = await all();
      const known = new Set(letters.map(({ mac }) => mac));
      // Forgotten before they are taken away: dying in between lists them again, which loses nothing.
      for (const mac of known) await state.write(bucket, mac, "0");
      for (let taken = 0; taken < letters.length; taken++) {
        const popped = (await sdk.deadLetterDequeue<unknown[] | null>(queue, 1)) ?? [];
        for (const letter of popped.map(parse)) if (!known.has(letter.mac)) await replay(letter);
      }
      return letters.length;
    },
  };
}

/** The list holds JSON texts, what is taken away may hold the values themselves. */
function parse(entry: unknown): DeadLetter {
  const sealed = typeof entry === "string" ? (JSON.parse(entry) as unknown) : entry;
  return { mac: String((sealed as { mac?: unknown } | null)?.mac ?? JSON.stringify(sealed)), sealed };
}
