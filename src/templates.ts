import type { Config } from "./config/config.ts";
import type { Sender, State } from "./core/ports.ts";
import type { FoundTemplate } from "./core/template/template.ts";
import type { Reporter } from "./flows/status/report.ts";
import { type Catalog, createCatalog } from "./flows/templates/catalog.ts";
import { createCatalogStore } from "./flows/templates/catalog-store.ts";
import { createDrift } from "./flows/templates/mismatches.ts";
import { createPreflight, type Preflight } from "./flows/templates/preflight.ts";
import { syncTemplates } from "./flows/templates/sync.ts";
import { withDeadline } from "./lib/deadline.ts";
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
  /** By number, name and language: for whoever needs the body or the buttons of a template. */
  lookup(number: string, name: string, language: string): FoundTemplate;
  sync(): ReturnType<Catalog["sync"]>;
  preflight: Preflight;
  /** The sender, comparing each send with its template on the way. */
  noting(sender: Sender): Sender;
  /** The reporter, with what differed added to the reports of sends that Vonage refused for their template. */
  explaining(reporter: Reporter): Reporter;
}

/** How old a list may be that does not have what was looked up. */
const RELOOK_MS = 60_000;
/** The platform gives up on an answer after 5 s, and the queue needs its part of them. */
const CONFIRM_MS = 2_000;

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
  const drift = createDrift(catalog, state, now, log);

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
    lookup(number, name, language) {
      // Also begins to read what another replica has put into State.
      const template = catalog.entry(number)?.index.find(name, language);
      // One that was approved since the list was fetched is known the next time somebody asks.
      if (!template) void catalog.fetchSince(number, now() - RELOOK_MS).catch(() => undefined);
      return {
        template,
        async confirm() {
          try {
            const list = catalog.fetchSince(number, now());
            const { index } = await withDeadline(list, CONFIRM_MS, "The template list did not come in time");
            return index.find(name, language);
          } catch (cause) {
            throw unconfirmed(cause);
          }
        },
      };
    },
    sync: () => syncTemplates({ catalog, now, log }),
    preflight: whatsapp?.preflight ? createPreflight({ catalog, now, log }) : () => undefined,
    noting: (sender) => ({
      async send(message) {
        await drift.note(message);
        return sender.send(message);
      },
    }),
    explaining: (reporter) => ({
      ...reporter,
      report: async (report) => reporter.report(await drift.explain(report)),
      reportEventually: async (report) => reporter.reportEventually(await drift.explain(report)),
    }),
  };
}

/** Not the message's fault: whoever sent it may try again. */
const unconfirmed = (cause: unknown) =>
  new ConnectorError(
    "templates_pending",
    "message cannot be taken apart now: the template list is not there yet, and the log says why. Send Personalization Variables needs none",
    { retryable: true, httpStatus: 429, cause },
  );
