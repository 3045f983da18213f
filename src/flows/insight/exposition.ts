import type { State } from "../../core/ports.ts";
import { REPLICAS } from "../../core/state-keys.ts";
import { withDeadline } from "../../lib/deadline.ts";
import { mergedText } from "../../lib/metrics.ts";
import type { Runtime } from "../../lib/runtime.ts";
import { metricsField, readReplicas } from "./replicas.ts";
import { GONE_MS } from "./status.ts";

export interface ExpositionPorts {
  self: string;
  /** This process's figures. */
  own(): Promise<string>;
  /** Asks anew for what is asked for only now and then. */
  refresh(): Promise<void>;
  state: State;
  runtime: Pick<Runtime, "now" | "setTimeout" | "clearTimeout">;
}

/** Whoever scrapes waits ten seconds. */
const OTHERS_MS = 1_500;

/**
 * The figures of every replica that was heard of within five minutes, the others' as they were at their last flush;
 * while State is away, those of this one.
 */
export async function exposition({ self, own, refresh, state, runtime }: ExpositionPorts): Promise<string> {
  const inTime = <T>(work: Promise<T>, otherwise: T): Promise<T> =>
    withDeadline(work, OTHERS_MS, "", runtime).catch(() => otherwise);
  const [others] = await Promise.all([inTime(readTexts(), []), inTime(refresh(), undefined)]);
  return mergedText([{ replica: self, text: await own() }, ...others]);

  async function readTexts(): Promise<{ replica: string; text: string }[]> {
    const replicas = await readReplicas(state);
    const there = replicas.filter(({ id, seenAt }) => id !== self && runtime.now() - seenAt < GONE_MS);
    const texts = there.map(async ({ id }) => ({
      replica: id,
      text: (await state.read(REPLICAS, metricsField(id))) ?? "",
    }));
    return Promise.all(texts);
  }
}
