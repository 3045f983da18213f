import { describe, expect, it } from "@jest/globals";
import type { WhatsAppMessage } from "../../../src/core/message.ts";
import type { TemplateSource } from "../../../src/core/ports.ts";
import type { CatalogTemplate } from "../../../src/core/template/template.ts";
import { createCatalog } from "../../../src/flows/templates/catalog.ts";
import { createCatalogStore } from "../../../src/flows/templates/catalog-store.ts";
import { createTemplateMismatches } from "../../../src/flows/templates/mismatches.ts";
import { createPreflight } from "../../../src/flows/templates/preflight.ts";
import { ConnectorError } from "../../../src/lib/errors.ts";
import { systemRuntime } from "../../../src/lib/runtime.ts";
import {
  buildFailedReport,
  buildSmsMessage,
  buildTemplate,
  buildWhatsAppMessage,
  WABA_NUMBER,
} from "../../support/builders.ts";
import { createClock, createMemoryState, createRecordingLog, T0, until } from "../../support/ports.ts";

const MINUTE = 60_000;
const OTHER_NUMBER = "14155550199";

const template = (text: string, more: Partial<CatalogTemplate> = {}): CatalogTemplate => ({
  id: "1",
  name: "order_update",
  language: "en_US",
  category: "UTILITY",
  status: "APPROVED",
  parameterFormat: "POSITIONAL",
  components: [{ type: "BODY", text }],
  ...more,
});
const ONE = template("Hi {{1}}");
const TWO = template("Hi {{1}} and {{2}}");
const MISFIT = "body of order_update (en_US) has 2 parameters, the send has 1";

type Clock = ReturnType<typeof createClock>;

interface Setup {
  lists?: Record<string, CatalogTemplate[]>;
  numbers?: string[];
  wabaIds?: Record<string, string>;
  holds?: Record<string, string>;
  state?: ReturnType<typeof createMemoryState>;
  clock?: Clock;
}

function setUp({
  lists = { w1: [ONE] },
  numbers = [WABA_NUMBER],
  wabaIds = { [WABA_NUMBER]: "w1" },
  holds = {},
  ...over
}: Setup = {}) {
  const clock = over.clock ?? createClock();
  const state = over.state ?? createMemoryState();
  const log = createRecordingLog();
  const listed: string[] = [];
  const looked: string[] = [];
  /** Calls wait for it. */
  const gate = { open: Promise.resolve() as Promise<void>, fault: undefined as Error | undefined };
  const source: TemplateSource = {
    async list(wabaId) {
      listed.push(wabaId);
      const list = structuredClone(lists[wabaId] ?? []);
      await gate.open;
      if (gate.fault) throw gate.fault;
      return list;
    },
    async findWaba(number) {
      looked.push(number);
      return holds[number];
    },
  };
  const catalog = createCatalog({
    source,
    store: createCatalogStore(state),
    numbers,
    wabaIds: new Map(Object.entries(wabaIds)),
    now: clock,
    pause: async (ms) => clock.advance(ms),
    log,
  });
  const preflight = createPreflight({ catalog, now: clock, timers: systemRuntime, log });
  const mismatches = createTemplateMismatches(catalog, state, clock, log);
  const send = (over: Partial<WhatsAppMessage> = {}, name?: string) =>
    buildWhatsAppMessage({
      from: WABA_NUMBER,
      acceptedAt: clock(),
      ...(name ? { content: { type: "template", template: buildTemplate({ name }) } } : {}),
      ...over,
    });
  /** The words of the refusal, or "passes". */
  const check = async (message = send()) => {
    try {
      await preflight(message, 2_500);
      return "passes";
    } catch (error) {
      expect(error).toMatchObject({
        code: expect.stringMatching(/^(invalid|missing)_template$/),
        httpStatus: 400,
      });
      return (error as Error).message;
    }
  };
  return { catalog, check, send, clock, state, log, listed, looked, lists, gate, mismatches };
}

const down = new ConnectorError("templates_unavailable", "Vonage is away", { retryable: true });
const settled = () => new Promise((resolve) => setImmediate(resolve));
function hold(gate: { open: Promise<void> }) {
  let release = () => {};
  gate.open = new Promise((resolve) => {
    release = () => resolve();
  });
  return () => release();
}

