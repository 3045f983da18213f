import type { Credentials } from "../config/fields.ts";
import type { Channel, OutboundMessage } from "../core/message.ts";
import type { InboundReply } from "../core/reply.ts";
import type { DeliveryReport } from "../core/report.ts";
import type { CatalogTemplate, FoundTemplate } from "../core/template/template.ts";
import type { ConnectorError } from "../lib/errors.ts";
import type { HttpClient } from "../lib/http-client.ts";
import type { Log } from "../lib/log.ts";
import type { Clock, Pause } from "../lib/runtime.ts";

/** An HTTP answer in the words of a platform's contract. */
export interface Answer {
  status: number;
  body: object;
  headers?: Record<string, string>;
}

export type BodyFormat = "json" | "form";

/** Whether headers carry valid credentials; compares in constant time. */
export type Authenticate = (headers: Record<string, string | string[] | undefined>) => boolean;

/** How long a platform waits for an answer to a send, less the road, in milliseconds. */
export interface Patience {
  answerMs: number;
  /** Of these, so many for a list of templates that is fetched anew. */
  templatesMs: number;
}

/** Platforms give up after about 5 s; a false "not accepted" costs less than a time-out. */
export const USUAL_PATIENCE: Patience = { answerMs: 3_800, templatesMs: 2_500 };

/** What became of one message of a request that carries many. */
export interface BatchOutcome {
  id: string | undefined;
  /** Why it can never be sent. */
  error?: ConnectorError;
}

/** Where one request may carry many messages. */
export interface PlatformBatch {
  /** The bodies of the messages, each as `toMessage` takes it; undefined for a request that carries one. Throws as `toMessage` does. */
  split(body: unknown): readonly unknown[] | undefined;
  /**
   * The answer once each of them is accepted, or can never be. Unless that is so for all of them, what can never be is
   * reported failed as well.
   */
  answered(outcomes: readonly BatchOutcome[]): Answer;
}

/** Where the platform tries a send that nobody may get, to see whether the connector takes it. */
export interface PlatformTrials {
  isTrial(body: unknown): boolean;
  /**
   * The message that it would be, which is compared with its template and forgotten; undefined for one that is good
   * whatever it says. Throws as `toMessage` does.
   */
  read(body: unknown, now: number): OutboundMessage | undefined;
  passed(): Answer;
}

/** What every platform gets; each uses what it needs. */
export interface PlatformPorts {
  httpClient: HttpClient;
  credentialsCheck(...accepted: readonly Credentials[]): Authenticate;
  /** The template as far as it is known now; `confirm` asks for it anew. */
  findTemplate(number: string, name: string, language: string): FoundTemplate;
  /** An id of ours; the same one for the same words within five minutes, which are a request and its repetition. */
  newId: (words?: readonly string[]) => string;
  messageTtlSeconds: number;
  /** Told when a platform's profile took an opt-out or opt-in, or refused it for good, with what to do. */
  profileWritten?(platform: string, remedy?: string): void;
  pause: Pause;
  now: Clock;
  log: Log;
}

/**
 * One channel of one engagement platform: what the platform posts, how it is answered, and how it is told
 * what became of its messages. Everything but `toMessage`'s promise and the posts is pure.
 */
export interface PlatformChannel {
  /** Two lower-case letters, unique, never reused: jobs and references in flight carry it. */
  tag: string;
  platform: string;
  channel: Channel;
  intake: {
    path: string;
    formats: readonly BodyFormat[];
    authenticate: Authenticate;
    /**
     * Throws, or rejects with, a ConnectorError in words when the body can never become a message; a retryable one
     * when nobody knows now. A promise takes 2 s at the most. `requestId` is what an ingress calls the request, the
     * same when it repeats it.
     */
    toMessage(body: unknown, now: number, requestId?: string): OutboundMessage | Promise<OutboundMessage>;
    /** The message's id in a body that became none, for the log. Absent where requests carry none. */
    idIn?(body: unknown): unknown;
    /** Of a request, 1 MB where nothing is said. */
    maxBytes?: number;
    /** USUAL_PATIENCE where nothing is said. */
    patience?: Patience;
    batch?: PlatformBatch;
    trials?: PlatformTrials;
    accepted(message: OutboundMessage): Answer;
    /** The contract's answer to any error of this route; shows nothing of an error of our own. */
    failed(error: ConnectorError): Answer;
  };
  reports: {
    /** Most reports in one call. */
    maxBatch: number;
    /** Whether the platform wants to hear of this one. */
    wants(report: DeliveryReport): boolean;
    /** One call. Rejects with a ConnectorError; not retryable means the platform refuses these for good. */
    post(reports: readonly DeliveryReport[]): Promise<void>;
  };
  /** Absent where a platform cannot be told what people answer. */
  replies?: PlatformReplies;
  /** Absent where a platform does not fetch templates. */
  templates?: PlatformTemplates;
}

/** How a platform fetches the templates that can be sent; who may is decided as for a send. */
export interface PlatformTemplates {
  path: string;
  /**
   * The templates in the platform's own format, whatever their status and order. `query` is the request's, `url`
   * its address without the query. The same templates must give the same bytes. Throws ConnectorError
   * `invalid_request` for a query that makes no sense.
   */
  serialise(templates: readonly CatalogTemplate[], query: URLSearchParams, url: string): Answer;
  failed(error: ConnectorError): Answer;
}

export interface PlatformReplies {
  /**
   * Somebody may answer there: it is told whatever people write in answer to its messages, on SMS to the last one that it
   * sent to that person.
   */
  hasChat?: boolean;
  /** Whether `post` has a place for this reply. */
  wants(reply: InboundReply): boolean;
  /**
   * Rejects with a ConnectorError; not retryable means the platform refuses it for good. The same reply may be posted
   * twice, now and then.
   */
  post(reply: InboundReply): Promise<void>;
  /**
   * Writes an opt-out or opt-in into the person's profile, where the platform has such a thing and it is
   * configured. Rejects, retryable, when it could not be done by the deadline (milliseconds since the epoch);
   * resolves when it never can, and when the person has said otherwise since: `stillStands` is asked before each try.
   */
  subscribe(reply: InboundReply, deadline: number, stillStands: () => Promise<boolean>): Promise<void>;
}

/** What a platform may read of an error: its sentence, and of a fault of our own only that it will pass. */
export const publicMessage = ({ httpStatus, message }: ConnectorError): string =>
  httpStatus >= 500 ? "The connector cannot take the message now: try again later" : message;
