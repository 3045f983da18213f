import { ConnectorError } from "./errors.ts";
import type { Runtime, Timer, Timers } from "./runtime.ts";

export interface BatchOptions<T> {
  /** Most items in one call. */
  maxItems: number;
  /** Most bytes in one call, as told by `sizeOf`; an item larger than that goes alone. */
  maxBytes?: number;
  sizeOf?: (item: T) => number;
  /** Full batches in flight at once. */
  maxInflight: number;
  /** Partial batches wait while this many calls are in flight. */
  partialInflight: number;
  /** Partial batches leave this far apart, so that load is met with larger batches; a lone one leaves at once. */
  spacingMs?: number;
  /** So many may leave at once after a rest: whoever asks several times in a row does not wait each time. */
  burst?: number;
  /** Items waiting at the most; past that a caller is refused at once. */
  maxWaiting: number;
  /** An item that waited longer is refused instead of being sent: its caller has little time left. */
  maxWaitMs: number;
}

interface Waiting<T, R> {
  item: T;
  bytes: number;
  since: number;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/**
 * Groups what arrives while calls are in flight into the next call. A lone item leaves at the end of the current
 * turn of the event loop, so an idle system never waits, and load makes the batches larger.
 * `run` resolves to one result per item, in order, an Error for an item that failed alone; when it rejects, every
 * item of that call does.
 */
export function createBatcher<T, R>(
  run: (items: T[]) => Promise<(R | Error)[]>,
  options: BatchOptions<T>,
  runtime: Timers & Pick<Runtime, "now" | "setImmediate">,
): (item: T) => Promise<R> {
  const waiting: Waiting<T, R>[] = [];
  let head = 0;
  let bytesWaiting = 0;
  let inflight = 0;
  let scheduled = false;
  let timer: Timer | undefined;
  /** When the next partial batch is due, were all of them evenly apart. */
  let due = 0;
  const spacingMs = options.spacingMs ?? 0;
  const burstMs = spacingMs * ((options.burst ?? 1) - 1);

  const isFull = () =>
    waiting.length - head >= options.maxItems ||
    bytesWaiting >= (options.maxBytes ?? Number.POSITIVE_INFINITY);

  function takeBatch(): Waiting<T, R>[] {
    const batch: Waiting<T, R>[] = [];
    let bytes = 0;
    while (head < waiting.length && batch.length < options.maxItems) {
      const next = waiting[head] as Waiting<T, R>;
      const fits = batch.length === 0 || bytes + next.bytes <= (options.maxBytes ?? Number.POSITIVE_INFINITY);
      if (!fits) break;
      head++;
      bytesWaiting -= next.bytes;
      if (runtime.now() - next.since > options.maxWaitMs) {
        next.reject(overloaded("Waited too long for its turn"));
        continue;
      }
      bytes += next.bytes;
      batch.push(next);
    }
    if (head > 1_000 || head === waiting.length) {
      waiting.splice(0, head);
      head = 0;
    }
    return batch;
  }

  async function launch(batch: Waiting<T, R>[]): Promise<void> {
    inflight++;
    try {
      const results = await run(batch.map((entry) => entry.item));
      batch.forEach((entry, index) => {
        const result = results[index] as R | Error;
        if (result instanceof Error) entry.reject(result);
        else entry.resolve(result);
      });
    } catch (error) {
      for (const entry of batch) entry.reject(error);
    } finally {
      inflight--;
      flush();
    }
  }

  function flush(): void {
    scheduled = false;
    runtime.clearTimeout(timer);
    while (head < waiting.length && inflight < (isFull() ? options.maxInflight : options.partialInflight)) {
      const early = isFull() ? 0 : due - burstMs - runtime.now();
      if (early > 0) {
        schedule(early);
        return;
      }
      due = Math.max(due, runtime.now()) + spacingMs;
      const batch = takeBatch();
      if (batch.length > 0) void launch(batch);
    }
  }

  /** A pending timer does not delay a batch that has filled up since: arrivals look at that themselves. */
  function schedule(ms = 0): void {
    if (scheduled) return;
    scheduled = true;
    if (ms === 0) runtime.setImmediate(flush);
    else timer = runtime.setTimeout(flush, ms);
  }

  return (item) =>
    new Promise((resolve, reject) => {
      if (waiting.length - head >= options.maxWaiting) {
        reject(overloaded("Too many requests are waiting"));
        return;
      }
      const bytes = options.sizeOf?.(item) ?? 0;
      waiting.push({ item, bytes, since: runtime.now(), resolve, reject });
      bytesWaiting += bytes;
      if (isFull()) flush();
      else schedule();
    });
}

const overloaded = (message: string) => new ConnectorError("overloaded", message, { retryable: true });
