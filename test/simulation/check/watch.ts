import type { Secrets } from "../../../src/sandbox/auditor.ts";
import type { LedgerEntry } from "../../../src/sandbox/ledger.ts";
import type { MoEngage } from "../../../src/sandbox/moengage/index.ts";
import type { FakePlatform } from "../../../src/sandbox/platform.ts";
import type { Vcr } from "../../../src/sandbox/vcr/index.ts";
import type { Vonage } from "../../../src/sandbox/vonage/index.ts";
import type { Exchange } from "../net.ts";
import type { World } from "../world.ts";

/** What must never be, and was. */
export interface Finding {
  invariant: string;
  detail: string;
  at: number;
}

/** State forgot then whatever has a key that begins so. */
export interface Loss {
  at: number;
  prefix: string;
}

export interface CheckedWorld {
  world: World;
  vcr: Vcr;
  vonage: Vonage;
  moengage: MoEngage;
  platforms: Record<string, Pick<FakePlatform, "violations"> & { messages: Map<string, LedgerEntry> }>;
  secrets: Secrets;
  autoReplies: readonly string[];
  losses: readonly Loss[];
  now(): number;
  /** Whether that replica was paused since then. */
  hasStoodStill(host: string, since: number): boolean;
}

/** A world, and where to say what is seen. */
export interface Watched extends CheckedWorld {
  say(invariant: string, detail: string): void;
  /** What a decision record allows, by what it is. */
  admit(what: string): void;
  /** State failed, hung or took its time for somebody, for calls that left or ended in that time. */
  wasStateAway(from: number, to: number): boolean;
  /** The queue took no job, or nobody knows, in that time. */
  wasQueueAway(from: number, to: number): boolean;
  /** State lost what has a key like that. */
  wasLost(key: string, from: number, to: number): boolean;
}

/** One promise and what it takes to see it broken, told of what crosses. */
export interface Watcher {
  onLeave?(exchange: Exchange): void;
  onArrive?(exchange: Exchange): void;
  onDone?(exchange: Exchange): void;
  onEnd?(exchange: Exchange): void;
  log?(line: Record<string, unknown>): void;
  /** Now and then. */
  look?(): void;
  atTheEnd?(): void;
}
