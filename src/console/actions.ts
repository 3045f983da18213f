import { shortened } from "../core/message.ts";
import type { ImportProgress } from "../flows/inbound/opt-outs.ts";
import { withDeadline } from "../lib/deadline.ts";
import { asConnectorError } from "../lib/errors.ts";
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

/** A change that is under way, and what of it the audit line has. */
interface Change<T> {
  what: string;
  work: Promise<T>;
  done(answer: T): object;
  /** Where it failed: what it was about, and how far it came. */
  failed(): object;
}

/**
 * What can be changed, for the pages and for programs alike. Each change is told to `audit` once it is made, or has
 * failed: it may have come half of its way.
 */
export function consoleActions(ports: ConsolePorts, runtime: Runtime): (audit: Audit) => ConsoleActions {
  const within = <T>(work: Promise<T>) => withDeadline(work, ACTION_MS, GOES_ON, runtime);

  return (audit) => {
    async function audited<T>({ what, work, done, failed }: Change<T>): Promise<T> {
      const answer = await work.catch((error) => {
        audit({ ...failed(), code: asConnectorError(error).code }, `${what}: failed`);
        throw error;
      });
      audit(done(answer), what);
      return answer;
    }
    return {
      async replay(given) {
        const choice = readReplay(given, runtime.now());
        const { queue, dryRun } = choice;
        return within(
          audited({
            what: "dead letters put back",
            work: ports.letters.replay(choice),
            done: (answer) => ({ queue, ...answer }),
            failed: () => ({ queue, dryRun }),
          }),
        );
      },
      async optOut(given) {
        const request = readOptOut(given);
        const work = ports.optOuts.act(request);
        if (request.action === "check") return within(work);
        return within(
          audited({
            what: `opt-out: ${request.action}`,
            work,
            done: ({ channel, number: person, changed }) => ({ channel, person, changed }),
            failed: () => ({ channel: request.channel, person: shortened(request.number) }),
          }),
        );
      },
      async importOptOuts(given) {
        const request = readImport(given);
        const { channel, action, dryRun } = request;
        let soFar: Partial<ImportProgress> = {};
        return within(
          audited({
            what: `opt-outs of a list: ${action}`,
            work: ports.optOuts.importCsv(request, (progress) => {
              soFar = progress;
            }),
            done: ({ changed, same, faults }) => ({ channel, changed, same, skipped: faults.length, dryRun }),
            failed: () => ({ channel, ...soFar, dryRun }),
          }),
        );
      },
      async syncTemplates(given) {
        only(given, [], "field");
        return within(
          audited({
            what: "templates synced",
            work: ports.templates.sync(),
            done: ({ templates }) => ({ templates: templates.length }),
            failed: () => ({}),
          }),
        );
      },
      async testSend(given) {
        const request = readTestSend(given);
        const { channel, template } = request;
        return within(
          audited({
            what: "test message sent",
            work: ports.testSend(request),
            done: ({ id }) => ({ msg_id: id, channel, template }),
            failed: () => ({ channel, template }),
          }),
        );
      },
    };
  };
}
