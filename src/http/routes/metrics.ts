import type { RequestHandler } from "express";
import { credentialsCheck } from "../auth/credentials.ts";

export interface MetricsPorts {
  contentType: string;
  text(): Promise<string>;
  /** Bearer tokens, one of which is asked for; without any the path is for whoever the manifest lets in. */
  tokens: readonly string[] | undefined;
}

/** Figures without ids or people. */
export function metricsRoute({ contentType, text, tokens }: MetricsPorts): RequestHandler {
  const isAllowed = tokens ? credentialsCheck({ tokens }) : () => true;
  return async (req, res) => {
    if (!isAllowed(req.headers)) {
      const message =
        "The figures are for whoever has the token: Authorization: Bearer, and METRICS_TOKEN's value";
      res.status(401).set("www-authenticate", "Bearer").json({ message });
      return;
    }
    const figures = await text();
    res.status(200).type(contentType).send(figures);
  };
}
