import { hasImmediates, real } from "./globals.ts";
import { chance } from "./hash.ts";

/** Who an event belongs to: what dies takes its events with it, what is paused has them later. */
export interface Owner {
  name: string;
  isAlive: boolean;
  pausedUntil: number;
  diedAt?: number;
}

export interface Event {
  at: number;
  tie: number;
  sequence: number;
  owner: Owner;
  run: (() => void) | undefined;
}

export interface Scheduler {
  now(): number;
  after(ms: number, owner: Owner, run: () => void): Event;
  cancel(event: Event): void;
  /** Goes on until `isDone` says so, asked between two events, or until that moment. */
  run(until: number, isDone?: () => boolean): Promise<void>;
  /** Events so far. */
  steps(): number;
}

const isBefore = (a: Event, b: Event) =>
  a.at !== b.at ? a.at < b.at : a.tie !== b.tie ? a.tie < b.tie : a.sequence < b.sequence;

/** So many events without virtual time going on are a loop that never ends. */
const MOST_AT_ONCE = 200_000;

/**
 * One line of events for everybody. At equal times the seed decides who comes first; what belongs to one owner keeps
 * its order, as it would in a process.
 */
export function createScheduler(seed: number, start: number): Scheduler {
  const heap: Event[] = [];
  let now = start;
  let sequence = 0;
  let steps = 0;
  let atOnce = 0;

  function push(event: Event): void {
    let at = heap.push(event) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(event, heap[above] as Event)) break;
      heap[at] = heap[above] as Event;
      at = above;
    }
    heap[at] = event;
  }

  function pop(): Event | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (!last || last === first) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      const other = heap[below + 1];
      if (other && isBefore(other, heap[below] as Event)) below++;
      if (!isBefore(heap[below] as Event, last)) break;
      heap[at] = heap[below] as Event;
      at = below;
    }
    heap[at] = last;
    return first;
  }

  /** Everything that waits for no other event goes on. */
  async function settle(): Promise<void> {
    do await new Promise<void>((resolve) => real.setImmediate(resolve));
    while (hasImmediates());
  }

  return {
    now: () => now,
    steps: () => steps,
    after(ms, owner, run) {
      // As Node does it with a time that it cannot count.
      const wait = ms >= 2 ** 31 ? 1 : Math.max(0, Math.ceil(Number.isFinite(ms) ? ms : 0));
      const at = now + wait;
      const event = { at, tie: chance(seed, owner.name, at), sequence: sequence++, owner, run };
      push(event);
      return event;
    },
    cancel(event) {
      event.run = undefined;
    },
    async run(until, isDone = () => false) {
      for (;;) {
        await settle();
        if (isDone()) return;
        const event = heap[0];
        if (!event || event.at > until) {
          now = Math.max(now, until);
          return;
        }
        pop();
        if (!event.run || !event.owner.isAlive) continue;
        atOnce = event.at > now ? 0 : atOnce + 1;
        if (atOnce > MOST_AT_ONCE) throw new Error("time stands still");
        now = Math.max(now, event.at);
        if (event.owner.pausedUntil > now) {
          event.at = event.owner.pausedUntil;
          push(event);
          continue;
        }
        steps++;
        event.run();
      }
    },
  };
}
