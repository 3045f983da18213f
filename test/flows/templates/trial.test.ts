import { describe, expect, it } from "@jest/globals";
import type { OutboundMessage } from "../../../src/core/message.ts";
import { createTemplateIndex } from "../../../src/core/template/checker.ts";
import type { CatalogTemplate } from "../../../src/core/template/template.ts";
import type { Entry } from "../../../src/flows/templates/catalog.ts";
import { createTryTemplate } from "../../../src/flows/templates/trial.ts";
import { systemRuntime } from "../../../src/lib/runtime.ts";
import { buildSmsMessage, buildTemplate, buildWhatsAppMessage } from "../../support/builders.ts";
import { createRecordingLog, T0, unavailable } from "../../support/ports.ts";

const order: CatalogTemplate = {
  ...{ id: "1", name: "order_update", language: "en_US", category: "UTILITY", status: "APPROVED" },
  parameterFormat: "POSITIONAL",
  components: [{ type: "BODY", text: "Hello {{1}}" }],
};
const other = { ...order, id: "2", name: "other" };
const longer = { ...order, components: [{ type: "BODY", text: "Hello {{1}}, {{2}}" }] };
const list = (...templates: CatalogTemplate[]): Entry => ({
  ...{ startedAt: T0, templates, index: createTemplateIndex(templates) },
});
const never = () => new Promise<Entry>(() => undefined);

function tryWith(
  known: Entry | undefined | (() => Entry | undefined),
  fetch: () => Promise<Entry>,
  message: OutboundMessage | (() => OutboundMessage) = buildWhatsAppMessage(),
) {
  const asked: unknown[] = [];
  const catalog = {
    entry: () => (typeof known === "function" ? known() : known),
    fetchSince(number: string, since: number) {
      asked.push([number, since]);
      return fetch();
    },
  };
  const tryTemplate = createTryTemplate({
    ...{ catalog, now: () => T0, log: createRecordingLog() },
    // No deadline is waited for.
    timers: { ...systemRuntime, setTimeout: (work) => systemRuntime.setTimeout(work, 0) },
  });
  return tryTemplate(typeof message === "function" ? message : () => message, 450).then(
    () => ({ said: "fits", asked: asked.length }),
    ({ code, message }) => ({ said: `${code}: ${message}`, asked: asked.length }),
  );
}

const MISFIT = "body of order_update (en_US) has 2 parameters, the send has 1";
const AGAIN = "The list of templates is being read again: in a minute, save it once more";

describe("a template that is tried when it is saved", () => {
  it.each<[string, Entry | undefined, () => Promise<Entry>, string, number]>([
    ["fits what is known: nothing is fetched", list(order), never, "fits", 0],
    [
      "does not fit, and does not fit the live list",
      list(longer),
      async () => list(longer),
      `invalid_template: ${MISFIT}`,
      1,
    ],
    ["does not fit, and fits the live list", list(longer), async () => list(order), "fits", 1],
    ["is not known, and is there by now", list(other), async () => list(order), "fits", 1],
    [
      "is not known, nor there",
      list(other),
      async () => list(other),
      "missing_template: the WhatsApp account has no template order_update",
      1,
    ],
    [
      "does not fit, and the live list does not come",
      list(longer),
      never,
      `invalid_template: ${MISFIT}; ${AGAIN}`,
      1,
    ],
    [
      "does not fit, and the live list cannot be had",
      list(longer),
      () => Promise.reject(unavailable()),
      `invalid_template: ${MISFIT}; ${AGAIN}`,
      1,
    ],
    [
      "is judged by no list that is there",
      undefined,
      async () => list(longer),
      `invalid_template: ${MISFIT}`,
      1,
    ],
    ["passes where there is no list at all", undefined, never, "fits", 1],
    ["passes where the account tells of no template", undefined, async () => list(), "fits", 1],
  ])("%s", async (_, known, fetch, said, asked) => {
    expect(await tryWith(known, fetch)).toEqual({ said, asked });
  });

  it("is judged by a list that came out of State while the live one did not come", async () => {
    const entries = [undefined, list(longer)];
    const known = () => (entries.length > 1 ? entries.shift() : entries[0]);
    expect(await tryWith(known, never)).toEqual({
      said: `invalid_template: ${MISFIT}; ${AGAIN}`,
      asked: 1,
    });
  });

  it("is read again by what the live list knows of it", async () => {
    const short = buildWhatsAppMessage({
      content: { type: "template", template: buildTemplate({ components: [] }) },
    });
    const readings = [short, buildWhatsAppMessage()];
    expect(
      await tryWith(
        list(other),
        async () => list(order),
        () => readings.shift() ?? short,
      ),
    ).toEqual({
      ...{ said: "fits", asked: 1 },
    });
  });

  it("is in the language that it has", async () => {
    const message = buildWhatsAppMessage({
      content: { type: "template", template: buildTemplate({ language: { code: "de" } }) },
    });
    expect(await tryWith(list(order), async () => list(order), message)).toEqual({
      said: "missing_template: order_update does not exist in de, only in en_US",
      asked: 1,
    });
  });

  it.each<OutboundMessage>([
    buildSmsMessage(),
    buildWhatsAppMessage({ content: { type: "text", text: "Hi" } }),
  ])("is no template: passes", async (message) => {
    expect(await tryWith(list(), never, message)).toEqual({ said: "fits", asked: 0 });
  });
});
