import { expect, it } from "@jest/globals";
import { DAY_MS, mismatchBucket } from "../../../src/core/state-keys.ts";
import type { CatalogTemplate } from "../../../src/core/template/template.ts";
import type { Entry } from "../../../src/flows/templates/catalog.ts";
import { templateOverview } from "../../../src/flows/templates/overview.ts";
import { createClock, createMemoryState, HOUR, T0 } from "../../support/ports.ts";

const template = (
  name: string,
  components: CatalogTemplate["components"] = [],
  over: Partial<CatalogTemplate> = {},
) =>
  ({
    ...{ id: name, name, language: "en", category: "UTILITY", status: "APPROVED" },
    parameterFormat: "POSITIONAL",
    components,
    ...over,
  }) as CatalogTemplate;

async function overviewOf(
  lists: Record<string, { at: number; templates: CatalogTemplate[] }>,
  differences: Record<string, string> = {},
) {
  const state = createMemoryState();
  const now = createClock();
  for (const [id, text] of Object.entries(differences)) {
    const at = id.endsWith("yesterday") ? T0 - DAY_MS : T0;
    await state.write(mismatchBucket(at), id, text);
  }
  const entryOf = (number: string) => {
    const list = lists[number];
    return list && ({ startedAt: list.at, templates: list.templates } as unknown as Entry);
  };
  // The first number's list is in memory, the others' are in State.
  const [first, ...others] = Object.keys(lists);
  const catalog = {
    entry: (number: string) => (number === first ? entryOf(number) : undefined),
    reload: async (number: string) => (others.includes(number) ? entryOf(number) : undefined),
  };
  return templateOverview({ catalog, numbers: [...Object.keys(lists), "no list"], state, now });
}

it("has nothing where no list is known", async () => {
  expect(await overviewOf({})).toEqual({ syncedAt: null, templates: [] });
});

it("says what a send must fill in", async () => {
  const { templates } = await overviewOf({
    "1": {
      at: T0,
      templates: [
        template("plain"),
        template("two", [{ type: "BODY", text: "Hi {{1}}, {{2}}" }]),
        template("named", [{ type: "BODY", text: "Hi {{first_name}}" }]),
        template("media", [
          { type: "HEADER", format: "IMAGE" },
          { type: "BODY", text: "Hi {{1}}" },
          { type: "BUTTONS", buttons: [{ type: "URL", url: "https://x/{{1}}" }, { type: "QUICK_REPLY" }] },
        ]),
      ],
    },
  });
  expect(Object.fromEntries(templates.map(({ name, parameters }) => [name, parameters]))).toEqual({
    media: ["header: image", "body: 1 value", "link button 1: the end of its address"],
    named: ["body: first_name"],
    plain: [],
    two: ["body: 2 values"],
  });
});

it("has the templates of all numbers, in order, as of the oldest list", async () => {
  const { syncedAt, templates } = await overviewOf({
    "1": { at: T0, templates: [template("b"), template("a", [], { language: "pt_BR", status: "PAUSED" })] },
    "2": { at: T0 - HOUR, templates: [template("a")] },
  });
  expect([syncedAt, templates.map(({ name, language, status }) => `${name} ${language} ${status}`)]).toEqual([
    new Date(T0 - HOUR).toISOString(),
    ["a en APPROVED", "a pt_BR PAUSED", "b en APPROVED"],
  ]);
});

it("says what did not fit in the last two days, of a template whose name ends another's too", async () => {
  const differences = {
    one: "body of order_sent (en) has 2 parameters, the send has 1",
    "two-yesterday": "sent (en) has no header, the send has one",
  };
  const { templates } = await overviewOf(
    { "1": { at: T0, templates: [template("order_sent"), template("sent"), template("other")] } },
    differences,
  );
  expect(templates.map(({ name, lastMismatch }) => [name, lastMismatch])).toEqual([
    ["order_sent", differences.one],
    ["other", null],
    ["sent", differences["two-yesterday"]],
  ]);
});
