import type { Config } from "./config/schema.ts";
import type { Sender, State } from "./core/ports.ts";
import type { Reporter } from "./flows/status/report.ts";
import { type Catalog, createCatalog } from "./flows/templates/catalog.ts";
import { createCatalogStore } from "./flows/templates/catalog-store.ts";
import { createTemplateLookup, type TemplateLookup } from "./flows/templates/lookup.ts";
import { createTemplateMismatches } from "./flows/templates/mismatches.ts";
import { createPreflight, type Preflight } from "./flows/templates/preflight.ts";
import { syncTemplates } from "./flows/templates/sync.ts";
import { ConnectorError } from "./lib/errors.ts";
import type { HttpClient } from "./lib/http-client.ts";
import type { Log } from "./lib/log.ts";
import type { Clock } from "./lib/runtime.ts";
import { createToken } from "./vonage/client.ts";
import { createManager } from "./vonage/manager.ts";
import { createTemplateSource } from "./vonage/templates.ts";

export interface TemplateSurroundings {
  httpClient: HttpClient;
  state: State;
  now: Clock;
  pause(ms: number): Promise<void>;
  isStopping(): boolean;
  log: Log;
}

export interface Templates {
  lookup: TemplateLookup;
  sync(): ReturnType<Catalog["sync"]>;
  preflight: Preflight;
  /** The sender, comparing each send with its template on the way. */
  noting(sender: Sender): Sender;
  /** The reporter, with what differed added to the reports of sends that Vonage refused for their template. */
  explaining(reporter: Reporter): Reporter;
}

/** Wires what knows templates: their source at Vonage, the catalog, the preflight and the explanation of refusals. */
export function createTemplates(config: Config, surroundings: TemplateSurroundings): Templates {
  const { httpClient, state, now, log } = surroundings;
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
  const mismatches = createTemplateMismatches(catalog, state, now, log);

  /** A wait that a stop cuts short must not become a retry without one. */
  async function pause(ms: number): Promise<void> {
    await surroundings.pause(ms);
    if (surroundings.isStopping()) {
      throw new ConnectorError("stopping", "The connector is stopping: try again in a minute", {
        retryable: true,
      });
    }
  }

  return {
    lookup: createTemplateLookup(catalog, now),
    sync: () => syncTemplates({ catalog, now, log }),
    preflight: whatsapp?.preflight ? createPreflight({ catalog, now, log }) : () => undefined,
    noting: (sender) => ({
      async send(message) {
        await mismatches.record(message);
        return sender.send(message);
      },
    }),
    explaining: (reporter) => ({
      ...reporter,
      report: async (report) => reporter.report(await mismatches.explain(report)),
      reportEventually: async (report) => reporter.reportEventually(await mismatches.explain(report)),
    }),
  };
}
