import type { MessageStory } from "../core/insight.ts";
import type { ConnectorError } from "../lib/errors.ts";
import type { Runtime } from "../lib/runtime.ts";
import type { ConsoleActions } from "./actions.ts";
import { type Html, html } from "./html.ts";
import { inWords, load } from "./loaded.ts";
import { platformChoices, withNames } from "./named.ts";
import type { ConsolePorts } from "./ports.ts";
import {
  type Given,
  only,
  RESULTS_NAMES,
  readFailuresQuery,
  readOptOut,
  readResultsQuery,
} from "./requests.ts";
import { failuresForm, failuresView } from "./views/failures.ts";
import { heldView, replayed } from "./views/held.ts";
import { layout, type Page } from "./views/layout.ts";
import { isOpen, messageForm, messageView } from "./views/message.ts";
import { imported, optOutDone, optOutForms, totalsView } from "./views/opt-outs.ts";
import { note, section } from "./views/parts.ts";
import { resultsForm, resultsView } from "./views/results.ts";
import { settingsView } from "./views/settings.ts";
import { setupView } from "./views/setup.ts";
import { statusView } from "./views/status.ts";
import { syncForm, templatesView } from "./views/templates.ts";
import { testSendForm } from "./views/test-send.ts";

export interface ConsolePage {
  show(given: Given): Promise<string>;
  /** What its form does: leads on, or shows the page again with what came of it. */
  submit?(given: Given, actions: ConsoleActions): Promise<{ goTo?: string; page?: string }>;
}

const LIVE_SECONDS = 10;
/** While something is being tried out, or is about to happen. */
const WATCHED_SECONDS = 2;

