import { z } from "zod";
import { APPROVED, type CatalogTemplate } from "../core/template/template.ts";
import { ConnectorError } from "../lib/errors.ts";
import type { Answer } from "./platform.ts";

/**
 * The templates as Meta lists them: the one format for them that a platform publishes, and what another reads from Meta
 * itself. A platform may suspend a template whose content changed, so the same templates must give the same bytes: what
 * changes by itself (scores, status history, signatures of sample addresses, the order of keys) is left out or put in
 * order.
 * https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/message_templates/
 */
export function templatesToList(
  templates: readonly CatalogTemplate[],
  query: URLSearchParams,
  url: string,
): Answer {
  const given = [...query].filter(([, value]) => value !== "");
  const wanted = filter.safeParse(Object.fromEntries(given)).data;
  if (!wanted) {
    throw new ConnectorError("invalid_request", "limit must be a whole number from 1 on, and after a cursor");
  }
  const { status, name, language, limit, after } = wanted;
  const found = templates
    .filter((template) => template.status === status)
    .filter((template) => name === undefined || template.name.includes(name.toLowerCase()))
    .filter((template) => language === undefined || template.language === language)
    .sort(newestFirst)
    .filter((template) => after === undefined || newestFirst(template, after) > 0);
  const page = found.slice(0, limit);
  return { status: 200, body: { data: page.map(toMeta), paging: paging(page, found.length, query, url) } };
}

/** Why a list could not be had is for the marketer to read, unlike errors of our own. */
export const templatesFailed = (error: ConnectorError): Answer =>
  error.httpStatus === 500
    ? { status: 503, body: { message: "The templates could not be fetched: try again in some minutes" } }
    : { status: error.httpStatus, body: { message: error.message } };

/** What the order is made of; a cursor is the place of one template in it. */
type Place = Pick<CatalogTemplate, "name" | "language" | "id" | "createdAt">;

function newestFirst(a: Place, b: Place): number {
  const byDate = (b.createdAt ?? 0) - (a.createdAt ?? 0);
  return byDate || compare(a.name, b.name) || compare(a.language, b.language) || compare(a.id, b.id);
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

const place = z
  .tuple([z.string(), z.string(), z.string(), z.number()])
  .transform(([name, language, id, createdAt]): Place => ({ name, language, id, createdAt }));

const cursorOf = ({ name, language, id, createdAt }: Place) =>
  Buffer.from(JSON.stringify([name, language, id, createdAt ?? 0])).toString("base64url");

const cursor = z.string().transform((text, context) => {
  try {
    return place.parse(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
  } catch {
    context.addIssue("is not a cursor");
    return z.NEVER;
  }
});

const filter = z.object({
  status: z
    .string()
    .transform((text) => text.toUpperCase())
    .default(APPROVED),
  name: z.string().optional(),
  language: z.string().optional(),
  limit: z.coerce.number().int().positive().optional(),
  after: cursor.optional(),
});

function paging(page: CatalogTemplate[], found: number, query: URLSearchParams, url: string): object {
  const [first, last] = [page[0], page.at(-1)];
  if (!first || !last) return {};
  const cursors = { before: cursorOf(first), after: cursorOf(last) };
  if (found === page.length) return { cursors };
  const next = new URLSearchParams(query);
  next.set("after", cursors.after);
  return { cursors, next: `${url}?${next}` };
}

const toMeta = ({ id, name, language, category, status, parameterFormat, components }: CatalogTemplate) => ({
  id,
  name,
  language,
  status,
  category,
  parameter_format: parameterFormat,
  components: [...components]
    .sort((a, b) => rank(a.type) - rank(b.type))
    .map((component) => settle(component)),
});

const ORDER = ["HEADER", "BODY", "LIMITED_TIME_OFFER", "CAROUSEL", "FOOTER", "BUTTONS"];
const rank = (type: string) => {
  const at = ORDER.indexOf(type.toUpperCase());
  return at < 0 ? ORDER.length : at;
};

/** Keys in the order of the alphabet, `type` before all; sample media without the signature that expires. */
function settle(value: unknown, key?: string): unknown {
  if (Array.isArray(value)) return value.map((item) => settle(item, key));
  if (typeof value === "string")
    return key === "header_handle" ? value.replace(/^(https?:[^?#]*)[?#].*$/, "$1") : value;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(
    ([a], [b]) => Number(b === "type") - Number(a === "type") || compare(a, b),
  );
  return Object.fromEntries(entries.map(([name, item]) => [name, settle(item, name)]));
}
