import { latest, parseConsentField, parseTime, standing } from "../../core/consent.ts";
import { type Channel, shortened } from "../../core/message.ts";
import { parseNumberFile } from "../../core/number-list.ts";
import { CHANNELS, type Entry, isExport, parseExport } from "../../core/opt-out-file.ts";
import type { State } from "../../core/ports.ts";
import { parseRecipient } from "../../core/recipient.ts";
import { suppressionBucket } from "../../core/state-keys.ts";
import { ConnectorError } from "../../lib/errors.ts";
import type { Clock } from "../../lib/runtime.ts";
import type { Suppression } from "./suppression.ts";

export interface OptOutRequest {
  action: "check" | "add" | "remove";
  channel: Channel;
  number: string;
}

export interface OptOutAnswer {
  channel: Channel;
  /** The last four digits. */
  number: string;
  optedOut: boolean;
  /** ISO 8601; null where the person said nothing. */
  since: string | null;
  /** Whether the action changed anything. */
  changed: boolean;
}

export interface ImportRequest {
  /** A list of numbers, which needs the channel, or a file that an export made. */
  csv: string;
  channel: Channel | undefined;
  /** What becomes of the numbers of a list. */
  action: "add" | "remove";
  dryRun: boolean;
}

export interface ImportOutcome {
  /** How many were changed, or would be. */
  changed: number;
  same: number;
  /** A sentence for each line that was skipped, its number masked. */
  faults: string[];
  dryRun: boolean;
}

/** How far an import has come, surely; those that are left may have been changed where State's answer was lost. */
export interface ImportProgress {
  changed: number;
  same: number;
  left: number;
}

/** What an operator can see and do about who has opted out. */
export interface OptOuts {
  totals(): Promise<Record<Channel, number>>;
  act(request: OptOutRequest): Promise<OptOutAnswer>;
  /** `tell` hears how far it came, now and then and before it fails. */
  importCsv(request: ImportRequest, tell?: (soFar: ImportProgress) => void): Promise<ImportOutcome>;
}

const SAID = { add: "out", remove: "in" } as const;
/** Counting reads the whole list: of some hundred thousand people it takes longer than a page is waited for. */
const COUNTED_MS = 60_000;
/** As many at a time share their calls to State. */
const AT_ONCE = 500;

export function createOptOuts(suppression: Suppression, state: State, now: Clock): OptOuts {
  /** Whoever looks meanwhile, or soon after, has the same. */
  let counted: { totals: Promise<Record<Channel, number>>; goodUntil: number } | undefined;

  async function run(
    changes: readonly (() => Promise<boolean>)[],
    tell: (soFar: ImportProgress) => void,
  ): Promise<number> {
    let [changed, same] = [0, 0];
    for (let at = 0; at < changes.length; at += AT_ONCE) {
      const outcomes = await Promise.allSettled(changes.slice(at, at + AT_ONCE).map((apply) => apply()));
      const done = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
      changed += done.filter(Boolean).length;
      same += done.filter((isChange) => !isChange).length;
      if (changed > 0) counted = undefined;
      tell({ changed, same, left: changes.length - changed - same });
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    }
    return changed;
  }

  return {
    async totals() {
      if (counted && now() < counted.goodUntil) return counted.totals;
      const counting: typeof counted = { totals: countOut(state), goodUntil: Number.POSITIVE_INFINITY };
      counted = counting;
      try {
        return await counting.totals;
      } catch (error) {
        if (counted === counting) counted = undefined;
        throw error;
      } finally {
        counting.goodUntil = now() + COUNTED_MS;
      }
    },
    async act({ action, channel, number }) {
      const address = parseRecipient(number, "number", channel);
      const changed =
        action === "check" ? false : await suppression.decide(channel, address, SAID[action], false);
      if (changed) counted = undefined;
      const consent = await suppression.said(channel, address);
      const optedOut = standing(consent) === "out";
      const at = optedOut ? consent.out : consent.in;
      const since = at === undefined ? null : new Date(at).toISOString();
      return { channel, number: shortened(address), optedOut, since, changed };
    },
    async importCsv({ csv, channel, action, dryRun }, tell = () => undefined) {
      const { changes, faults } = isExport(csv) ? kept(csv) : listed(csv, channel);
      const changed = await run(changes, tell);
      return { changed, same: changes.length - changed, faults, dryRun };

      function kept(text: string) {
        if (action === "remove")
          throw new ConnectorError(
            "invalid_request",
            "This is what an export has kept, and it can only be brought back: to remove opt-outs, give a list of numbers",
          );
        const { entries, faults } = parseExport(text, now());
        const wanted = entries.filter((entry) => channel === undefined || entry.channel === channel);
        return {
          faults,
          changes: wanted.map(
            (entry) => () => suppression.restore(entry.channel, entry.address, entry.consent, dryRun),
          ),
        };
      }

      function listed(text: string, of: Channel | undefined) {
        if (!of)
          throw new ConnectorError(
            "invalid_request",
            "This is a list of numbers: say with channel what it is about, whatsapp or sms",
          );
        const { addresses, faults } = parseNumberFile(text, of);
        return {
          faults,
          changes: addresses.map((address) => () => suppression.decide(of, address, SAID[action], dryRun)),
        };
      }
    },
  };
}

async function countOut(state: State): Promise<Record<Channel, number>> {
  const totals: Record<Channel, number> = { whatsapp: 0, sms: 0 };
  for (const { channel, consent } of await everybody(state))
    if (standing(consent) === "out") totals[channel]++;
  return totals;
}

/** Everybody who has said anything on these channels, the latest word last. */
export async function everybody(
  state: Pick<State, "scan">,
  channels: readonly Channel[] = CHANNELS,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const channel of channels) {
    const people = new Map<string, Entry>();
    for await (const [field, value] of state.scan(suppressionBucket(channel))) {
      const word = parseConsentField(field);
      const at = parseTime(value);
      if (!word || at === undefined) continue;
      const known = people.get(word.name)?.consent ?? {};
      people.set(word.name, { channel, address: word.name, consent: latest([known, { [word.said]: at }]) });
    }
    entries.push(...[...people.values()].sort((a, b) => lastAt(a) - lastAt(b)));
  }
  return entries;
}

const lastAt = ({ consent }: Entry) => Math.max(consent.out ?? 0, consent.in ?? 0);
