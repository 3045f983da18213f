import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import { asConnectorError, ConnectorError } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import type { PlatformChannel } from "../platforms/platform.ts";
import type { RefusalLog } from "./refusals.ts";
import { CONSOLE_PATH, type ConsoleRoutePorts, consoleRoutes } from "./routes/console.ts";
import { INBOUND_PATH, type InboundPorts, inboundRoute } from "./routes/inbound.ts";
import { type IntakePorts, intakeRoute } from "./routes/intake.ts";
import { JOBS_PATH, type JobPorts, jobRoute } from "./routes/jobs.ts";
import { type MetricsPorts, metricsRoute } from "./routes/metrics.ts";
import { STATUS_PATHS, type StatusPorts, statusRoute } from "./routes/status.ts";
import { type TemplatePorts, templatesRoute } from "./routes/templates.ts";

export interface AppDependencies extends IntakePorts, JobPorts, StatusPorts, InboundPorts, TemplatePorts {
  channels: readonly PlatformChannel[];
  refusals: RefusalLog;
  console?: Omit<ConsoleRoutePorts, "refusals" | "log">;
  metrics: MetricsPorts;
  ready(): Promise<{ isReady: boolean; away: string[]; isDraining: boolean }>;
  log: Log;
}

const NOT_FOUND =
  "Nothing is served here, or its channel is switched off: the connector's first log lines say which";

/** Whether a path is reached from outside is asked so: it does nothing, and no gateway answers it in this way. */
const hereWeAre: RequestHandler = (_req, res) => {
  res
    .set({ allow: "POST", [HERE]: "connector" })
    .status(204)
    .end();
};
export const HERE = "x-served-by";

/** Every route, and who may call it. */
export function createApp(deps: AppDependencies): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", "simple");

  /**
   * The routes that carry the load. One whose path is written as it stands here is found without the router, which
   * would try one layer after the other: 15 µs a request.
   */
  const posts = new Map<string, RequestHandler>();
  const post = (path: string, handler: RequestHandler) => {
    if (!posts.has(path)) posts.set(path, handler);
    app.post(path, handler);
    app.options(path, hereWeAre);
  };
  app.use((req, res, next) => {
    // VCR has the callback's path with its slash, and may put one of its own before it.
    if (req.url.startsWith("//")) req.url = req.url.replace(/^\/+/, "/");
    const handler = req.method === "POST" ? posts.get(req.url) : undefined;
    return handler ? handler(req, res, next) : next();
  });
  // Nobody's secret: answers without touching a neighbour.
  app.get("/_/health", (_req, res) => {
    res.status(200).json({ status: "ok" });
  });
  // Asks its neighbours, now and then: for a monitor, nothing routes by it.
  app.get("/_/ready", async (_req, res) => {
    const { isReady, away, isDraining } = await deps.ready();
    const body = isReady ? { status: "ready" } : { status: "not ready", away, draining: isDraining };
    res.status(isReady ? 200 : 503).json(body);
  });
  app.get("/_/metrics", metricsRoute(deps.metrics));
  // The operator, with the console's password.
  if (deps.console) {
    const { refusals, log } = deps;
    app.use(CONSOLE_PATH, consoleRoutes({ ...deps.console, refusals, log }));
  }
  // The platform, with its credentials.
  for (const channel of deps.channels) {
    post(channel.intake.path, intakeRoute(channel, deps));
    const { templates } = channel;
    // Nobody knows whether the platform asks with GET or with POST.
    if (templates) {
      const route = templatesRoute(channel, templates, deps);
      app.get(templates.path, ...route);
      app.post(templates.path, ...route);
    }
  }
  // The queue, with a job this connector signed.
  post(JOBS_PATH, jobRoute(deps));
  // Vonage, with a signed webhook.
  for (const path of STATUS_PATHS) post(path, statusRoute(deps));
  post(INBOUND_PATH, inboundRoute(deps));

  app.use((req, res) => {
    const error = new ConnectorError("not_found", NOT_FOUND, { httpStatus: 404 });
    deps.refusals.refused(req, { what: "Request refused", error, status: 404 });
    res.status(404).json({ message: NOT_FOUND });
  });
  app.use(((thrown, req, res, _next) => {
    // Only what Express itself refuses comes here, such as a path that cannot be decoded, and figures of ours.
    const status = (thrown as { status?: number }).status ?? 500;
    const error =
      status < 500
        ? new ConnectorError("unreadable", "The request could not be read", { httpStatus: status })
        : asConnectorError(thrown);
    deps.refusals.refused(req, { what: "Request refused", error, status });
    res.status(status).json({ message: status < 500 ? error.message : "Try again later" });
  }) satisfies ErrorRequestHandler);
  return app;
}
