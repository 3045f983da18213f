import express, { type ErrorRequestHandler, type RequestHandler, Router } from "express";
import { ACTION_PATHS, type ConsoleActions, consoleActions } from "../../console/actions.ts";
import { ASSETS } from "../../console/assets.ts";
import { inWords } from "../../console/loaded.ts";
import { type ConsolePage, consolePages, failedPage } from "../../console/pages.ts";
import type { ConsolePorts } from "../../console/ports.ts";
import { consoleReads } from "../../console/reads.ts";
import type { Given } from "../../console/requests.ts";
import { asConnectorError, ConnectorError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Runtime } from "../../lib/runtime.ts";
import { CHALLENGE, type ConsoleSecrets, consoleAccess } from "../auth/console-access.ts";
import { AUTHENTICATED_BYTES, parseBody, readBytes } from "../middleware/body.ts";
import type { RefusalLog } from "../refusals.ts";
import { csvRoute, queryOf, readRoute } from "./console-api.ts";

export const CONSOLE_PATH = "/console";

export interface ConsoleRoutePorts {
  console: ConsolePorts;
  secrets: ConsoleSecrets;
  runtime: Runtime;
  refusals: RefusalLog;
  log: Log;
}

/** A list of hundreds of thousands of numbers. */
const IMPORT_BYTES = 8 * AUTHENTICATED_BYTES;

/** Nothing from elsewhere, nothing kept, nothing in a frame; forms and scripts are this site's own. */
const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "x-frame-options": "DENY",
  "x-content-type-options": "nosniff",
  // Not `no-referrer`: a browser would then hide the origin of our own forms.
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

/** The operator's pages and the JSON behind them (docs/console.md). */
export function consoleRoutes({
  console: ports,
  secrets,
  runtime,
  refusals,
  log,
}: ConsoleRoutePorts): Router {
  const router = Router();
  const actions = consoleActions(ports, runtime);
  const pages = consolePages(ports, runtime);
  const doing = (res: { locals: Record<string, unknown> }): ConsoleActions =>
    actions((done, what) => log.info({ by: res.locals["by"], ...done }, `Console: ${what}`));

  router.use((_req, res, next) => {
    res.set(HEADERS);
    next();
  });
  router.use(consoleAccess(secrets, runtime));

  const api = Router();
  for (const [path, read] of Object.entries(consoleReads(ports, runtime.now)))
    api.get(path, readRoute(read, runtime));
  api.get("/results.csv", csvRoute(ports, runtime));
  for (const [path, name] of Object.entries(ACTION_PATHS))
    api.post(path, bodyOf(path), async (req, res) => {
      res.status(200).json(await doing(res)[name]({ ...queryOf(req), ...(req.body as Given) }));
    });
  api.use(notFound);
  api.use(((thrown, req, res, _next) => {
    const error = refused(thrown, req, res);
    res.status(error.httpStatus).json({ message: inWords(error) });
  }) satisfies ErrorRequestHandler);
  router.use("/api", api);

  for (const [name, { type, text }] of Object.entries(ASSETS))
    router.get(`/assets/${name}`, (_req, res) => void res.status(200).type(type).send(text));
  router.get("/", (_req, res) => res.redirect(303, `${CONSOLE_PATH}/status`));
  for (const [name, { show, submit }] of Object.entries<ConsolePage>(pages)) {
    router.get(`/${name}`, async (req, res) => {
      res
        .status(200)
        .type("html")
        .send(await show(queryOf(req)));
    });
    if (!submit) continue;
    router.post(`/${name}`, bodyOf(name === "opt-outs" ? "/opt-outs/import" : ""), async (req, res) => {
      const { goTo, page } = await submit(req.body as Given, doing(res));
      if (goTo) res.redirect(303, goTo);
      else res.status(200).type("html").send(page);
    });
  }
  router.use(notFound);
  router.use(((thrown, req, res, _next) => {
    const error = refused(thrown, req, res);
    // Who may not come in has not reached the JSON's own answers.
    if (req.path.startsWith("/api/")) res.status(error.httpStatus).json({ message: inWords(error) });
    else res.status(error.httpStatus).type("html").send(failedPage(error));
  }) satisfies ErrorRequestHandler);
  return router;

  function refused(thrown: unknown, req: express.Request, res: express.Response): ConnectorError {
    const error = thrown instanceof URIError ? UNREADABLE : asConnectorError(thrown);
    if (error.httpStatus === 401) res.set("www-authenticate", CHALLENGE);
    if (error.httpStatus === 429) res.set("retry-after", "60");
    // A browser's first request never shows a password.
    const isFirst = error.httpStatus === 401 && req.headers.authorization === undefined;
    const path = `${req.baseUrl}${req.path}`;
    if (!isFirst) refusals.refused({ path }, { what: "Request refused", error, status: error.httpStatus });
    return error;
  }
}

const UNREADABLE = new ConnectorError(
  "invalid_request",
  "The address cannot be read: a % is not followed by a code",
);

const notFound: RequestHandler = () => {
  throw new ConnectorError("not_found", "There is no such page in the console", { httpStatus: 404 });
};

/** JSON, a form, or where a list of numbers is taken the list itself; nothing at all is an empty object. */
function bodyOf(path: string): RequestHandler {
  const isImport = path === "/opt-outs/import";
  const limit = isImport ? IMPORT_BYTES : AUTHENTICATED_BYTES;
  return async (req, res, next) => {
    const bytes = await readBytes(req, res, limit).bytes;
    if (bytes.length === 0) req.body = {};
    else if (isImport && req.is("text/csv")) req.body = { csv: bytes.toString("utf8") };
    else req.body = parseBody(bytes, req.headers["content-type"], ["json", "form"]);
    if (typeof req.body !== "object" || req.body === null || Array.isArray(req.body))
      throw new ConnectorError("invalid_request", "The body must be a JSON object");
    next();
  };
}
