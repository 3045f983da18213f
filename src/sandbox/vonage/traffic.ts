import { z } from "zod";
import type { Traffic } from "./lifecycle.ts";

const share = z.number().min(0).max(1);

/** The settings of a `PUT /_sandbox/traffic`; throws on anything that is not one. */
export function parseTraffic(body: unknown): Partial<Traffic> {
  const settings = z.strictObject({
    statuses: z.boolean(),
    delayMs: z.tuple([z.int().min(0), z.int().min(0)]),
    failureShare: share,
    throttledShare: share,
    readShare: share,
    doubleShare: share,
    shuffleShare: share,
    beforeAnswerShare: share,
    unsignedShare: share,
    wrongSignatureShare: share,
    ratePerSecond: z.number().positive().nullable(),
  });
  return settings.partial().parse(body) as Partial<Traffic>;
}
