import { z } from "zod";
import type { Ledger } from "../ledger.ts";
import type { SandboxNetwork } from "../network.ts";
import { firstIssue } from "./contract.ts";

/** The platform's own format is not published; this is Meta's list of templates. */
const TemplateList = z.looseObject({
  data: z.array(
    z.looseObject({
      name: z.string().min(1),
      language: z.string().min(1),
      status: z.literal("APPROVED"),
      components: z.array(z.looseObject({ type: z.string() })).min(1),
    }),
  ),
  paging: z.looseObject({}),
});

const DEADLINE_MS = 30_000;

export interface TemplateSync {
  /** One click on "Sync Template": how many templates there are now. A template whose bytes changed is a violation. */
  sync(connectorUrl: string): Promise<{ status: number | undefined; templates: number; message?: string }>;
  /** Bytes by name and language. */
  templates: Map<string, string>;
}

/** The platform's memory of synced templates: it suspends one whose content changed. */
export function createTemplateSync(
  apiKey: string,
  apiSecret: string,
  ledger: Ledger,
  network: SandboxNetwork,
): TemplateSync {
  const templates = new Map<string, string>();
  return {
    templates,
    async sync(connectorUrl) {
      const poster = network.createPoster(1);
      try {
        const { status, body } = await poster.post(`${connectorUrl}/sync_templates`, {
          headers: { "api-key": apiKey, "api-secret": apiSecret },
          body: "",
          timeoutMs: DEADLINE_MS,
        });
        if (status !== 200) return { status, templates: templates.size, message: body };
        const parsed = TemplateList.safeParse(JSON.parse(body));
        if (!parsed.success) {
          ledger.violate({ rule: "wrong answer", detail: `sync_templates: ${firstIssue(parsed.error)}` });
          return { status, templates: templates.size };
        }
        for (const template of parsed.data.data) {
          const key = `${template.name} ${template.language}`;
          const bytes = JSON.stringify(template);
          const before = templates.get(key);
          if (before !== undefined && before !== bytes) {
            ledger.violate({ rule: "template suspended", detail: `${key} changed between two syncs` });
          }
          templates.set(key, bytes);
        }
        return { status, templates: parsed.data.data.length };
      } finally {
        await poster.close();
      }
    },
  };
}