describe("a sync", () => {
  it("gives every template of every account of the numbers, a shared one once", async () => {
    const extra = template("Bye", { id: "2", name: "bye" });
    const { catalog } = setUp({
      numbers: [WABA_NUMBER, OTHER_NUMBER, "1"],
      wabaIds: { [WABA_NUMBER]: "w1", [OTHER_NUMBER]: "w2", "1": "w1" },
      lists: { w1: [ONE], w2: [template("Hi {{1}}", { id: "9" }), extra] },
    });
    expect(await catalog.sync()).toEqual([ONE, extra]);
  });

  it("is shared by all who ask at the same time, and done again for whoever asks later", async () => {
    const { catalog, listed, gate } = setUp();
    const release = hold(gate);
    const all = Promise.all([catalog.sync(), catalog.sync(), catalog.sync()]);
    release();
    expect((await all).map((list) => list.length)).toEqual([1, 1, 1]);
    expect(listed).toEqual(["w1"]);
    await catalog.sync();
    expect(listed).toEqual(["w1", "w1"]);
  });

  it("fails whole when one account fails, and keeps the last good list", async () => {
    const { catalog, gate } = setUp();
    await catalog.sync();
    gate.fault = down;
    await expect(catalog.sync()).rejects.toBe(down);
    expect(catalog.entry(WABA_NUMBER)?.templates[0]).toEqual(ONE);
  });

  it("works while State is down", async () => {
    const { catalog, state } = setUp();
    state.isDown(true);
    expect(await catalog.sync()).toEqual([ONE]);
  });

  it("does not wait for a State that hangs", async () => {
    const { catalog, state } = setUp({ wabaIds: {}, holds: { [WABA_NUMBER]: "w1" } });
    state.setKey = () => new Promise(() => undefined);
    expect(await catalog.sync()).toEqual([ONE]);
  });

  it("looks up whose number it is, and remembers it for every replica", async () => {
    const first = setUp({ wabaIds: {}, holds: { [WABA_NUMBER]: "w1" } });
    await first.catalog.sync();
    await first.catalog.sync();
    expect(first.looked).toEqual([WABA_NUMBER]);
    const second = setUp({ wabaIds: {}, state: first.state });
    await second.catalog.sync();
    expect({ looked: second.looked, listed: second.listed }).toEqual({ looked: [], listed: ["w1"] });
  });

  it("looks again after the remembered account refused", async () => {
    const { catalog, looked, gate } = setUp({ wabaIds: {}, holds: { [WABA_NUMBER]: "w1" } });
    await catalog.sync();
    gate.fault = new ConnectorError("templates_refused", "No such WABA", { httpStatus: 502 });
    await expect(catalog.sync()).rejects.toMatchObject({ httpStatus: 502 });
    expect(catalog.entry(WABA_NUMBER)?.templates).toEqual([ONE]);
    gate.fault = undefined;
    await catalog.sync();
    expect(looked).toEqual([WABA_NUMBER, WABA_NUMBER]);
  });

  it("says that nobody holds a number", async () => {
    const { catalog } = setUp({ wabaIds: {} });
    await expect(catalog.sync()).rejects.toMatchObject({
      code: "templates_refused",
      httpStatus: 502,
      message: "No WhatsApp Business Account of this API key holds the number ending in 0100: set WABA_ID",
    });
  });
});

describe("a list that is newer than a moment", () => {
  it("is fetched though nobody knew whose the number is, once for all who ask", async () => {
    const { catalog, looked, listed, clock } = setUp({ wabaIds: {}, holds: { [WABA_NUMBER]: "w1" } });
    const asked = Array.from({ length: 20 }, () => catalog.fetchSince(WABA_NUMBER, clock()));
    expect((await Promise.all(asked)).map(({ templates }) => templates)).toEqual(asked.map(() => [ONE]));
    expect({ looked, listed }).toEqual({ looked: [WABA_NUMBER], listed: ["w1"] });
  });

  it("is not asked for again within a minute after nobody held the number", async () => {
    const holds: Record<string, string> = {};
    const { catalog, looked, clock } = setUp({ wabaIds: {}, holds });
    const outcome = () =>
      catalog.fetchSince(WABA_NUMBER, clock()).then(
        ({ templates }) => templates.length,
        (error: ConnectorError) => error.code,
      );
    const outcomes = [await outcome(), await outcome()];
    holds[WABA_NUMBER] = "w1";
    clock.advance(MINUTE);
    expect([...outcomes, await outcome()]).toEqual(["templates_refused", "templates_unavailable", 1]);
    expect(looked.length).toBe(2);
  });
});

describe("the last good list", () => {
  it.each([
    ["small", [ONE], ""],
    [
      "large",
      Array.from({ length: 200 }, (_, at) => template("Hi {{1}}", { id: `${at}`, name: `t${at}` })),
      "gz:",
    ],
  ])("is kept for other replicas and after a restart: %s", async (_name, templates, prefix) => {
    const { catalog, state } = setUp({ lists: { w1: templates } });
    await catalog.sync();
    await until(() => state.keys.has("templates:w1"));
    const text = state.keys.get("templates:w1") ?? "";
    expect(text.startsWith("gz:") ? "gz:" : "").toBe(prefix);
    expect(text.length).toBeLessThan(16_000);
    const later = setUp({ state });
    const { name } = templates.at(-1)!;
    expect(later.catalog.entry(WABA_NUMBER)).toBeUndefined();
    await later.catalog.reload(WABA_NUMBER);
    expect(later.catalog.entry(WABA_NUMBER)?.index.find(name, "en_US")).toEqual(templates.at(-1));
    expect(later.listed).toEqual([]);
  });
});

