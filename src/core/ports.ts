import type { Facts } from "../lib/errors.ts";
import type { Job } from "./job.ts";
import type { OutboundMessage } from "./message.ts";
import type { FailureReason } from "./report.ts";
import type { CatalogTemplate } from "./template/template.ts";

export interface JobQueue {
  /**
   * Resolves once the durable queue has acknowledged the job, and tells where it was put (for the log).
   * Rejects with a retryable ConnectorError when that is not known within about 4 s.
   */
  put(job: Job): Promise<{ url: string }>;
}

/** A hash in the shared state. Every process sets the expiry on its first use of it. */
export interface Bucket {
  key: string;
  /** Seconds; null keeps it for ever. */
  ttl: number | null;
  /** `account` outlives this instance. */
  scope: "instance" | "account";
  /** Nobody waits for its writes: they may wait a moment longer, to share a call with more of them. */
  unhurried?: true;
}

/** Shared by all replicas, one network call per command unless said otherwise. Rejects, retryable, when it is down. */
export interface State {
  /** Atomic; adds `by`, 1 by default, and resolves to the new value. */
  increment(bucket: Bucket, field: string, by?: number): Promise<number>;
  /** Coalesced with the reads of the same bucket; sees this process's own pending writes. */
  read(bucket: Bucket, field: string): Promise<string | null>;
  /** As `read`, of several fields at once: one value for each, in order. */
  readAll(bucket: Bucket, fields: readonly string[]): Promise<(string | null)[]>;
  /** Coalesced with the writes of the same bucket. */
  write(bucket: Bucket, field: string, value: string): Promise<void>;
  remove(bucket: Bucket, field: string): Promise<void>;
  /** Every field, some hundred a call. While others write, one may come twice, or a new one be missed. */
  scan(bucket: Bucket): AsyncIterable<[field: string, value: string]>;
  getKey(key: string): Promise<string | null>;
  setKey(key: string, value: string, ttlSeconds: number): Promise<void>;
  deleteKey(key: string): Promise<void>;
}

/** A job that its queue gave up on, as the queue holds it. */
export interface DeadLetter {
  /** Tells one from another: the same for every copy of the same job. */
  key: string;
  /** The job in its signed envelope; anything at all where somebody else put it there. */
  signed: unknown;
}

/** Where one queue sets aside what it gave up on. Everything rejects, retryable, when it is down. */
export interface DeadLetterQueue {
  /** All of them; rejects as well where they are too many for one answer. */
  list(): Promise<DeadLetter[]>;
  /** Resolves when the queue answers at all. */
  ping(): Promise<void>;
  /** Takes away so many at the most, for good and in an order of its own. */
  pop(count: number): Promise<DeadLetter[]>;
  /** Resolves once the queue has the job again. */
  putBack(letter: DeadLetter): Promise<void>;
}

/** What was too large for the queue. */
export interface OffloadPorts {
  /** Rejects for content that is not ours, or that this version cannot read. */
  loadOffloaded(key: string): Promise<OffloadedContent>;
  discardOffloaded(key: string): Promise<void>;
}

/** What State has of a job that was too large for the queue. `state-down`: nobody knows now. */
export type OffloadedContent =
  | { outcome: "found"; job: Job }
  | { outcome: "gone" }
  | { outcome: "state-down" };

export interface Sender {
  /** Sends once. Where it rejects all the same, nobody knows whether the message was sent. */
  send(message: OutboundMessage): Promise<SendResult>;
}

/** What a send came to, which decides what happens to the message. `facts` are for the log line alone. */
export type SendResult = { outcome: "accepted"; vendorId: string } | FailedSend;

/** What a refusal for want of a right is about. */
export type Concerns = "account" | "sender";

export type FailedSend = { facts: Facts } & (
  | {
      /** The message's own fault, final. */
      outcome: "refused";
      code: string;
      /** In words a marketer can act on. */
      description: string;
      reason?: FailureReason;
    }
  /** Too fast. */
  | { outcome: "throttled"; retryAfterSeconds?: number }
  /** Surely not sent: try again. */
  | { outcome: "transient" }
  /** The account, or this sender, may not send, until somebody acts; now and then it is the message alone. */
  | { outcome: "account"; concerns: Concerns; code: string; description: string }
  /** It may or may not have been sent. */
  | { outcome: "unknown" }
);

/** The vendor's list of templates. Both reject with a ConnectorError in words (502, 503 or 504). */
export interface TemplateSource {
  /** Every template of the WhatsApp Business Account, whatever its status; the whole list or none of it. */
  list(wabaId: string, deadline: number): Promise<CatalogTemplate[]>;
  /** The WhatsApp Business Account that holds the number; undefined when none of this account's does. */
  findWaba(number: string, deadline: number): Promise<string | undefined>;
}
