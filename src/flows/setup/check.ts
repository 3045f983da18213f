import type { SetupAnswer, SetupCheck } from "../../core/insight.ts";
import { withDeadline } from "../../lib/deadline.ts";
import type { Runtime } from "../../lib/runtime.ts";

export type Finding = Pick<SetupCheck, "ok" | "found" | "remedy">;

/** One thing that is looked at. Changes nothing. */
export interface Probe {
  id: string;
  title: string;
  /** Rejecting means that it could not be looked at. */
  look(): Promise<Finding>;
}

/** The answer is there by then, with what is known by then. */
const ANSWER_MS = 2_000;
/** What takes longer could not be looked at. */
const PROBE_MS = 10_000;
/** Whoever looks again at once sees the same. */
const KEPT_MS = 5_000;

const PENDING: Finding = {
  ok: null,
  found: "Still being looked at: check again in some seconds",
  remedy: "",
};

interface Run {
  startedAt: number;
  findings: Map<string, Finding>;
  done: Promise<unknown>;
}

/** Looks at everything at the same time, and never for longer than an answer may take. */
export function createSetupCheck(probes: readonly Probe[], runtime: Runtime): () => Promise<SetupAnswer> {
  let last: Run | undefined;

  function begin(): Run {
    const findings = new Map<string, Finding>();
    const looks = probes.map(async ({ id, look }) => {
      findings.set(
        id,
        await withDeadline(look(), PROBE_MS, "No answer came in time", runtime).catch(unknown),
      );
    });
    return { startedAt: runtime.now(), findings, done: Promise.all(looks) };
  }

  return async () => {
    const isFresh = last && (runtime.now() - last.startedAt < KEPT_MS || last.findings.size < probes.length);
    const run = isFresh && last ? last : begin();
    last = run;
    await withDeadline(run.done, ANSWER_MS, "", runtime).catch(() => undefined);
    return {
      checkedAt: new Date(run.startedAt).toISOString(),
      checks: probes.map(({ id, title }) => ({ id, title, ...(run.findings.get(id) ?? PENDING) })),
    };
  };
}

const unknown = (): Finding => ({
  ok: null,
  found: "This could not be looked at now: whoever had to be asked did not answer",
  remedy: "",
});
