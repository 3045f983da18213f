import { randomUUID } from "node:crypto";
import { parseJson, type Reply, type SandboxRequest, saysJson } from "../server.ts";
import type { Auth } from "./auth.ts";
import { parseSend, type SendRequest } from "./contract.ts";
import type { AcceptedMessage, Traffic } from "./lifecycle.ts";
import { problem, throttled } from "./problems.ts";
import type { Behaviour, Rules } from "./rules.ts";

/** Requests of the account per second; null when there is room, else the seconds to wait. */
function createLimiter(): (limit: number | null) => number | null {
  let tokens = Number.POSITIVE_INFINITY;
  let at = Date.now();
  return (limit) => {
    if (limit === null) return null;
    const now = Date.now();
    tokens = Math.min(limit, tokens + ((now - at) / 1000) * limit);
    at = now;
    if (tokens < 1) return 1;
    tokens -= 1;
    return null;
  };
}

const html = (status: number): Reply => ({
  status,
  body: `<html><head><title>${status}</title></head><body><h1>${status}</h1></body></html>`,
  headers: { "content-type": "text/html" },
});

/** `POST /v1/messages`: checks as the real one does, then does what the rules say. */
export function createSend(deps: {
  auth: Auth;
  rules: Rules;
  traffic(): Traffic;
  accept(request: SendRequest, headers: AcceptedMessage["headers"]): AcceptedMessage;
  /** Starts the message's life; resolves when its send may be answered. */
  live(message: AcceptedMessage): Promise<void>;
}): (request: SandboxRequest) => Promise<Reply> {
  const limit = createLimiter();

  const obey = async (behaviour: Behaviour, accept: () => Promise<AcceptedMessage>): Promise<Reply> => {
    switch (behaviour.do) {
      case "accept":
        return {
          status: 202,
          body: { message_uuid: (await accept()).uuid },
          headers: { "x-request-id": randomUUID() },
        };
      case "problem":
        return problem(behaviour.status, { anchor: behaviour.anchor });
      case "throttle":
        return throttled(behaviour.retryAfterSeconds, deps.traffic().ratePerSecond ?? 30);
      case "html":
        return html(behaviour.status);
      case "accept-then-hang":
        await accept();
        return "hang";
      case "accept-then-reset":
        await accept();
        return "reset";
      case "accept-then-html":
        await accept();
        return html(behaviour.status);
      default:
        return behaviour.do;
    }
  };

  return async (request) => {
    if (deps.rules.decide().do === "reset") return "reset";
    const body = await request.read();
    const refusal = deps.auth.checkSend(request);
    if (refusal !== undefined) return refusal;
    const { ratePerSecond } = deps.traffic();
    const wait = limit(ratePerSecond);
    if (wait !== null) return throttled(wait, ratePerSecond ?? 0);
    if (!saysJson(request)) return problem(415);
    const json = parseJson(body);
    if (json === undefined) return problem(422, { anchor: "#invalid-json" });
    const parsed = parseSend(json);
    if ("invalid" in parsed) {
      const { anchor, invalid_parameters } = parsed.invalid;
      return problem(422, { anchor, extra: { invalid_parameters } });
    }
    return obey(deps.rules.decide(parsed.ok), async () => {
      const message = deps.accept(parsed.ok, { ...request.headers, authorization: "(checked)" });
      await deps.live(message);
      return message;
    });
  };
}
