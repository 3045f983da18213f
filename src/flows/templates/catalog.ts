import type { TemplateSource } from "../../core/ports.ts";
import { createTemplateIndex, type TemplateIndex } from "../../core/template/checker.ts";
import type { CatalogTemplate } from "../../core/template/template.ts";
import { asConnectorError, ConnectorError, loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Clock } from "../../lib/runtime.ts";
import type { CatalogStore, TemplateList } from "./catalog-store.ts";

export interface CatalogPorts {
  source: TemplateSource;
  store: CatalogStore;
  /** The WhatsApp numbers of this connector. */
  numbers: readonly string[];
  /** The WABA of a number, where the operator told it. */
  wabaIds: ReadonlyMap<string, string>;
  now: Clock;
  pause(ms: number): Promise<void>;
  log: Log;
}

/** The templates of one WABA in memory. */
export interface Entry {
  startedAt: number;
  templates: readonly CatalogTemplate[];
  index: TemplateIndex;
}

/** The templates of every WABA of this connector's numbers. Nothing is fetched by itself: a sync or a send asks. */
export interface Catalog {
  /**
   * Fetches everything anew, within 20 s; concurrent calls share one fetch. A template that two WABAs have is
   * there once. Rejects with a ConnectorError in words when any part could not be had.
   */
  sync(): Promise<CatalogTemplate[]>;
  /** What is in memory for the number; looks into State in the background when there is nothing. */
  entry(number: string): Entry | undefined;
  /**
   * A list whose fetch began at `since` or later; joins a fetch under way that did, and finds out first whose the
   * number is. Rejects when it cannot be had, at once for a while after it could not.
   */
  fetchSince(number: string, since: number): Promise<Entry>;
  /** A newer list in State, if another replica has put one there; no fetch. */
  reload(number: string): Promise<Entry | undefined>;
}

/** Of the 20 s that a sync may take; the rest is for State. */
const SYNC_MS = 17_000;
/** How often State is asked for what this process does not have, and how soon after a failure Vonage is asked again. */
const RELOAD_MS = 30_000;
const AFTER_FAILURE_MS = 60_000;
/** However many sends ask. */
const BETWEEN_FETCHES_MS = 1_000;

