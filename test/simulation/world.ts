/** Who calls whom for what: where faults strike, and what a count of them is kept by. */
export const EDGES = [
  "intake",
  "enqueue",
  "queue",
  "callback",
  "state",
  "send",
  "vonage",
  "status",
  "inbound",
  "moengage",
  "webengage",
  "clevertap",
  "sync",
] as const;
export type Edge = (typeof EDGES)[number];

/**
 * What may happen to one exchange. `refused` and `unreachable`: there is no connection. `half-open`: the connections
 * that were kept are dead, new ones are not. `late` and `lost` strike after the work was done, the others before.
 */
export const EXCHANGE_FAULTS = [
  "refused",
  "unreachable",
  "half-open",
  "slow",
  "hang",
  "late",
  "lost",
  "broken",
  "error",
  "lie",
  "double",
] as const;
export type ExchangeFault = (typeof EXCHANGE_FAULTS)[number];

/** Something that goes wrong, from `at` on and for so long; milliseconds from the world's beginning. */
export type Fault = { at: number; for: number } & (
  | {
      kind: ExchangeFault;
      edge: Edge;
      /** Of the exchanges, from 0 to 1. */
      share: number;
      /** How slow, how late; the second delivery's distance. */
      ms?: number;
      status?: number;
    }
  /** The replica dies with its exchange number `after` from then on, before it leaves or when its work is done; comes back after `for`. */
  | { kind: "kill"; replica: number; after: number; isDone: boolean }
  | { kind: "pause"; replica: number }
  /** Its clock is so much ahead. */
  | { kind: "skew"; replica: number; ms: number }
  /** State forgets what has a key that begins so, everything where none is given; `for` means nothing. */
  | { kind: "empty"; prefix?: string }
  /**
   * Every replica is stopped and started, one after another; `env` are variables that are other ones, or missing,
   * until `for` is over. `isNext`: from there on it is the next release, whose jobs have another format.
   */
  | { kind: "deploy"; env?: Record<string, string>; isNext?: boolean }
  /** Nobody needs the instance: all replicas are stopped, until somebody asks for one. */
  | { kind: "zero" }
);

export interface Message {
  id: number;
  at: number;
  platform: "whatsapp" | "sms" | "webengage" | "webengage sms" | "clevertap" | "clevertap sms";
  person: number;
  /** The platform asks once more, so long after it first did. */
  repeats: number[];
}

export interface Word {
  id: number;
  at: number;
  person: number;
  channel: "whatsapp" | "sms";
  /** `TAP`: a button of the last message to them. */
  said: "STOP" | "START" | "HELLO" | "TAP";
  /** By the id that WhatsApp has for people who hide their number. */
  isHidden?: boolean;
}

/** A world: everything that happens in it follows from this, whoever runs it. Times are milliseconds from `start`. */
export interface World {
  name?: string;
  seed: number;
  replicas: number;
  /** Epoch milliseconds. */
  start: number;
  /** Trouble ends then: all that is wrong is put right. */
  trouble: number;
  messages: Message[];
  words: Word[];
  /** When MoEngage looks at the templates. */
  syncs?: number[];
  faults: Fault[];
  env?: Record<string, string>;
}
