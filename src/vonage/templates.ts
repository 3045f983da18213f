import type { z } from "zod";
import type { TemplateSource } from "../core/ports.ts";
import type { CatalogTemplate, TemplateComponent } from "../core/template/template.ts";
import { type managedTemplate, numberPage, templatePage, wabaPage } from "./contract.ts";
import { type Manager, malformed } from "./manager.ts";

/** Up to 500 are allowed, and large pages are documented to time out. */
const PAGE_SIZE = 100;
/** Meta allows 6,000 templates; a list that goes on for longer does not end. */
const MAX_PAGES = 100;
const WABA_PAGE_SIZE = 50;
/** Accounts asked for their numbers at the same time. */
const AT_ONCE = 5;

/** Templates and accounts from Vonage's management APIs, whole or not at all. */
export function createTemplateSource(manager: Manager): TemplateSource {
  async function list(wabaId: string, deadline: number): Promise<CatalogTemplate[]> {
    const what = `the templates of WABA ${wabaId}`;
    const path = `/v2/whatsapp-manager/wabas/${encodeURIComponent(wabaId)}/templates`;
    const templates: CatalogTemplate[] = [];
    const seen = new Set<string>();
    let after: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const query = new URLSearchParams({ limit: String(PAGE_SIZE), ...(after ? { after } : {}) });
      const answer = templatePage.safeParse(await manager.get(`${path}?${query}`, what, deadline)).data;
      if (!answer) throw malformed(what);
      templates.push(...answer.templates.map(toTemplate));
      const next = nextCursor(answer);
      if (next === "") throw malformed(what);
      if (next === undefined) return withoutRepeats(templates);
      // A cursor that comes again would go round for ever, and its list would have a hole.
      if (seen.has(next)) {
        if (answer.templates.length === 0) return withoutRepeats(templates);
        throw malformed(what);
      }
      seen.add(next);
      after = next;
    }
    throw malformed(what);
  }

  async function allPages<T>(
    path: string,
    what: string,
    deadline: number,
    read: (answer: unknown) => { items: T[]; pages: number },
  ): Promise<T[]> {
    const all: T[] = [];
    for (let page = 1; page <= MAX_PAGES; page++) {
      const query = `page=${page}&page_size=${WABA_PAGE_SIZE}`;
      const { items, pages } = read(await manager.get(`${path}?${query}`, what, deadline));
      all.push(...items);
      if (page >= pages) return all;
    }
    throw malformed(what);
  }

  const wabaIds = (deadline: number) => {
    const what = "which WhatsApp Business Accounts this API key has";
    return allPages("/v1/channel-manager/whatsapp/wabas", what, deadline, (answer) => {
      const page = wabaPage.safeParse(answer).data;
      if (!page) throw malformed(what);
      return {
        items: (page._embedded?.wabas ?? []).map(({ waba_id }) => waba_id),
        pages: page.total_pages ?? 1,
      };
    });
  };

  async function holds(wabaId: string, number: string, deadline: number): Promise<boolean> {
    const what = `the numbers of WABA ${wabaId}`;
    const path = `/v1/channel-manager/whatsapp/wabas/${encodeURIComponent(wabaId)}/numbers`;
    const numbers = await allPages(path, what, deadline, (answer) => {
      const page = numberPage.safeParse(answer).data;
      if (!page) throw malformed(what);
      return {
        items: Object.values(page._embedded ?? {}).flatMap((value) => (Array.isArray(value) ? value : [])),
        pages: page.total_pages ?? 1,
      };
    });
    return numbers.some((item) => isNumber(item, number));
  }

  return {
    list,
    async findWaba(number, deadline) {
      const ids = await wabaIds(deadline);
      for (let at = 0; at < ids.length; at += AT_ONCE) {
        const some = ids.slice(at, at + AT_ONCE);
        const found = await Promise.all(some.map((id) => holds(id, number, deadline)));
        const index = found.indexOf(true);
        if (index >= 0) return some[index];
      }
      return undefined;
    },
  };
}

/**
 * The cursor of the page after this one, empty when there is one and its cursor is not told. Without `next`, a
 * full page may still have one behind it.
 */
function nextCursor({ templates, paging }: z.output<typeof templatePage>): string | undefined {
  const { next, cursors } = paging ?? {};
  const inUrl = next && URL.canParse(next, "https://host") ? new URL(next, "https://host") : undefined;
  // Only the cursor is taken from the address: the token goes to the configured host and nowhere else.
  const after = inUrl?.searchParams.get("after") ?? cursors?.after;
  if (next) return after ?? "";
  return templates.length >= PAGE_SIZE ? after || undefined : undefined;
}

/** A template created while the pages were read can push another one to the next page, where it comes again. */
const withoutRepeats = (templates: CatalogTemplate[]) => [
  ...new Map(templates.map((template) => [template.id, template])).values(),
];

function toTemplate(given: z.output<typeof managedTemplate>): CatalogTemplate {
  const createdAt = millis(given.created_at ?? given.created_time);
  return {
    id: given.id,
    name: given.name,
    language: given.language,
    category: given.category,
    status: given.status.toUpperCase(),
    parameterFormat: given.parameter_format?.toUpperCase() === "NAMED" ? "NAMED" : "POSITIONAL",
    components: (given.components ?? []) as TemplateComponent[],
    ...(createdAt === undefined ? {} : { createdAt }),
  };
}

/** ISO 8601, or seconds or milliseconds since the epoch. */
function millis(value: string | number | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  const at = Number.isFinite(number) ? number * (number < 1e11 ? 1_000 : 1) : Date.parse(String(value));
  return Number.isNaN(at) ? undefined : at;
}

/** Whether an entry of a list of numbers is this one, under whatever name it holds it. */
function isNumber(item: unknown, number: string): boolean {
  const values = typeof item === "object" && item !== null ? Object.values(item) : [item];
  return values.some(
    (value) =>
      (typeof value === "string" || typeof value === "number") &&
      String(value).replace(/[ ()+.-]/g, "") === number,
  );
}
