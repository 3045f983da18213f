import type { ErrorRequestHandler, RequestHandler } from "express";
import type { CatalogTemplate } from "../../core/template/template.ts";
import { asConnectorError } from "../../lib/errors.ts";
import type { PlatformChannel, PlatformTemplates } from "../../platforms/platform.ts";
import { demandCredentials } from "../middleware/authenticate.ts";
import type { RefusalLog } from "../refusals.ts";

export interface TemplatePorts {
  /** Every template, of whatever status; rejects with a ConnectorError in words. */
  syncTemplates(): Promise<readonly CatalogTemplate[]>;
  publicUrl?: string | undefined;
  refusals: RefusalLog;
}

/** A platform's request for the templates that can be sent, answered in its own format. */
export function templatesRoute(
  { tag, intake }: PlatformChannel,
  templates: PlatformTemplates,
  { syncTemplates, publicUrl = "", refusals }: TemplatePorts,
) {
  const list: RequestHandler = async (req, res) => {
    demandCredentials(intake, req.headers);
    const query = new URL(req.originalUrl, "http://localhost").searchParams;
    // A query that makes no sense is refused before Vonage is asked.
    templates.serialise([], query, "");
    const { status, body } = templates.serialise(
      await syncTemplates(),
      query,
      `${publicUrl}${templates.path}`,
    );
    res.status(status).json(body);
  };
  const onError: ErrorRequestHandler = (thrown, req, res, _next) => {
    const error = asConnectorError(thrown);
    const { status, body } = templates.failed(error);
    refusals.refused(req, {
      ...{ what: "Template sync not answered with a list", error, status, mildest: "info" },
      about: { origin: tag },
    });
    res.status(status).json(body);
  };
  return [list, onError];
}
