import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Random } from "./random.ts";
import type { Reply } from "./server.ts";

/**
 * Trouble a fake can be told to make. `down` answers 503, `status` answers that, `delayMs` is late, `hang` never
 * answers, `lie` answers 200 with garbage without doing the work; `share` of the calls, all by default.
 */
export const Fault = z.strictObject({
  down: z.boolean().optional(),
  status: z.int().min(400).max(599).optional(),
  delayMs: z.number().min(0).optional(),
  hang: z.boolean().optional(),
  lie: z.boolean().optional(),
  share: z.number().min(0).max(1).optional(),
});
export type Fault = z.infer<typeof Fault>;

export interface Faults<Name extends string> {
  set(name: Name, fault: Fault | null): void;
  all(): Partial<Record<Name, Fault>>;
  /** Waits if told to; then the answer the fault gives, or undefined when the request is served as usual. */
  apply(name: Name): Promise<Reply | undefined>;
}

/** `usualMs`: how long each name takes to answer without any trouble; 0 by default. */
export function createFaults<Name extends string>(
  random: Random,
  usualMs: Partial<Record<Name, number | undefined>> = {},
): Faults<Name> {
  const faults = new Map<Name, Fault>();
  return {
    set(name, fault) {
      if (fault === null) faults.delete(name);
      else faults.set(name, Fault.parse(fault));
    },
    all: () => Object.fromEntries(faults) as Partial<Record<Name, Fault>>,
    async apply(name) {
      if (usualMs[name]) await sleep(usualMs[name]);
      const fault = faults.get(name);
      if (fault === undefined || !random.chance(fault.share ?? 1)) return undefined;
      if (fault.delayMs !== undefined) await sleep(fault.delayMs);
      if (fault.hang) return "hang";
      if (fault.down) return { status: 503, body: { message: "out of order" } };
      if (fault.status !== undefined) return { status: fault.status, body: { message: "refused" } };
      if (fault.lie) {
        return { status: 200, body: "<html>It works!</html>", headers: { "content-type": "text/html" } };
      }
      return undefined;
    },
  };
}
