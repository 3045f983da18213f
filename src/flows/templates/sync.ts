import type { CatalogTemplate } from "../../core/template/template.ts";
import { loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Clock } from "../../lib/runtime.ts";
import type { Catalog } from "./catalog.ts";

export interface SyncPorts {
  catalog: Pick<Catalog, "sync">;
  now: Clock;
  log: Log;
}

/** Every template there is now, of whatever status. Rejects with a ConnectorError in words, never with a part of the list. */
export async function syncTemplates({ catalog, now, log }: SyncPorts): Promise<CatalogTemplate[]> {
  const started = now();
  try {
    const templates = await catalog.sync();
    log.info({ templates: templates.length, ms: now() - started }, "Templates synced");
    return templates;
  } catch (error) {
    log.error({ ms: now() - started, ...loggableError(error) }, "Templates not synced");
    throw error;
  }
}
