import type { Template } from "../message.ts";
import { partFaults } from "./faults.ts";
import { compilePart, type Need } from "./requirements.ts";
import type { SentComponent } from "./sent-components.ts";
import { APPROVED, type CatalogTemplate, languageKey } from "./template.ts";

/**
 * What the catalog says of a send. `mismatch`: the template is there and does not take the send. `missing`: the
 * catalog has no such template, or not approved, which may have changed since it was fetched.
 */
export type Verdict = { kind: "match" } | { kind: "mismatch" | "missing"; faults: string[] };

export interface TemplateIndex {
  /** Names every fault of the send, in sentences without a value of the send in them. */
  check(send: Template): Verdict;
  find(name: string, language: string): CatalogTemplate | undefined;
}

const MATCH: Verdict = { kind: "match" };

/**
 * Statuses with which Meta surely sends nothing. Of the others (flagged, about to be deleted, unknown to us) it
 * is not sure, so they pass. https://developers.facebook.com/docs/whatsapp/message-templates/guidelines
 */
const UNSENDABLE = new Set(["PENDING", "REJECTED", "PAUSED", "DISABLED", "DELETED", "IN_APPEAL", "ARCHIVED"]);

interface Compiled {
  template: CatalogTemplate;
  /** Compiled when first asked for: of thousands of templates, a campaign uses a few. */
  need?: Need;
}

/** Compiles a template once, so that a check costs about a microsecond. */
export function createTemplateIndex(templates: readonly CatalogTemplate[]): TemplateIndex {
  const names = new Map<string, Map<string, Compiled>>();
  for (const template of templates) {
    const languages = names.get(template.name) ?? new Map<string, Compiled>();
    names.set(template.name, languages);
    const key = languageKey(template.language);
    // A deleted template and its successor can be listed side by side: the approved one counts.
    if (languages.get(key)?.template.status === APPROVED) continue;
    languages.set(key, { template });
  }

  const find = (name: string, language: string) => names.get(name)?.get(languageKey(language));

  return {
    find: (name, language) => find(name, language)?.template,
    check({ name, language, components }) {
      const found = find(name, language.code);
      if (!found) return missing(name, language.code, names.get(name));
      const { template } = found;
      found.need ??= needOf(template);
      const { need } = found;
      if (UNSENDABLE.has(template.status)) {
        return {
          kind: "missing",
          faults: [`${need.label} is not approved: its status is ${template.status}`],
        };
      }
      const faults = partFaults(need, (components ?? []) as SentComponent[]);
      return faults.length === 0 ? MATCH : { kind: "mismatch", faults };
    },
  };
}

/** A shape that is not Meta's as we know it needs nothing that could be missing. */
function needOf({ name, language, category, components }: CatalogTemplate): Need {
  const label = `${name} (${language})`;
  try {
    const need = compilePart(components, label);
    // Their text is Meta's own and the code is always its parameter, whether or not the list shows a placeholder.
    if (category.toUpperCase() === "AUTHENTICATION" && need.body?.count === 0) delete need.body;
    return need;
  } catch {
    return { label, offerEnds: false };
  }
}

function missing(name: string, language: string, languages: Map<string, Compiled> | undefined): Verdict {
  // A namespace before the name is WhatsApp's older way to write it, and other spelling may be forgiven: it passes.
  if (!languages && (name.includes(":") || name !== name.trim().toLowerCase())) return MATCH;
  const others = [...(languages?.values() ?? [])].map(({ template }) => template.language).sort();
  const fault =
    others.length === 0
      ? `the WhatsApp account has no template ${name}`
      : `${name} does not exist in ${language}, only in ${listed(others)}`;
  return { kind: "missing", faults: [fault] };
}

const listed = (items: string[]) =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
