import { PHASES } from "./coverage.ts";
import type { Outcome } from "./run.ts";
import { EDGES, EXCHANGE_FAULTS } from "./world.ts";

/** What befalls replicas or State, and meets each message wherever it is. */
const BEFALLING = ["kill", "pause", "deploy", "variable", "release", "zero", "empty", "evict"];
/** Phases that a message is in for longer than one exchange. */
const LASTING = ["queued", "claimed", "sending", "sent", "reported"];
/** Deliveries come twice, calls do not. */
const DOUBLED = ["queued", "sent", "reply"];

const isPossible = (kind: string, phase: string) =>
  BEFALLING.includes(kind) ? LASTING.includes(phase) : kind !== "double" || DOUBLED.includes(phase);

/** Sums of many worlds. */
export function createTally() {
  const struck = new Map<string, number>();
  const met = new Map<string, number>();
  const admitted = new Map<string, number>();
  const sums = { worlds: 0, messages: 0, exchanges: 0, ms: 0 };
  const add = (to: Map<string, number>, counts: Record<string, number>) => {
    for (const [what, count] of Object.entries(counts)) to.set(what, (to.get(what) ?? 0) + count);
  };
  return {
    add(outcome: Pick<Outcome, "struck" | "met" | "admitted" | "messages" | "exchanges" | "ms">) {
      add(struck, outcome.struck);
      add(met, outcome.met);
      add(admitted, outcome.admitted);
      sums.worlds++;
      for (const name of ["messages", "exchanges", "ms"] as const) sums[name] += outcome[name];
    },
    worlds: () => sums.worlds,
    /** How often each fault struck each kind of exchange; `-` where it never did. */
    text(): string {
      const { worlds, messages, exchanges, ms } = sums;
      const width = 12;
      const row = (name: string, cells: readonly (string | number)[]) =>
        `${name.padEnd(12)}${cells.map((cell) => String(cell).padStart(width)).join("")}`;
      const table = EDGES.map((edge) =>
        row(
          edge,
          EXCHANGE_FAULTS.map((kind) => struck.get(`${kind} ${edge}`) ?? "-"),
        ),
      );
      const kinds = [...EXCHANGE_FAULTS, ...BEFALLING];
      const byPhase = kinds.map((kind) =>
        row(
          kind,
          PHASES.map((phase) => met.get(`${kind} ${phase}`) ?? "-"),
        ),
      );
      const never = kinds.flatMap((kind) => {
        const missing = PHASES.filter((phase) => !met.has(`${kind} ${phase}`) && isPossible(kind, phase));
        return missing.length > 0 ? [`${kind} (${missing.join(", ")})`] : [];
      });
      const others = [...struck].filter(([what]) => !what.includes(" "));
      const counts = (all: [string, number][]) =>
        all.map(([what, count]) => `${what}: ${count}`).join(", ") || "none";
      return [
        `${worlds} worlds, ${(ms / 3_600_000).toFixed(1)} hours, ${messages} messages sent, ${exchanges} exchanges`,
        row("", EXCHANGE_FAULTS),
        ...table,
        row("", PHASES),
        ...byPhase,
        `never met: ${never.join(", ") || "nothing"}`,
        `beside these: ${counts(others)}`,
        `admitted: ${counts([...admitted])}`,
      ].join("\n");
    },
  };
}