describe("the preflight", () => {
  it("lets everything pass before the first sync, and asks nobody but State for it", async () => {
    const { check, listed, looked } = setUp({ lists: { w1: [TWO] } });
    expect(await check()).toBe("passes");
    expect({ listed, looked }).toEqual({ listed: [], looked: [] });
  });

  it("refuses in words what does not fit, from the sync on", async () => {
    const { catalog, check, lists } = setUp({ lists: { w1: [TWO] } });
    await catalog.sync();
    expect(await check()).toBe(MISFIT);
    lists["w1"] = [ONE];
    await catalog.sync();
    expect(await check()).toBe("passes");
  });

  it("lets a fitting send, an SMS and a text pass without a wait", async () => {
    const { catalog, log, clock, send } = setUp();
    await catalog.sync();
    const preflight = createPreflight({ catalog, now: clock, timers: systemRuntime, log });
    const results = [send(), buildSmsMessage(), send({ content: { type: "text", text: "Hi" } })].map(
      preflight,
    );
    expect(results).toEqual([undefined, undefined, undefined]);
  });

  it("lets everything pass with an empty list", async () => {
    const { catalog, check } = setUp({ lists: { w1: [] } });
    await catalog.sync();
    expect(await check()).toBe("passes");
  });

  it("judges each number by its own account, and a number without one not at all", async () => {
    const { catalog, check, send } = setUp({
      numbers: [WABA_NUMBER, OTHER_NUMBER],
      wabaIds: { [WABA_NUMBER]: "w1", [OTHER_NUMBER]: "w2" },
      lists: { w1: [ONE], w2: [TWO] },
    });
    await catalog.sync();
    const verdicts = [WABA_NUMBER, OTHER_NUMBER, "19995550100"].map((from) => check(send({ from })));
    expect(await Promise.all(verdicts)).toEqual(["passes", MISFIT, "passes"]);
  });

  it.each([
    [14 * MINUTE, MISFIT, 1],
    [16 * MINUTE, MISFIT, 2],
    [59 * MINUTE, MISFIT, 2],
    [61 * MINUTE, "passes", 2],
  ])("answers a mismatch %d ms after the sync: %s", async (age, verdict, fetches) => {
    const { catalog, check, clock, listed } = setUp({ lists: { w1: [TWO] } });
    await catalog.sync();
    clock.advance(age);
    expect(await check()).toBe(verdict);
    await settled();
    expect(listed.length).toBe(fetches);
  });

  it("does not refresh for a send that fits, however old the list", async () => {
    const { catalog, check, clock, listed } = setUp();
    await catalog.sync();
    clock.advance(61 * MINUTE);
    expect(await check()).toBe("passes");
    expect(listed.length).toBe(1);
  });

  it("goes by the list that another replica has fetched since", async () => {
    const first = setUp({ lists: { w1: [TWO] } });
    await first.catalog.sync();
    const second = setUp({ lists: { w1: [TWO] }, state: first.state, clock: first.clock });
    await second.catalog.reload(WABA_NUMBER);
    first.lists["w1"] = [ONE];
    first.clock.advance(MINUTE);
    await first.catalog.sync();
    expect(await second.check()).toBe("passes");
    expect(second.listed).toEqual([]);
  });
});

