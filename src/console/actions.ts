import { withDeadline } from "../lib/deadline.ts";
import type { Runtime } from "../lib/runtime.ts";
import type { ConsolePorts } from "./ports.ts";
import { type Given, only, readImport, readOptOut, readReplay, readTestSend } from "./requests.ts";

export interface ConsoleActions {
  replay(given: Given): ReturnType<ConsolePorts["letters"]["replay"]>;
  optOut(given: Given): ReturnType<ConsolePorts["optOuts"]["act"]>;
  importOptOuts(given: Given): ReturnType<ConsolePorts["optOuts"]["importCsv"]>;
  syncTemplates(given: Given): ReturnType<ConsolePorts["templates"]["sync"]>;
  testSend(given: Given): ReturnType<ConsolePorts["testSend"]>;
}

/** Where each stands in the JSON. */
export const ACTION_PATHS: Record<string, keyof ConsoleActions> = {
  "/dead-letters/replay": "replay",
  "/opt-outs": "optOut",
  "/opt-outs/import": "importOptOuts",
  "/templates/sync": "syncTemplates",
  "/test-send": "testSend",
};

/** What stands between a browser and us waits no longer. */
const ACTION_MS = 50_000;
const GOES_ON = "This takes longer than an answer may: it goes on. Look again in some minutes.";

/** What was done, and of whom only what a log may hold. */
type Audit = (done: object, what: string) => void;

/** What can be changed, for the pages and for programs alike. Each change is told to `audit` once it is made. */
export function consoleActions(ports: ConsolePorts, runtime: Runtime): (audit: Audit) => ConsoleActions {
  const within = <T>(work: Promise<T>) => withDeadline(work, ACTION_MS, GOES_ON, runtime);

  return (audit) => {
    async function audited<T>(work: Promise<T>, tell: (answer: T) => Parameters<Audit>): Promise<T> {
      const answer = await work;
      audit(...tell(answer));
      return answer;
    }
    return {
      async replay(given) {
        const choice = readReplay(given, runtime.now());
        const work = ports.letters.replay(choice);
        return within(
          audited(work, (answer) => [{ queue: choice.queue, ...answer }, "dead letters put back"]),
        );
      },
      async optOut(given) {
        const request = readOptOut(given);
        const work = ports.optOuts.act(request);
        if (request.action === "check") return within(work);
        const what = `opt-out: ${request.action}`;
        return within(
          audited(work, ({ channel, number: person, changed }) => [{ channel, person, changed }, what]),
        );
      },
      async importOptOuts(given) {
        const request = readImport(given);
        const { channel, action, dryRun } = request;
        const work = ports.optOuts.importCsv(request);
        return within(
          audited(work, ({ changed, same, faults }) => [
            { channel, changed, same, skipped: faults.length, dryRun },
            `opt-outs of a list: ${action}`,
          ]),
        );
      },
      async syncTemplates(given) {
        only(given, [], "field");
        const work = ports.templates.sync();
        return within(
          audited(work, ({ templates }) => [{ templates: templates.length }, "templates synced"]),
        );
      },
      async testSend(given) {
        const request = readTestSend(given);
        const { channel, template } = request;
        const work = ports.testSend(request);
        return within(audited(work, ({ id }) => [{ msg_id: id, channel, template }, "test message sent"]));
      },
    };
  };
}
