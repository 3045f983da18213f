import { randomBytes } from "node:crypto";
import type { Reply, SandboxRequest } from "../server.ts";
import type { Auth } from "./auth.ts";
import { problem } from "./problems.ts";
import { type ManagedTemplate, templateCatalog } from "./template-catalog.ts";

export type { ManagedTemplate } from "./template-catalog.ts";

/** A WhatsApp Business Account of the fake's Vonage account. */
export interface Waba {
  id: string;
  /** Digits without a plus sign. */
  numbers: string[];
  templates: ManagedTemplate[];
}

export interface ManagementSettings {
  /** `basic`: an account that does not take the application's token here. */
  auth?: "any" | "basic";
  /** The API gives fewer than asked for when it likes; never more than this. */
  pageSize?: number;
}

export const SANDBOX_WABA_ID = "104996122399160";

export const sandboxWaba = (number = "447700900000"): Waba => ({
  id: SANDBOX_WABA_ID,
  numbers: [number],
  templates: templateCatalog(),
});

const LIMIT = { default: 25, most: 500 };
const FILTERS: Record<string, (template: ManagedTemplate, value: string) => boolean> = {
  status: (template, value) => template.status === value,
  category: (template, value) => template.category === value,
  language: (template, value) => template.language === value,
  name: (template, value) => template.name.includes(value),
};

const bad = (detail: string) => problem(400, { anchor: "messages#1150", extra: { detail } });
const cursorOf = (template: ManagedTemplate | undefined) =>
  template ? Buffer.from(`at:${template.id}`).toString("base64url") : "";

/**
 * The Template Management and Channel Manager APIs.
 * https://developer.vonage.com/en/api/whatsapp-template-management https://developer.vonage.com/en/api/channel-manager
 */
export function createTemplateApi(auth: Auth, wabas: () => Waba[], settings: ManagementSettings = {}) {
  const { pageSize = 10 } = settings;

  /** The account, or why it is not shown. */
  function admit(request: SandboxRequest): Reply | undefined {
    const isToken = request.headers.authorization?.startsWith("Bearer ");
    return settings.auth === "basic" && isToken ? problem(401) : auth.checkSend(request);
  }

  const wabaOf = ({ path }: SandboxRequest) =>
    wabas().find(({ id }) => id === /\/wabas\/([^/]+)/.exec(path)?.[1]);

  async function listTemplates(request: SandboxRequest): Promise<Reply> {
    const refusal = admit(request);
    if (refusal) return refusal;
    const waba = wabaOf(request);
    if (!waba) return problem(404);
    const { after, before, limit = String(LIMIT.default), ...filters } = Object.fromEntries(request.query);
    const unknown = Object.keys(filters).filter((name) => !(name in FILTERS));
    if (unknown.length > 0) return bad(`unknown parameter ${unknown.join(", ")}`);
    if (before !== undefined) return bad("before is not served by the sandbox");
    if (!/^\d+$/.test(limit) || Number(limit) < 1 || Number(limit) > LIMIT.most)
      return bad("limit is 1 to 500");
    const found = waba.templates.filter((template) =>
      Object.entries(filters).every(([name, value]) => FILTERS[name]?.(template, value)),
    );
    const start = after === undefined ? 0 : found.findIndex((template) => cursorOf(template) === after) + 1;
    if (after !== undefined && start === 0) return bad("after is no cursor of this list");
    const page = found.slice(start, start + Math.min(Number(limit), pageSize));
    const last = page.at(-1);
    const next = new URLSearchParams({ ...filters, limit, after: cursorOf(last) });
    const hasMore = start + page.length < found.length;
    return {
      status: 200,
      body: {
        templates: page.map(shown),
        paging: {
          cursors: { before: cursorOf(page[0]), after: cursorOf(last) },
          ...(hasMore ? { next: `https://api.nexmo.com${request.path}?${next}` } : {}),
        },
      },
    };
  }

  const numberedPage = (request: SandboxRequest, name: string, items: object[]): Reply => {
    const page = Number(request.query.get("page") ?? 1);
    const size = Number(request.query.get("page_size") ?? 10);
    if (!(Number.isInteger(page) && page > 0 && Number.isInteger(size) && size > 0 && size <= 100)) {
      return bad("page and page_size are whole numbers, page_size up to 100");
    }
    return {
      status: 200,
      body: {
        page_size: size,
        page,
        total_pages: Math.max(1, Math.ceil(items.length / size)),
        total_items: items.length,
        _embedded: { [name]: items.slice((page - 1) * size, page * size) },
        _links: { self: { href: request.path } },
      },
    };
  };

  async function listWabas(request: SandboxRequest): Promise<Reply> {
    const items = wabas().map(({ id }) => ({
      waba_id: id,
      name: `Sandbox ${id}`,
      review_status: "Approved",
    }));
    return admit(request) ?? numberedPage(request, "wabas", items);
  }

  async function listNumbers(request: SandboxRequest): Promise<Reply> {
    const refusal = admit(request);
    if (refusal) return refusal;
    const waba = wabaOf(request);
    if (!waba) return problem(404);
    return numberedPage(
      request,
      "numbers",
      waba.numbers.map((number) => ({ number, status: "CONNECTED" })),
    );
  }

  return { listTemplates, listWabas, listNumbers };
}

/** As the real one shows it: addresses of samples are signed anew each time, and scores move. */
function shown(template: ManagedTemplate): object {
  const signature = `?ccb=1-7&oh=${randomBytes(8).toString("hex")}&oe=${Date.now().toString(16)}`;
  const text = JSON.stringify(template).replace(
    /"(https:\/\/scontent\.whatsapp\.net\/[^"?]*)"/g,
    (_, address) => JSON.stringify(`${address}${signature}`),
  );
  return { ...JSON.parse(text), quality_score: { score: "UNKNOWN", date: Math.floor(Date.now() / 1_000) } };
}
