import { tokenGenerate } from "@vonage/jwt";
import { Messages } from "@vonage/messages";
import type { OutboundMessage } from "../core/message.ts";
import type { FailedSend, Sender, SendResult, State } from "../core/ports.ts";
import type { Reference } from "../core/status.ts";
import { asConnectorError } from "../lib/errors.ts";
import type { HttpClient, HttpResponse } from "../lib/http-client.ts";
import type { Clock } from "../lib/runtime.ts";
import { accepted } from "./contract.ts";
import { blamesReference, resultFromResponse } from "./errors.ts";
import { formatReference, keyReferenceFor, referenceFor, rememberReference } from "./reference.ts";
import { type MessageRequest, toRequest } from "./to-request.ts";

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
  const messages = new PooledMessages(settings, httpClient, token, now);
  const target = settings.statusUrl ? { webhookUrl: settings.statusUrl } : {};

  async function sendUnder(reference: Reference, message: OutboundMessage): Promise<Sent> {
    try {
      await rememberReference(state, reference, message.id);
    } catch {
      return { result: { outcome: "transient", facts: {} } };
    }
    const request = asTheyAre(toRequest(message, formatReference(reference), target));
    try {
      const { messageUUID } = await messages.send(request as unknown as Parameters<Messages["send"]>[0]);
      return { result: { outcome: "accepted", vendorId: messageUUID } };
    } catch (error) {
      if (error instanceof NotAccepted) return error;
      throw error;
    }
  }

  return {
    async send(message) {
      const { origin, id } = message;
      const reference = referenceFor(origin, id);
      const sent = await sendUnder(reference, message);
      if (!sent.blamesReference || reference.form !== "verbatim") return sent.result;
      return (await sendUnder(keyReferenceFor(origin, id), message)).result;
    },
  };
}

/**
 * The SDK rewrites the names of all fields, looks into every part of the template for that, and then puts the template
 * back as it was: 40 µs. In a wrapping without fields of its own there is nothing to look into.
 */
function asTheyAre(request: MessageRequest): MessageRequest {
  return "custom" in request ? { ...request, custom: new Untouched(request["custom"]) } : request;
}

class Untouched {
  readonly #content: unknown;

  constructor(content: unknown) {
    this.#content = content;
  }

  toJSON(): unknown {
    return this.#content;
  }
}

interface Sent {
  result: SendResult;
  /** Vonage refused it for the reference alone: under a shorter one it may pass. */
  blamesReference?: boolean;
}

/** Carries a result through the SDK, whose `send` resolves for accepted messages only. */
class NotAccepted extends Error implements Sent {
  readonly result: FailedSend;
  readonly blamesReference: boolean;

  constructor(result: FailedSend, blamesReference = false) {
    super(result.outcome);
    this.result = result;
    this.blamesReference = blamesReference;
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
 * headers, and an error without the request inside. `send` throws NotAccepted.
 */
class PooledMessages extends Messages {
  readonly #transport: HttpClient;
  readonly #token: Token;
  readonly #now: Clock;

  constructor(
    { applicationId, privateKey, apiHost }: VonageSettings,
    httpClient: HttpClient,
    token: Token,
    now: Clock,
  ) {
    super({ applicationId, privateKey }, { apiHost });
    this.#transport = httpClient;
    this.#token = token;
    this.#now = now;
  }

  override async sendPostRequest<T>(url: string, payload?: Record<string, unknown>) {
    const body = JSON.stringify(payload);
    let response = await this.#post(url, body, this.#token.current());
    if (response.status === 401) response = await this.#post(url, body, this.#token.renew());
    const { status, text } = response;
    if (status < 200 || status > 299)
      throw new NotAccepted(resultFromResponse(response, this.#now()), blamesReference(status, text));
    return { data: acceptedBody(response) as T, status } as Awaited<
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
      const { code, detail: facts } = asConnectorError(error);
      throw new NotAccepted({ outcome: code === "not_sent" ? "transient" : "unknown", facts });
    }
  }
}

/** Without a message id nobody knows whether the message was sent. */
function acceptedBody({ status, text }: HttpResponse): { message_uuid: string } {
  try {
    return accepted.parse(JSON.parse(text));
  } catch {
    throw new NotAccepted({ outcome: "unknown", facts: { status } });
  }
}
