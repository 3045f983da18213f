import { ConnectorError } from "../../errors.ts";
import type { Transport } from "../../transport.ts";

/** MoEngage gives up on a provider after 5 s; the same patience is kept with it. */
const DEADLINE_MS = 5_000;

/** Refused for good: the same body would be refused again. Everything else may pass later. */
const FINAL = new Set([400, 413, 422]);

/**
 * Posts one callback. Any 2xx is acceptance, whatever its body.
 * Rejects with ConnectorError `platform_refused` (final) or `platform_unavailable` (retryable).
 */
export async function postCallback(transport: Transport, url: string, body: object): Promise<void> {
  const { status } = await transport
    .request({
      method: "POST",
      url,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      deadlineMs: DEADLINE_MS,
    })
    .catch((error: ConnectorError) => {
      throw unavailable({ reason: error.detail["reason"] ?? error.code });
    });
  if (status >= 200 && status < 300) return;
  if (FINAL.has(status)) {
    throw new ConnectorError("platform_refused", `MoEngage refused the callback with HTTP ${status}`, {
      detail: { status },
    });
  }
  throw unavailable({ status });
}

const unavailable = (detail: ConnectorError["detail"]) =>
  new ConnectorError("platform_unavailable", "MoEngage could not take the callback", {
    retryable: true,
    detail,
  });