export function createCatalog({ source, store, numbers, wabaIds, now, pause, log }: CatalogPorts): Catalog {
  const wabas = new Map(wabaIds);
  /** Numbers whose WABA was found and then refused to tell its templates: the number may have moved. */
  const doubtful = new Set<string>();
  const entries = new Map<string, Entry>();
  const fetches = new Map<string, { startedAt: number; done: Promise<Entry> }>();
  const searches = new Map<string, Promise<string>>();
  /** By WABA, and by number where its WABA was not found. */
  const failedAt = new Map<string, number>();
  const reloads = new Map<string, { at: number; done: Promise<Entry | undefined> }>();
  let syncing: Promise<CatalogTemplate[]> | undefined;

  function remember(wabaId: string, { startedAt, templates }: TemplateList): Entry {
    const known = entries.get(wabaId);
    if (known && known.startedAt > startedAt) return known;
    const entry = { startedAt, templates, index: createTemplateIndex(templates) };
    entries.set(wabaId, entry);
    return entry;
  }

  async function load(wabaId: string, deadline: number): Promise<Entry> {
    const startedAt = now();
    const templates = await source.list(wabaId, deadline);
    const entry = remember(wabaId, { startedAt, templates });
    log.info({ waba_id: wabaId, templates: templates.length, ms: now() - startedAt }, "Templates fetched");
    // A list that could not be kept is still the list: only another replica goes without it, and nobody waits.
    void store
      .save(wabaId, { startedAt, templates })
      .catch((error) =>
        log.warn({ waba_id: wabaId, ...loggableError(error) }, "Templates not kept in State"),
      );
    return entry;
  }

  /** One fetch of a WABA at a time. */
  function fetch(wabaId: string, deadline: number): Promise<Entry> {
    const running = fetches.get(wabaId);
    if (running) return running.done;
    const done = remembered(wabaId, load(wabaId, deadline))
      .catch((error) => {
        log.warn({ waba_id: wabaId, ...loggableError(error) }, "Templates not fetched");
        throw error;
      })
      .finally(() => fetches.delete(wabaId));
    fetches.set(wabaId, { startedAt: now(), done });
    return done;
  }

  async function remembered<T>(key: string, work: Promise<T>): Promise<T> {
    try {
      const result = await work;
      failedAt.delete(key);
      return result;
    } catch (error) {
      failedAt.set(key, now());
      throw error;
    }
  }

  function restAfterFailure(key: string): void {
    if (now() - (failedAt.get(key) ?? Number.NEGATIVE_INFINITY) < AFTER_FAILURE_MS)
      throw new ConnectorError("templates_unavailable", "The last fetch failed a moment ago");
  }

  /** One search for a number at a time. */
  function wabaOf(number: string, deadline: number): Promise<string> {
    const running = searches.get(number);
    if (running) return running;
    const done = remembered(number, search(number, deadline)).finally(() => searches.delete(number));
    searches.set(number, done);
    return done;
  }

  async function search(number: string, deadline: number): Promise<string> {
    const known = doubtful.has(number)
      ? undefined
      : (wabas.get(number) ?? (await store.loadWaba(number).catch(() => undefined)));
    const found = known ?? (await source.findWaba(number, deadline));
    if (found === undefined) {
      throw new ConnectorError(
        "templates_refused",
        `No WhatsApp Business Account of this API key holds the number ending in ${number.slice(-4)}: set WABA_ID`,
        { httpStatus: 502 },
      );
    }
    wabas.set(number, found);
    doubtful.delete(number);
    if (!known) void store.saveWaba(number, found).catch(() => undefined);
    return found;
  }

  /** What was found may be out of date: the next sync looks again, and until then the old list is better than none. */
  function doubtFound(error: unknown): never {
    if (asConnectorError(error).code === "templates_refused")
      for (const number of numbers) if (!wabaIds.has(number)) doubtful.add(number);
    throw error;
  }

  async function syncAll(): Promise<CatalogTemplate[]> {
    const deadline = now() + SYNC_MS;
    const ids = await Promise.all(numbers.map((number) => wabaOf(number, deadline)));
    const lists = await Promise.all([...new Set(ids)].map((id) => fetch(id, deadline))).catch(doubtFound);
    const unique = new Map<string, CatalogTemplate>();
    for (const template of lists.flatMap((list) => list.templates)) {
      const key = `${template.name} ${template.language} ${template.status}`;
      if (!unique.has(key)) unique.set(key, template);
    }
    return [...unique.values()];
  }

  async function loadNewer(number: string): Promise<Entry | undefined> {
    const wabaId = wabas.get(number) ?? (await store.loadWaba(number));
    const list = wabaId && (await store.load(wabaId));
    if (!wabaId || !list) return undefined;
    wabas.set(number, wabaId);
    const known = entries.get(wabaId);
    return known?.startedAt === list.startedAt ? known : remember(wabaId, list);
  }

  function reload(number: string): Promise<Entry | undefined> {
    const last = reloads.get(number);
    if (last && now() - last.at < RELOAD_MS) return last.done;
    const done = loadNewer(number).catch((error) => {
      log.warn(loggableError(error), "Templates not read from State");
      return undefined;
    });
    reloads.set(number, { at: now(), done });
    return done;
  }

  const entryOf = (number: string) => {
    const wabaId = wabas.get(number);
    return wabaId === undefined ? undefined : entries.get(wabaId);
  };

  return {
    reload,
    sync() {
      syncing ??= syncAll().finally(() => {
        syncing = undefined;
      });
      return syncing;
    },
    entry(number) {
      const entry = entryOf(number);
      if (!entry) void reload(number);
      return entry;
    },
    async fetchSince(number, since) {
      if (!wabas.has(number)) restAfterFailure(number);
      const wabaId = wabas.get(number) ?? (await wabaOf(number, now() + SYNC_MS));
      for (;;) {
        const entry = entries.get(wabaId);
        if (entry && entry.startedAt >= since) return entry;
        const running = fetches.get(wabaId);
        if (running && running.startedAt >= since) return running.done;
        restAfterFailure(wabaId);
        const wait = (entry?.startedAt ?? 0) + BETWEEN_FETCHES_MS - now();
        // One that began before `since` may have read the list before it changed: what counts is the one after it.
        if (running) await running.done.catch(() => undefined);
        else if (wait > 0) await pause(wait);
        else return fetch(wabaId, now() + SYNC_MS);
      }
    },
  };
}
