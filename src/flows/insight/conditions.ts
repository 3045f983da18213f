import type { ChannelState, Dictionary, StatusAnswer } from "../../core/insight.ts";
import { CHANNEL_LABEL } from "../../core/message.ts";
import { inAddress } from "../../core/text.ts";
import { ERROR_CODES } from "../../lib/errors.ts";
import type { RecentRefusals } from "./status.ts";
import { countOf, namesOf, type Sums } from "./sums.ts";

/** Something that needs somebody: what it is, what to do, and the page of the console that shows it. */
export interface Condition {
  /** Tells one from another; the same while it lasts. */
  key: string;
  what: string;
  remedy: string;
  page: string;
  /** It has to last so long before anybody is told. */
  afterMs: number;
}

export interface Looked {
  now: number;
  status: StatusAnswer;
  /** Of the messages that were accepted in this hour and the one before. */
  sums: Sums;
  /** By all replicas. */
  refusals: RecentRefusals;
  ttlSeconds: number;
  isEmptied: boolean;
  dictionary: Dictionary;
}

const MINUTE_MS = 60_000;
/** A share says nothing of a handful. */
const FAILURES = { least: 20, share: 0.2 };
const TEMPLATE = { least: 10, share: 0.5, most: 5 };
const REFUSALS = { credentials: 5, signatures: 3 };
const NO_STATUS_MS = 30 * MINUTE_MS;
const SENT_LATELY_MS = 2 * 60 * MINUTE_MS;

/** Everything that is wrong now. */
export const conditions = (looked: Looked): Condition[] =>
  [pauses, waits, silence, shares, templates, refusals, letters, absences, emptied].flatMap((look) =>
    look(looked),
  );

const nameOf = ({ platform, channel }: Pick<ChannelState, "platform" | "channel">) =>
  `${platform} ${channel}`;

/** Platforms share the queues of a channel: what is wrong there is one fault. */
const oneOfEach = (channels: readonly ChannelState[]): ChannelState[] => [
  ...new Map(channels.map((state) => [state.channel, state])).values(),
];

function pauses({ status }: Looked): Condition[] {
  const paused = status.channels.filter(({ state }) => state === "paused");
  return oneOfEach(paused).map(({ channel, reason }) => ({
    key: `paused ${channel}`,
    what: `Sending is paused on ${CHANNEL_LABEL[channel]}, nothing is lost. ${reason}`,
    remedy: "Do what the reason says; sending goes on by itself",
    ...{ page: "status", afterMs: MINUTE_MS },
  }));
}

function waits({ status, ttlSeconds }: Looked): Condition[] {
  const slow = status.channels.filter(({ secondsToEmpty }) => (secondsToEmpty ?? 0) > ttlSeconds / 2);
  return oneOfEach(slow).map(({ channel, waiting }) => ({
    key: `waiting ${channel}`,
    what: `${waiting} messages wait on ${CHANNEL_LABEL[channel]}: more than half their time to live will pass before the last is sent`,
    remedy: "Send less at once, or ask Vonage for a higher rate and set it in DISPATCH_RATE_PER_SECOND",
    ...{ page: "status", afterMs: 5 * MINUTE_MS },
  }));
}

/** Messages leave, and Vonage tells nothing of them. */
function silence({ now, status }: Looked): Condition[] {
  const started = Math.min(...status.replicas.map(({ startedAt }) => Date.parse(startedAt)));
  const isSilent = ({ lastSentAt, lastStatusAt }: ChannelState) => {
    if (lastSentAt === null) return false;
    const [sent, told] = [Date.parse(lastSentAt), lastStatusAt === null ? started : Date.parse(lastStatusAt)];
    return sent > told && now - told > NO_STATUS_MS && now - sent < SENT_LATELY_MS;
  };
  return status.channels.filter(isSilent).map((channel) => ({
    key: `no status ${nameOf(channel)}`,
    what: `Messages leave on ${nameOf(channel)}, and for half an hour no status has come back`,
    remedy:
      "Run the check on Setup: most often the instance's public address or Vonage's signed webhooks are not set",
    ...{ page: "setup", afterMs: 0 },
  }));
}

interface Share {
  failed: number;
  /** Sent, or failed before. */
  ended: number;
  /** How often each code was the reason. */
  codes: Map<string, number>;
}

/** Not failures of messages: opt-outs, and requests that were never accepted. */
const NO_FAILURES = new Set<string>([...ERROR_CODES, "opted_out"]);

/** The commonest reason in words, and what to do about it. */
function reasonOf({ codes }: Share, dictionary: Dictionary): { why: string; remedy: string } {
  const [commonest] = [...codes].toSorted(([, a], [, b]) => b - a);
  if (!commonest) return { why: "", remedy: "Open Results: it says for each reason what to do next" };
  const { description, nextStep } = dictionary(commonest[0]);
  return { why: `. Most often: ${description} (code ${commonest[0]})`, remedy: nextStep };
}

