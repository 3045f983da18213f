import type { ResultsAnswer } from "../core/insight.ts";

const COLUMNS = [
  ...["platform", "channel", "sender", "template", "language"],
  ...["accepted", "refused", "optedOut", "sent", "delivered", "read", "failed", "waiting"],
] as const;
const REASON_COLUMNS = ["code", "count", "description", "nextStep", "samples"];

/**
 * The rows as a CSV (RFC 4180) for a spreadsheet: a line with a row's figures, and one for each of its reasons with
 * the figures left empty, so that a column adds up.
 */
export function resultsCsv({ rows }: ResultsAnswer): string {
  const lines = rows.flatMap((row) => {
    const figures = COLUMNS.map((name) => row[name]);
    const reasons = row.reasons.map(({ code, count, description, nextStep, samples }) => [
      ...COLUMNS.map((name, index) => (index < 5 ? row[name] : "")),
      ...[code, count, description, nextStep, samples.join(" ")],
    ]);
    return [[...figures, ...REASON_COLUMNS.map(() => "")], ...reasons];
  });
  const written = [[...COLUMNS, ...REASON_COLUMNS], ...lines].map((cells) => cells.map(cell).join(","));
  return `${written.join("\r\n")}\r\n`;
}

/** What a spreadsheet would run as a formula stays text. https://owasp.org/www-community/attacks/CSV_Injection */
function cell(value: string | number): string {
  if (typeof value === "number") return String(value);
  const harmless = /^[\s]*[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n\t;']/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
