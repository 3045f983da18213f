import { tokenGenerate } from "@vonage/jwt";
import { Messages } from "@vonage/messages";
import type { Sender, State } from "../core/ports.ts";
import { ConnectorError } from "../lib/errors.ts";
import type { HttpClient, HttpResponse } from "../lib/http-client.ts";
import type { Clock } from "../lib/runtime.ts";
import { accepted } from "./contract.ts";
import { blamesReference, errorFromResponse, sendFailure } from "./errors.ts";
import {
  formatReference,
  keyReferenceFor,
  type Reference,
  referenceFor,
  rememberReference,
} from "./reference.ts";
import { toRequest } from "./to-request.ts";

export interface VonageSettings {
  apiHost: string;
  applicationId: string;
  privateKey: string;
  /** Where each message's own statuses go; only an https address can be given to Vonage. */
  statusUrl?: string;
}

/** Vonage has answered or never will. */
const DEADLINE_MS = 15_000;
const TOKEN_TTL_SECONDS = 900;
const RENEW_BEFORE_SECONDS = 60;

/** Sends through the Messages API: the SDK's class, which defines the wire, over pooled sockets and a kept token. */
export function createVonageSender(
  settings: VonageSettings,
  httpClient: HttpClient,
  state: State,
  now: Clock,
): Sender {
  const token = createToken(settings, now);
  const messages = new PooledMessages(settings, httpClient, token);
  const target = settings.statusUrl ? { webhookUrl: settings.statusUrl } : {};

  return {
    async send(message) {
      const attempt = async (reference: Reference) => {
        await remember(state, reference, message.id);
        const request = toRequest(message, formatReference(reference), target);
        const { messageUUID } = await messages.send(request as unknown as Parameters<Messages["send"]>[0]);
        return { vendorId: messageUUID };
      };
      const reference = referenceFor(message.origin, message.id);
      try {
        return await attempt(reference);
      } catch (error) {
        const mend =
          reference.form === "verbatim" && error instanceof ConnectorError && error.detail["blamesReference"];
        if (!mend) throw error;
        return await attempt(keyReferenceFor(message.origin, message.id));
      }
    },
  };
}

async function remember(state: State, reference: Reference, id: string): Promise<void> {
  try {
    await rememberReference(state, reference, id);
  } catch (cause) {
    throw new ConnectorError("transient", "The reference of the message could not be kept", {
      retryable: true,
      cause,
    });
  }
}

export interface Token {
  current(): string;
  renew(): string;
}

/** One token for many sends: an RS256 signature costs more than all the rest of a send. */
export function createToken(
  { applicationId, privateKey }: Pick<VonageSettings, "applicationId" | "privateKey">,
  now: Clock,
): Token {
  let token = "";
  let renewAt = 0;
  const renew = () => {
    const issued = Math.floor(now() / 1_000);
    token = tokenGenerate(applicationId, privateKey, { exp: issued + TOKEN_TTL_SECONDS });
    renewAt = issued + TOKEN_TTL_SECONDS - RENEW_BEFORE_SECONDS;
    return token;
  };
  return { renew, current: () => (now() / 1_000 >= renewAt ? renew() : token) };
}

/**
 * The SDK's Messages class with its one POST replaced: a deadline, bounded keep-alive sockets, the answer's
 * headers, and an error without the request inside. `send` throws ConnectorErrors whose code is a SendFailure.
 */
class PooledMessages extends Messages {
  readonly #transport: HttpClient;
  readonly #token: Token;

  constructor({ applicationId, privateKey, apiHost }: VonageSettings, httpClient: HttpClient, token: Token) {
    super({ applicationId, privateKey }, { apiHost });
    this.#transport = httpClient;
    this.#token = token;
  }

  override async sendPostRequest<T>(url: string, payload?: Record<string, unknown>) {
    const body = JSON.stringify(payload);
    let response = await this.#post(url, body, this.#token.current());
    if (response.status === 401) response = await this.#post(url, body, this.#token.renew());
    if (response.status < 200 || response.status > 299) throw failureOf(response);
    return { data: acceptedBody(response) as T, status: response.status } as Awaited<
      ReturnType<typeof Messages.prototype.sendPostRequest<T>>
    >;
  }

  async #post(url: string, body: string, token: string): Promise<HttpResponse> {
    try {
      return await this.#transport.request({
        method: "POST",
        url,
        headers: {
          "content-type": "application/json",
          accept: "application/json",
          authorization: `Bearer ${token}`,
        },
        body,
        deadlineMs: DEADLINE_MS,
      });
    } catch (error) {
      const { code, detail } = error as ConnectorError;
      throw code === "not_sent"
        ? sendFailure("transient", "Vonage could not be reached", detail)
        : sendFailure("unknown", "Vonage did not answer: the message may have been sent", detail);
    }
  }
}

function acceptedBody(response: HttpResponse): { message_uuid: string } {
  try {
    return accepted.parse(JSON.parse(response.text));
  } catch {
    throw sendFailure("unknown", "Vonage's answer has no message id: the message may have been sent", {
      status: response.status,
    });
  }
}

function failureOf({ status, headers, text }: HttpResponse): ConnectorError {
  const retryAfter = headers["retry-after"];
  const error = errorFromResponse(status, typeof retryAfter === "string" ? retryAfter : undefined, text);
  const requestId = headers["x-request-id"];
  const detail = {
    ...error.detail,
    ...(typeof requestId === "string" ? { requestId } : {}),
    ...(status === 422 && blamesReference(text) ? { blamesReference: true } : {}),
  };
  return new ConnectorError(error.code, error.message, { retryable: error.retryable, detail });
}