type Counts = Pick<Share, "failed" | "ended">;

const isOver = ({ failed, ended }: Counts, { least, share }: { least: number; share: number }) =>
  failed >= least && failed >= share * ended;

const percent = ({ failed, ended }: Counts) => Math.round((100 * failed) / Math.max(1, ended));

/** Failures by template, of what was sent or failed unsent. */
function byTemplate(sums: Sums): Map<string, Share> {
  const shares = new Map<string, Share>();
  for (const [key, row] of sums) {
    const { template } = namesOf(key);
    const known = shares.get(template) ?? { failed: 0, ended: 0, codes: new Map() };
    known.failed += countOf(row, "failed");
    known.ended += countOf(row, "sent") + countOf(row, "unsent");
    for (const [code, { count }] of row.codes)
      if (!NO_FAILURES.has(code)) known.codes.set(code, (known.codes.get(code) ?? 0) + count);
    shares.set(template, known);
  }
  return shares;
}

function shares({ sums, dictionary }: Looked): Condition[] {
  const total: Share = { failed: 0, ended: 0, codes: new Map() };
  for (const { failed, ended, codes } of byTemplate(sums).values()) {
    total.failed += failed;
    total.ended += ended;
    for (const [code, count] of codes) total.codes.set(code, (total.codes.get(code) ?? 0) + count);
  }
  const { why, remedy } = reasonOf(total, dictionary);
  if (!isOver(total, FAILURES)) return [];
  return [
    {
      key: "failures",
      what: `${total.failed} of the ${total.ended} messages of the last two hours failed (${percent(total)} %)${why}`,
      remedy,
      ...{ page: "results", afterMs: 0 },
    },
  ];
}

function templates({ sums, dictionary }: Looked): Condition[] {
  return [...byTemplate(sums)]
    .filter(([template, share]) => template !== "" && isOver(share, TEMPLATE))
    .slice(0, TEMPLATE.most)
    .map(([template, share]) => {
      const { why, remedy } = reasonOf(share, dictionary);
      return {
        key: `template ${template}`,
        what: `The template ${template} fails: ${share.failed} of ${share.ended} messages (${percent(share)} %)${why}`,
        remedy: `Pause the campaign that uses it. ${remedy}`,
        ...{ page: `results?template=${inAddress(template)}`, afterMs: 0 },
      };
    });
}

function refusals({ refusals: { credentials, signatures } }: Looked): Condition[] {
  const found: Condition[] = [];
  if (credentials >= REFUSALS.credentials)
    found.push({
      key: "credentials",
      what: `${credentials} sends within ten minutes were refused: their credentials are wrong`,
      remedy:
        "Compare the key and secret in your platform's sender form with those of the connector (Settings)",
      ...{ page: "setup", afterMs: 0 },
    });
  if (signatures >= REFUSALS.signatures)
    found.push({
      key: "signatures",
      what: `${signatures} webhooks within ten minutes were refused: no configured secret made their signature. Vonage tells them again for a day`,
      remedy:
        "Compare VONAGE_SIGNATURE_SECRET with the signature secret in Vonage's dashboard, and switch signed webhooks on",
      ...{ page: "setup", afterMs: 0 },
    });
  return found;
}

function letters({ status: { deadLetters } }: Looked): Condition[] {
  if (!deadLetters) return [];
  return [
    {
      key: "dead letters",
      what: `${deadLetters} messages or reports were given up by the queue and wait`,
      remedy: "Most go back by themselves within minutes; those that stay are on Held, with their reason",
      ...{ page: "held", afterMs: 10 * MINUTE_MS },
    },
  ];
}

function absences({ status }: Looked): Condition[] {
  return status.dependencies
    .filter(({ up }) => up === false)
    .map(({ name, note }) => ({
      key: `away ${name}`,
      what: `${name} is away: ${note}`,
      remedy:
        REMEDIES[name] ?? "Compare its report address on Setup with the one it shows; reports wait for a day",
      ...{ page: "status", afterMs: MINUTE_MS },
    }));
}

const REMEDIES: Record<string, string> = {
  queue: "Look at Vonage's status page: sends are answered 503 meanwhile, and the platform repeats them",
  state: "Look at Vonage's status page: messages are taken and wait meanwhile",
  vonage: "Look at Vonage's status page: messages wait meanwhile",
};

function emptied({ isEmptied }: Looked): Condition[] {
  if (!isEmptied) return [];
  return [
    {
      key: "emptied",
      what: "VCR's State was emptied: opt-outs, or what was sent, may be lost",
      remedy:
        "Pause the campaigns and read the log's line: it says which part, and the guide to trouble what to do",
      ...{ page: "status", afterMs: 0 },
    },
  ];
}