/** The pages by their path below /console. A query that makes no sense is told on the page. */
export function consolePages(ports: ConsolePorts, runtime: Runtime): Record<string, ConsolePage> {
  const { now } = runtime;
  const loaded = <T>(work: () => Promise<T>) => load(work, runtime);
  const show = (
    page: Omit<Page, "intro" | "title" | "body">,
    title: string,
    intro: string | Html,
    body: Html,
  ) => layout({ ...page, title, intro, body });

  const figures = withNames(ports);
  const platforms = platformChoices(ports);

  async function held(notice: Html | string): Promise<string> {
    const letters = await loaded(ports.letters.list);
    const intro =
      "What the queue gave up on after four tries. The connector puts it back by itself, five times at the most; do it here if you cannot wait, or once the cause of what was given up is gone.";
    return show(
      { name: "held" },
      "Held",
      intro,
      html`${notice}${section(letters, (value) => heldView(value, now()))}`,
    );
  }

  async function optOuts(values: Given, notice: Html | string): Promise<string> {
    const totals = await loaded(ports.optOuts.totals);
    const intro =
      "Who has said STOP gets no message, whatever the platform asks for. The list belongs to the whole Vonage account.";
    const body = html`${notice}${section(totals, totalsView)}${optOutForms(values)}`;
    return show({ name: "opt-outs" }, "Opt-outs", intro, body);
  }

  async function templates(notice: Html | string): Promise<string> {
    const list = await loaded(ports.templates.list);
    const body = html`${notice}${syncForm()}${section(list, (value) => templatesView(value, now()))}`;
    return show(
      { name: "templates" },
      "Templates",
      "What the WhatsApp account has approved, and what a send must fill in.",
      body,
    );
  }

  function testSend(values: Given, notice: Html | string): string {
    const intro = "Send one message to yourself, and see every stage of it.";
    return show({ name: "test-send" }, "Test send", intro, html`${notice}${testSendForm(values)}`);
  }

  async function advice(story: MessageStory) {
    const code = story.found ? story.steps.findLast((step) => step.code !== undefined)?.code : undefined;
    return code === undefined ? undefined : ports.words(code);
  }

  return {
    status: {
      async show(given) {
        only(given, [], "parameter");
        const answer = await loaded(figures.status);
        const body = section(answer, (value) => statusView(value, now()));
        return show(
          { name: "status", liveSeconds: LIVE_SECONDS },
          "Status",
          "Is it running, what waits, and who is away.",
          body,
        );
      },
    },
    results: {
      async show(given) {
        only(given, RESULTS_NAMES, "parameter");
        const results = await loaded(async () => figures.results(readResultsQuery(given, now())));
        const body = html`${resultsForm(given, platforms)}${section(results, resultsView)}`;
        const intro =
          "What became of your messages, template by template, and what to do about those that failed.";
        return show({ name: "results", liveSeconds: LIVE_SECONDS }, "Results", intro, body);
      },
    },
    failures: {
      async show(given) {
        const failures = await loaded(async () => figures.failures(readFailuresQuery(given, now())));
        const body = html`${failuresForm(given)}${section(failures, (value) => failuresView(value, now()))}`;
        return show(
          { name: "failures", liveSeconds: LIVE_SECONDS },
          "Failures",
          "The latest failures one by one.",
          body,
        );
      },
    },
    message: {
      async show(given) {
        only(given, ["id"], "parameter");
        const id = typeof given["id"] === "string" ? given["id"].trim().slice(0, 512) : "";
        const intro = "Paste an id and read what became of the message.";
        if (id === "") return show({ name: "message" }, "Message", intro, messageForm(""));
        const story = await loaded(async () => {
          const found = await figures.story(id);
          return { found, advice: await advice(found) };
        });
        const body = section(story, (value) => messageView(value.found, value.advice, now()));
        const isLive = story.is === "there" && isOpen(story.value.found);
        const page = { name: "message" as const, ...(isLive ? { liveSeconds: WATCHED_SECONDS } : {}) };
        return show(page, "Message", intro, html`${messageForm(id)}${body}`);
      },
    },
    setup: {
      async show(given) {
        only(given, [], "parameter");
        const setup = await loaded(ports.setup);
        const isPending = setup.is === "there" && setup.value.checks.some(({ ok }) => ok === null);
        const page = { name: "setup" as const, ...(isPending ? { liveSeconds: LIVE_SECONDS } : {}) };
        const intro =
          "Everything that can be checked from here: the account, the application, the senders, the addresses.";
        return show(
          page,
          "Setup",
          intro,
          section(setup, (value) => setupView(value, now())),
        );
      },
    },
    "test-send": {
      async show(given) {
        only(given, ["channel", "template", "language"], "parameter");
        return testSend(given, "");
      },
      async submit(given, actions) {
        try {
          const { id } = await actions.testSend(given);
          return { goTo: `/console/message?id=${encodeURIComponent(id)}` };
        } catch (thrown) {
          return { page: testSend(given, troubled(thrown)) };
        }
      },
    },
    "opt-outs": {
      async show(given) {
        only(given, [], "parameter");
        return optOuts({}, "");
      },
      async submit(given, actions) {
        const notice = await told(async () => {
          if ("csv" in given) return imported(await actions.importOptOuts(given));
          const request = readOptOut(given);
          return optOutDone(await actions.optOut(given), request.action, now());
        });
        return { page: await optOuts(given, notice) };
      },
    },
    held: {
      async show(given) {
        only(given, [], "parameter");
        return held("");
      },
      submit: async (given, actions) => ({
        page: await held(await told(async () => replayed(await actions.replay(given)))),
      }),
    },
    templates: {
      async show(given) {
        only(given, [], "parameter");
        return templates("");
      },
      submit: async (given, actions) => ({
        page: await templates(
          await told(async () => {
            const { templates: list } = await actions.syncTemplates(given);
            return note("good", `Synced: ${list.length} templates.`);
          }),
        ),
      }),
    },
    settings: {
      async show(given) {
        only(given, [], "parameter");
        const body = settingsView(ports.settings, ports.notes, ports.connectedSourceMapper);
        return show({ name: "settings" }, "Settings", "What is in effect. No secret is shown.", body);
      },
    },
  };
}

const troubled = (thrown: unknown): Html => note("trouble", inWords(thrown));

/** What came of it, or in words why nothing did. */
async function told(work: () => Promise<Html>): Promise<Html> {
  try {
    return await work();
  } catch (thrown) {
    return troubled(thrown);
  }
}

/** What is shown in place of a page. */
export const failedPage = (error: ConnectorError): string =>
  layout({
    name: "",
    title: error.httpStatus === 401 ? "Password needed" : "This did not work",
    intro: error.httpStatus === 401 ? "" : html`<a href="/console/status">Back to the first page</a>`,
    body: note("trouble", inWords(error)),
  });
