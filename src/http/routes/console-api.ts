import type { Request, RequestHandler } from "express";
import { resultsCsv } from "../../console/csv.ts";
import { DID_NOT_ANSWER } from "../../console/loaded.ts";
import type { ConsolePorts } from "../../console/ports.ts";
import type { Read } from "../../console/reads.ts";
import { type Given, readResultsQuery } from "../../console/requests.ts";
import { withDeadline } from "../../lib/deadline.ts";
import type { Runtime } from "../../lib/runtime.ts";

/** A read answers within three seconds, also where State is away. */
const READ_MS = 2_500;

/** One read as a route. */
export function readRoute(read: Read, runtime: Runtime): RequestHandler {
  return async (req, res) => {
    const answer = await withDeadline(read(queryOf(req), req.params), READ_MS, DID_NOT_ANSWER, runtime);
    res.status("found" in answer && answer.found === false ? 404 : 200).json(answer);
  };
}

export function csvRoute(ports: ConsolePorts, runtime: Runtime): RequestHandler {
  return async (req, res) => {
    const query = readResultsQuery(queryOf(req), runtime.now());
    const answer = await withDeadline(ports.results(query), READ_MS, DID_NOT_ANSWER, runtime);
    const name = `results-${answer.from.slice(0, 10)}.csv`;
    res
      .status(200)
      .type("text/csv; charset=utf-8")
      .set("content-disposition", `attachment; filename="${name}"`);
    // Spreadsheets take a file without this mark for another character set.
    res.send(`\uFEFF${resultsCsv(answer)}`);
  };
}

/** A name that is given twice is refused by whoever reads it: only one of them would count. */
export const queryOf = (req: Request): Given => ({ ...(req.query as Given) });