describe("a template that is not in the list", () => {
  const ABSENT = "the WhatsApp account has no template late_news";

  it("is refused after a list fetched since lacks it too", async () => {
    const { catalog, check, send, listed, clock } = setUp();
    await catalog.sync();
    clock.advance(5_000);
    expect(await check(send({}, "late_news"))).toBe(ABSENT);
    expect(listed.length).toBe(2);
  });

  it.each(["PENDING", "PAUSED"])("passes once it is approved, though the list had it %s", async (status) => {
    const late = template("Hi {{1}}", { name: "late_news", status });
    const { catalog, check, send, lists, clock } = setUp({ lists: { w1: [ONE, late] } });
    await catalog.sync();
    lists["w1"] = [ONE, { ...late, status: "APPROVED" }];
    clock.advance(5_000);
    expect(await check(send({}, "late_news"))).toBe("passes");
  });

  it("passes once it exists, and is judged by its own needs", async () => {
    const { catalog, check, send, lists, clock } = setUp();
    await catalog.sync();
    lists["w1"] = [ONE, template("{{1}} {{2}}", { name: "late_news" })];
    clock.advance(5_000);
    expect(await check(send({}, "late_news"))).toBe(
      "body of late_news (en_US) has 2 parameters, the send has 1",
    );
  });

  it("does not trust a fetch that began before the send", async () => {
    const { catalog, check, send, lists, gate, listed, clock } = setUp();
    await catalog.sync();
    clock.advance(5_000);
    const release = hold(gate);
    const running = catalog.sync();
    await settled();
    clock.advance(1_000);
    const verdict = check(send({}, "late_news"));
    lists["w1"] = [ONE, template("Hi {{1}}", { name: "late_news" })];
    release();
    await running;
    expect(await verdict).toBe("passes");
    expect(listed.length).toBe(3);
  });

  it("costs one fetch for many sends, and at most one a second", async () => {
    const { catalog, check, send, listed, clock } = setUp();
    await catalog.sync();
    clock.advance(5_000);
    const together = Array.from({ length: 50 }, () => check(send({}, "late_news")));
    expect(new Set(await Promise.all(together))).toEqual(new Set([ABSENT]));
    expect(listed.length).toBe(2);
    const before = clock();
    expect(await check(send({ acceptedAt: clock() + 1 }, "late_news"))).toBe(ABSENT);
    expect({ fetches: listed.length, waited: clock() - before }).toEqual({ fetches: 3, waited: 1_000 });
  });

  it("passes when the list cannot be fetched, and does not ask again for a minute", async () => {
    const { catalog, check, send, gate, listed, clock } = setUp();
    await catalog.sync();
    gate.fault = down;
    clock.advance(5_000);
    expect(await check(send({}, "late_news"))).toBe("passes");
    clock.advance(59_000);
    expect(await check(send({}, "late_news"))).toBe("passes");
    expect(listed.length).toBe(2);
    clock.advance(2_000);
    gate.fault = undefined;
    expect(await check(send({}, "late_news"))).toBe(ABSENT);
  });
});

describe("a send that Vonage refused for its template", () => {
  const refused = buildFailedReport({ reason: "template" });

  it("is explained by what differed when it was sent", async () => {
    const { catalog, mismatches, send, lists, log } = setUp({ lists: { w1: [TWO] } });
    await catalog.sync();
    await mismatches.record(send());
    lists["w1"] = [ONE];
    await catalog.sync();
    const error = { code: "1022", description: `Invalid template or template parameters: ${MISFIT}` };
    const explained = await mismatches.explain(refused);
    expect(explained).toEqual({ ...refused, error });
    expect(await mismatches.explain(explained)).toEqual(explained);
    expect(log.at("warn")).toContainEqual({
      level: "warn",
      msg: `Template refused by Vonage: ${MISFIT}`,
      fields: { msg_id: refused.id, code: "1022", difference: MISFIT },
    });
  });

  it("is explained a day later too", async () => {
    const { catalog, mismatches, send, clock } = setUp({ lists: { w1: [TWO] }, clock: createClock(T0) });
    await catalog.sync();
    await mismatches.record(send());
    clock.advance(20 * 60 * MINUTE);
    expect((await mismatches.explain(refused)).error?.description).toContain(MISFIT);
  });

  it("is left as it is when nothing differed, and nothing was written for it", async () => {
    const { catalog, mismatches, send, state } = setUp();
    await catalog.sync();
    const before = JSON.stringify([...state.keys]);
    await mismatches.record(send());
    expect(await mismatches.explain(refused)).toEqual(refused);
    expect(JSON.stringify([...state.keys])).toBe(before);
  });

  it.each([
    ["is of no shape at all", [{ type: "body", parameters: [{ type: { toString: null } }] }]],
    ["cannot even be looked at", undefined],
  ])("does not keep a send from leaving that %s", async (_, components) => {
    const { catalog, mismatches, lists } = setUp({ lists: { w1: [TWO] } });
    lists["w1"] = [TWO];
    await catalog.sync();
    const template = { ...buildTemplate({ name: "order_update" }), ...(components ? { components } : {}) };
    if (!components)
      Object.defineProperty(template, "components", {
        get: () => {
          throw new TypeError("no");
        },
      });
    await mismatches.record(
      buildWhatsAppMessage({ from: WABA_NUMBER, content: { type: "template", template } }),
    );
  });

  it("is not mixed up with other failures, and reported all the same when State is down", async () => {
    const { catalog, mismatches, send, state } = setUp({ lists: { w1: [TWO] } });
    await catalog.sync();
    await mismatches.record(send());
    const other = buildFailedReport({ error: { code: "1300", description: "Not on WhatsApp" } });
    expect(await mismatches.explain(other)).toEqual(other);
    state.isDown(true);
    await mismatches.record(send());
    expect(await mismatches.explain(refused)).toEqual(refused);
  });
});
