import type { ErrorRequestHandler, RequestHandler } from "express";
import type { Clock, Log } from "../../core/ports.ts";
import type { DeliveryReport } from "../../core/report.ts";
import { asConnectorError, ConnectorError, loggableError } from "../../errors.ts";
import type { PlatformChannel } from "../../platforms/platform.ts";
import { fromStatus } from "../../vonage/from-status.ts";
import { parseReference, type Reference } from "../../vonage/reference.ts";
import { readBody } from "../middleware/body.ts";

export const STATUS_PATHS = ["/webhooks/status", "/webhooks/passed-message-status"];

export interface WebhookPorts {
  /** Throws a ConnectorError with the status Vonage must see. */
  verify(headers: Record<string, string | string[] | undefined>, rawBody: Uint8Array): void;
  now: Clock;
  log: Log;
}

export interface StatusPorts extends WebhookPorts {
  channels: readonly PlatformChannel[];
  resolve(reference: Reference): Promise<string | undefined>;
  report(report: DeliveryReport): Promise<unknown>;
}

/** Vonage gives up on an answer after 15 s; the webhook is then as good as answered 503. */
const DEADLINE_MS = 10_000;

/** A status of Vonage: 200 once the platform has it or never wants it, 503 to be sent it again. */
export function statusRoute(ports: StatusPorts) {
  const { channels, log, now } = ports;

  async function handle(body: unknown): Promise<string> {
    const status = fromStatus(body, now());
    const reference = parseReference(status.clientRef);
    const channel = channels.find(({ tag }) => tag === reference?.origin);
    const about = {
      message_uuid: status.vendorId,
      vendor_status: status.vendorStatus,
      code: status.error?.code,
    };
    if (!reference || !channel) {
      log.info(about, "Status ignored: its reference is not one of ours");
      return "ignored";
    }
    const id = await ports.resolve(reference);
    if (id === undefined || status.status === undefined) {
      log.info(
        { msg_id: id, ...about },
        `Status ignored: ${id === undefined ? "its reference has expired" : "not a status we know"}`,
      );
      return "ignored";
    }
    log.info({ msg_id: id, ...about }, `Status ${status.vendorStatus} received`);
    await ports.report({
      origin: channel.tag,
      channel: channel.channel,
      id,
      status: status.status,
      at: status.at,
      to: status.to,
      ...(status.error ? { error: status.error } : {}),
    });
    return "ok";
  }

  return webhookRoute(ports, handle);
}

/** What every webhook of Vonage shares: bytes, proof, deadline, and an answer that makes Vonage do the right thing. */
export function webhookRoute({ verify, log }: WebhookPorts, handle: (body: unknown) => Promise<string>) {
  const prove: RequestHandler = (req, res, next) => {
    verify(req.headers, res.locals["rawBody"]);
    next();
  };
  const take: RequestHandler = async (req, res) => {
    res.status(200).json({ status: await withDeadline(handle(req.body)) });
  };
  const onError: ErrorRequestHandler = (thrown, req, res, _next) => {
    const error = asConnectorError(thrown);
    // Vonage drops for good whatever is answered 4xx, so trouble of ours is always 503.
    const status = error.httpStatus >= 500 ? 503 : error.httpStatus;
    log[status >= 500 ? "error" : "warn"](
      { path: req.path, status, ...loggableError(error) },
      `Webhook not taken: ${error.code}`,
    );
    res.status(status).json({ message: status >= 500 ? "Try again later" : error.message });
  };
  return [...readBody(["json"]), prove, take, onError];
}

async function withDeadline<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new ConnectorError("deadline", "The webhook could not be handled in time", { retryable: true }),
        ),
      DEADLINE_MS,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
