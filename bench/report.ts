import type { Figures } from "./measure.ts";
import type { Ratio, Scenario } from "./scenarios/scenario.ts";

type Result = Record<string, Record<string, Figures>>;

/** NaN where something was not measured. */
export function ratioOf({ part, figure, of, by }: Ratio, result: Result): number {
  const value = result[of]?.[part]?.[figure] ?? Number.NaN;
  return by === undefined ? value : value / (result[by]?.[part]?.[figure] ?? Number.NaN);
}

/** Three digits that say something. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3;
  return value.toFixed(digits);
}

/** A table for each part, figures downwards and subjects across; then what is compared. */
export function linesOf(
  { name, about }: Pick<Scenario, "name" | "about">,
  result: Result,
  ratios: readonly (Ratio & { value: number })[],
): string[] {
  const subjects = Object.keys(result);
  const parts = [...new Set(subjects.flatMap((subject) => Object.keys(result[subject] ?? {})))];
  const lines = ["", `${name}: ${about}`];
  for (const part of parts) {
    const those = subjects.filter((subject) => result[subject]?.[part]);
    const figures = [...new Set(those.flatMap((subject) => Object.keys(result[subject]?.[part] ?? {})))];
    lines.push("", `  ${part.padEnd(28)}${those.map((subject) => subject.padStart(12)).join("")}`);
    for (const figure of figures) {
      const values = those.map((subject) =>
        shown(result[subject]?.[part]?.[figure] ?? Number.NaN).padStart(12),
      );
      lines.push(`  ${figure.padEnd(28)}${values.join("")}`);
    }
  }
  if (ratios.length > 0) lines.push("");
  for (const { words, value, goal } of ratios)
    lines.push(`  ${words.padEnd(46)}${shown(value)}${goal ? `   (${goal})` : ""}`);
  return lines;
}
