import type { TemplatesAnswer } from "../../core/insight.ts";
import type { State } from "../../core/ports.ts";
import { DAY_MS, mismatchBucket } from "../../core/state-keys.ts";
import { compilePart, type Need, type TextNeed } from "../../core/template/requirements.ts";
import type { CatalogTemplate } from "../../core/template/template.ts";
import type { Clock } from "../../lib/runtime.ts";
import type { Catalog, Entry } from "./catalog.ts";

export interface OverviewPorts {
  catalog: Pick<Catalog, "entry" | "reload">;
  numbers: readonly string[];
  state: Pick<State, "scan">;
  now: Clock;
}

/** As many differences are looked through; after a campaign that does not fit there may be one for each of its messages. */
const MOST_DIFFERENCES = 2_000;

/** The templates as the connector knows them, and what did not fit them in the last two days. Nothing is fetched. */
export async function templateOverview({
  catalog,
  numbers,
  state,
  now,
}: OverviewPorts): Promise<TemplatesAnswer> {
  const known = await Promise.all(
    numbers.map(async (number) => catalog.entry(number) ?? (await catalog.reload(number))),
  );
  const entries = [...new Set(known)].filter((entry): entry is Entry => entry !== undefined);
  if (entries.length === 0) return { syncedAt: null, templates: [] };
  const differences = await differencesOf(state, now());
  const syncedAt = new Date(Math.min(...entries.map(({ startedAt }) => startedAt))).toISOString();
  const templates = entries
    .flatMap(({ templates: list }) => list)
    .map((template) => shown(template, differences))
    .toSorted((a, b) => (`${a.name} ${a.language}` < `${b.name} ${b.language}` ? -1 : 1));
  return { syncedAt, templates };
}

async function differencesOf(state: Pick<State, "scan">, at: number): Promise<string[]> {
  const found = new Set<string>();
  let seen = 0;
  for (const day of [at, at - DAY_MS]) {
    for await (const [, difference] of state.scan(mismatchBucket(day))) {
      found.add(difference);
      if (++seen >= MOST_DIFFERENCES) return [...found];
    }
  }
  return [...found];
}

function shown(
  { name, language, status, components }: CatalogTemplate,
  differences: readonly string[],
): TemplatesAnswer["templates"][number] {
  const label = `${name} (${language})`;
  const lastMismatch = differences.find((text) => isAbout(text, label)) ?? null;
  return { name, language, status, parameters: needsOf(compilePart(components, label)), lastMismatch };
}

/** A longer name may end like another one. */
const isAbout = (difference: string, label: string) =>
  difference.split(label).some((before, index, parts) => index < parts.length - 1 && !/\w$/.test(before));

/** What a send has to bring, in words. */
function needsOf({ header, body, buttons = [], cards = [], offerEnds }: Need): string[] {
  const ofHeader =
    header?.kind === "media"
      ? [`header: ${header.type.toLowerCase()}`]
      : header?.kind === "text"
        ? texts("header", header)
        : [];
  return [
    ...ofHeader,
    ...(body ? texts("body", body) : []),
    ...buttons.flatMap(({ label, needs }) => (needs ? [`${label.split(" of ")[0]}: ${needs}`] : [])),
    ...(cards.length > 0 ? [`${cards.length} cards`] : []),
    ...(offerEnds ? ["the end of the offer"] : []),
  ];
}

const texts = (where: string, { count, names }: TextNeed) =>
  count === 0 ? [] : [`${where}: ${names ? names.join(", ") : count === 1 ? "1 value" : `${count} values`}`];
