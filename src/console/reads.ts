import type { Clock } from "../lib/runtime.ts";
import type { ConsolePorts } from "./ports.ts";
import { type Given, only, readFailuresQuery, readResultsQuery } from "./requests.ts";

type Params = Record<string, string | string[] | undefined>;
export type Read = (given: Given, params: Params) => Promise<object>;

/** Every request of the JSON, and what answers it; times are ISO 8601. */
export function consoleReads(ports: ConsolePorts, now: Clock): Record<string, Read> {
  const plain =
    (answer: () => Promise<object>): Read =>
    (given) => {
      only(given, [], "parameter");
      return answer();
    };
  return {
    "/status": plain(ports.status),
    "/results": async (given) => ports.results(readResultsQuery(given, now())),
    "/failures": async (given) => ports.failures(readFailuresQuery(given, now())),
    "/messages/:id": async (given, params) => {
      only(given, [], "parameter");
      return ports.story(String(params["id"]));
    },
    "/setup": plain(ports.setup),
    "/dead-letters": plain(ports.letters.list),
    "/opt-outs": plain(async () => ({ totals: await ports.optOuts.totals() })),
    "/templates": plain(ports.templates.list),
    "/connected-source-mapper": plain(async () => ports.connectedSourceMapper),
  };
}
