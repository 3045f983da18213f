import type { Clock } from "../lib/runtime.ts";
import type { ConsolePorts } from "./ports.ts";
import { type Given, only, readImport, readOptOut, readReplay, readTestSend } from "./requests.ts";

export interface ConsoleActions {
  replay(given: Given): ReturnType<ConsolePorts["letters"]["replay"]>;
  optOut(given: Given): ReturnType<ConsolePorts["optOuts"]["act"]>;
  importOptOuts(given: Given): ReturnType<ConsolePorts["optOuts"]["importCsv"]>;
  syncTemplates(given: Given): ReturnType<ConsolePorts["templates"]["sync"]>;
  testSend(given: Given): ReturnType<ConsolePorts["testSend"]>;
}

/** What can be changed, for the pages and for programs alike. `audit` is told what was done, and of whom only what a log may hold. */
export function consoleActions(
  ports: ConsolePorts,
  now: Clock,
): (audit: (done: object, what: string) => void) => ConsoleActions {
  return (audit) => ({
    async replay(given) {
      const choice = readReplay(given, now());
      const answer = await ports.letters.replay(choice);
      audit({ queue: choice.queue, ...answer }, "dead letters put back");
      return answer;
    },
    async optOut(given) {
      const request = readOptOut(given);
      const answer = await ports.optOuts.act(request);
      const { channel, number: person, changed } = answer;
      if (request.action !== "check") audit({ channel, person, changed }, `opt-out: ${request.action}`);
      return answer;
    },
    async importOptOuts(given) {
      const request = readImport(given);
      const answer = await ports.optOuts.importCsv(request);
      const { channel, action, dryRun } = request;
      const { changed, same, faults } = answer;
      audit({ channel, changed, same, skipped: faults.length, dryRun }, `opt-outs of a list: ${action}`);
      return answer;
    },
    async syncTemplates(given) {
      only(given, [], "field");
      const answer = await ports.templates.sync();
      audit({ templates: answer.templates.length }, "templates synced");
      return answer;
    },
    async testSend(given) {
      const request = readTestSend(given);
      const answer = await ports.testSend(request);
      const { channel, template } = request;
      audit({ msg_id: answer.id, channel, template }, "test message sent");
      return answer;
    },
  });
}

/** Where each stands in the JSON. */
export const ACTION_PATHS: Record<string, keyof ConsoleActions> = {
  "/dead-letters/replay": "replay",
  "/opt-outs": "optOut",
  "/opt-outs/import": "importOptOuts",
  "/templates/sync": "syncTemplates",
  "/test-send": "testSend",
};
