import type { Config } from "../config/schema.ts";
import type { State } from "../core/ports.ts";
import { createCatalog } from "../flows/templates/catalog.ts";
import { createCatalogStore } from "../flows/templates/catalog-store.ts";
import { createTemplateLookup } from "../flows/templates/lookup.ts";
import { createTemplateMismatches } from "../flows/templates/mismatches.ts";
import { templateOverview } from "../flows/templates/overview.ts";
import { createPreflight, type Preflight } from "../flows/templates/preflight.ts";
import { syncTemplates } from "../flows/templates/sync.ts";
import { createTryTemplate } from "../flows/templates/trial.ts";
import { ConnectorError } from "../lib/errors.ts";
import type { HttpClient } from "../lib/http-client.ts";
import type { Log } from "../lib/log.ts";
import type { Pause, Runtime } from "../lib/runtime.ts";
import { createToken } from "../vonage/client.ts";
import { createManager } from "../vonage/manager.ts";
import { createTemplateSource } from "../vonage/templates.ts";

interface TemplatePorts {
  httpClient: HttpClient;
  state: State;
  pause: Pause;
  stopping: AbortSignal;
  runtime: Runtime;
  log: Log;
}

/** What knows templates: their list at Vonage, the catalog of it, and what is made of it for each send. */
export function composeTemplates(config: Config, ports: TemplatePorts) {
  const { httpClient, state, stopping, runtime, log } = ports;
  const { now } = runtime;
  const { account, application, vonageApiHost: apiHost, whatsapp } = config;
  const token = createToken({ applicationId: application.id, privateKey: application.privateKey }, now);
  const settings = { apiHost, accountId: account.id, accountSecret: account.secret };
  const manager = createManager(settings, httpClient, token, now, pause);
  const numbers = whatsapp?.numbers ?? [];
  const catalog = createCatalog({
    source: createTemplateSource(manager),
    store: createCatalogStore(state),
    numbers,
    wabaIds: new Map(whatsapp?.wabaIds?.map((id, at) => [numbers[at] ?? "", id])),
    now,
    pause,
    log,
  });
  const passAll: Preflight = () => undefined;
  const isCompared = whatsapp?.preflight;
  return {
    catalog,
    /** When the oldest of the lists in use was fetched, milliseconds since the epoch; undefined before there is one. */
    fetchedAt(): number | undefined {
      const fetched = numbers.flatMap((number) => catalog.entry(number)?.startedAt ?? []);
      return fetched.length === 0 ? undefined : Math.min(...fetched);
    },
    overview: () => templateOverview({ catalog, numbers, state, now }),
    lookup: createTemplateLookup(catalog, now, runtime),
    sync: () => syncTemplates({ catalog, now, log }),
    preflight: isCompared ? createPreflight({ catalog, now, timers: runtime, log }) : passAll,
    tryTemplate: isCompared
      ? createTryTemplate({ catalog, now, timers: runtime, log })
      : async () => undefined,
    mismatches: createTemplateMismatches(catalog, state, now, log),
  };

  /** A wait that a stop cuts short must not become a retry without one. */
  async function pause(ms: number): Promise<void> {
    await ports.pause(ms);
    if (stopping.aborted) {
      throw new ConnectorError("stopping", "The connector is stopping: try again in a minute", {
        retryable: true,
      });
    }
  }
}
