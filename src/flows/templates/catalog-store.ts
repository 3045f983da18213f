import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { State } from "../../core/ports.ts";
import { catalogKey, wabaKey } from "../../core/state-keys.ts";
import type { CatalogTemplate } from "../../core/template/template.ts";

/** The templates of one WhatsApp Business Account, as of the moment their fetch began. */
export interface TemplateList {
  /** Milliseconds since the epoch. */
  startedAt: number;
  templates: CatalogTemplate[];
}

export interface CatalogStore {
  /** The last good list, whichever replica fetched it; undefined when there is none. */
  load(wabaId: string): Promise<TemplateList | undefined>;
  save(wabaId: string, list: TemplateList): Promise<void>;
  loadWaba(number: string): Promise<string | undefined>;
  saveWaba(number: string, wabaId: string): Promise<void>;
}

const LIST_TTL_SECONDS = 7 * 24 * 3_600;
/** A number can move to another account, so what was found is asked again now and then. */
const WABA_TTL_SECONDS = 24 * 3_600;
/** Longer texts are compressed: templates are repetitive, and the store is shared. */
const PLAIN_CHARACTERS = 16_000;
const COMPRESSED = "gz:";

export function createCatalogStore(state: State): CatalogStore {
  return {
    async load(wabaId) {
      const text = await state.getKey(catalogKey(wabaId));
      return text ? (JSON.parse(await unpack(text)) as TemplateList) : undefined;
    },
    save: async (wabaId, list) =>
      state.setKey(catalogKey(wabaId), await pack(JSON.stringify(list)), LIST_TTL_SECONDS),
    loadWaba: async (number) => (await state.getKey(wabaKey(number))) ?? undefined,
    saveWaba: (number, wabaId) => state.setKey(wabaKey(number), wabaId, WABA_TTL_SECONDS),
  };
}

async function pack(text: string): Promise<string> {
  if (text.length <= PLAIN_CHARACTERS) return text;
  return COMPRESSED + (await promisify(gzip)(text)).toString("base64");
}

async function unpack(text: string): Promise<string> {
  if (!text.startsWith(COMPRESSED)) return text;
  return (await promisify(gunzip)(Buffer.from(text.slice(COMPRESSED.length), "base64"))).toString("utf8");
}
