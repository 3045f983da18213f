import express, { type ErrorRequestHandler, type Express } from "express";
import { loggableError } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import type { PlatformChannel } from "../platforms/platform.ts";
import { INBOUND_PATH, type InboundPorts, inboundRoute } from "./routes/inbound.ts";
import { type IntakePorts, intakeRoute } from "./routes/intake.ts";
import { JOBS_PATH, type JobPorts, jobRoute } from "./routes/jobs.ts";
import { STATUS_PATHS, type StatusPorts, statusRoute } from "./routes/status.ts";
import { type TemplatePorts, templatesRoute } from "./routes/templates.ts";

export interface AppDependencies extends IntakePorts, JobPorts, StatusPorts, InboundPorts, TemplatePorts {
  channels: readonly PlatformChannel[];
  metrics: { contentType: string; text(): Promise<string> };
  log: Log;
}

/** Every route, and who may call it. */
export function createApp(deps: AppDependencies): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", "simple");

  // VCR has the callback's path with its slash, and may put one of its own before it.
  app.use((req, _res, next) => {
    if (req.url.startsWith("//")) req.url = req.url.replace(/^\/+/, "/");
    next();
  });
  // Nobody's secret: answers without touching a neighbour.
  app.get("/_/health", (_req, res) => {
    res.status(200).json({ status: "ok" });
  });
  // Whatever the manifest lets in: figures without ids or people.
  app.get("/_/metrics", async (_req, res) => {
    const text = await deps.metrics.text();
    res.status(200).type(deps.metrics.contentType).send(text);
  });
  // The platform, with its credentials.
  for (const channel of deps.channels) {
    app.post(channel.intake.path, ...intakeRoute(channel, deps));
    const { templates } = channel;
    // Nobody knows whether the platform asks with GET or with POST.
    if (templates) {
      const route = templatesRoute(channel, templates, deps);
      app.get(templates.path, ...route);
      app.post(templates.path, ...route);
    }
  }
  // The queue, with a job this connector signed.
  app.post(JOBS_PATH, ...jobRoute(deps));
  // Vonage, with a signed webhook.
  app.post(STATUS_PATHS, ...statusRoute(deps));
  app.post(INBOUND_PATH, ...inboundRoute(deps));

  app.use((_req, res) => {
    res.status(404).json({
      message:
        "Nothing is served here, or its channel is switched off: the connector's first log lines say which",
    });
  });
  app.use(((thrown, _req, res, _next) => {
    // Only what Express itself refuses comes here, such as a path that cannot be decoded.
    const status = (thrown as { status?: number }).status ?? 500;
    deps.log.warn({ status, ...loggableError(thrown) }, "Request refused");
    res.status(status).json({ message: status < 500 ? "The request could not be read" : "Try again later" });
  }) satisfies ErrorRequestHandler);
  return app;
}
