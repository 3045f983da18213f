import { createRandom, type Random } from "../../src/sandbox/random.ts";
import { hash } from "./hash.ts";
import type { Edge, ExchangeFault, Fault, Message, Word, World } from "./world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** What the contracts allow on each edge. */
const POSSIBLE: Record<Edge, readonly ExchangeFault[]> = {
  intake: ["refused", "unreachable", "half-open", "slow", "hang", "late", "lost", "broken"],
  enqueue: ["refused", "unreachable", "half-open", "slow", "hang", "late", "lost", "broken", "error", "lie"],
  queue: ["refused", "unreachable", "half-open", "slow", "hang", "late", "lost", "broken", "error", "lie"],
  callback: [
    "refused",
    "unreachable",
    "half-open",
    "slow",
    "hang",
    "late",
    "lost",
    "broken",
    "error",
    "double",
  ],
  state: ["refused", "unreachable", "half-open", "slow", "hang", "late", "lost", "broken", "error", "lie"],
  send: ["refused", "unreachable", "half-open", "slow", "hang", "late", "lost", "broken", "error", "lie"],
  vonage: ["refused", "unreachable", "half-open", "slow", "hang", "lost", "broken", "error", "lie"],
  status: [
    "refused",
    "unreachable",
    "half-open",
    "slow",
    "hang",
    "late",
    "lost",
    "broken",
    "error",
    "double",
  ],
  inbound: [
    "refused",
    "unreachable",
    "half-open",
    "slow",
    "hang",
    "late",
    "lost",
    "broken",
    "error",
    "double",
  ],
  moengage: ["refused", "unreachable", "half-open", "slow", "hang", "late", "lost", "broken", "error"],
  webengage: ["refused", "unreachable", "half-open", "slow", "hang", "late", "lost", "broken", "error"],
  clevertap: ["refused", "unreachable", "half-open", "slow", "hang", "late", "lost", "broken", "error"],
  sync: ["refused", "unreachable", "half-open", "slow", "hang", "late", "lost", "broken"],
};
const STATUSES: Partial<Record<Edge, readonly number[]>> = {
  send: [401, 402, 403, 429, 429, 500, 502, 503, 504],
  callback: [502, 503, 504],
  status: [429, 502, 503, 504],
  inbound: [429, 502, 503, 504],
};
const ANY_STATUS = [429, 500, 502, 503, 504];

/** The moments at which something of the connector turns over: hours of claims, days of ledgers, months, years. */
const STARTS = [
  Date.UTC(2026, 10, 20, 12),
  Date.UTC(2026, 10, 21),
  Date.UTC(2026, 10, 20, 18),
  Date.UTC(2026, 10, 20, 15),
  Date.UTC(2026, 11, 1),
  Date.UTC(2027, 0, 1),
  Date.UTC(2028, 1, 29),
  edgeOf(4 * 24 * HOUR),
  edgeOf(30 * 24 * HOUR),
];
/** Repeated by a second that a clock counts twice. */
const LEAP = Date.UTC(2027, 0, 1);
/** The buckets of State that may be evicted for themselves. */
const EVICTED = [
  "claims:",
  "reported:",
  "sent:",
  "inbound:",
  "suppressed:",
  "people:",
  "job:",
  "ref:",
  "held:",
];
const PLATFORMS = [
  ...(["whatsapp", "whatsapp", "sms", "webengage", "webengage sms"] as const),
  ...(["clevertap", "clevertap sms"] as const),
];
/** What gets lost or mistyped in a redeploy, and is noticed. */
const MISTAKES: Record<string, string>[] = [
  { MOENGAGE_DELIVERY_URL: "" },
  { MOENGAGE_SMS_DELIVERY_URL: "" },
  { WEBENGAGE_DSN_URL: "" },
  { CLEVERTAP_SMS_DELIVERY_URL: "" },
  { WHATSAPP_NUMBER: "" },
  { VONAGE_SIGNATURE_SECRET: "canary-mistyped" },
  { VCR_API_ACCOUNT_SECRET: "canary-mistyped" },
  { MOENGAGE_DATA_API_KEY: "canary-mistyped" },
  { WEBENGAGE_DSN_TOKEN: "canary-mistyped" },
];

/** The next moment at which periods of that length end. */
function edgeOf(period: number): number {
  return Math.ceil(Date.UTC(2026, 10, 20) / period) * period;
}

/** As likely between 10 and 100 as between 100 and 1,000. */
const logBetween = (random: Random, least: number, most: number) =>
  Math.round(least * (most / least) ** random.next());

export interface Given {
  hours?: number | undefined;
  replicas?: number | undefined;
}

/** The world of a seed: each one has a mixture of its own, and most of what could go wrong does not. */
export function draw(seed: number, given: Given = {}): World {
  const random = createRandom(hash(seed, "world"));
  const trouble =
    given.hours === undefined
      ? random.pick([MINUTE, 2 * MINUTE, 2 * MINUTE, 5 * MINUTE, 20 * MINUTE])
      : given.hours * HOUR;
  const start = random.chance(0.6)
    ? random.pick(STARTS) - random.between(0, Math.min(trouble, MINUTE))
    : Date.UTC(2026, 10, 20) + random.between(0, 24 * HOUR);
  const messages = drawMessages(random, Math.min(trouble, 10 * MINUTE), start);
  const beginning = {
    ...{ seed, replicas: given.replicas ?? random.pick([1, 2, 2, 2, 3]), start, trouble },
    messages,
    words: drawWords(random, trouble, messages),
    syncs: random.chance(0.4) ? [random.between(3_000, trouble), random.between(3_000, trouble)] : [],
  };
  return { ...beginning, ...drawTrouble(random, beginning, given), env: drawEnv(random) };
}

function drawMessages(random: Random, within: number, start: number): Message[] {
  const count = logBetween(random, 3, 40);
  const people = random.between(2, 12);
  const repeatShare = random.pick([0, 0, 0.2, 0.6]);
  const farRepeat = random.chance(0.03);
  const toEdge = (Math.ceil(start / (6 * HOUR)) * 6 * HOUR - start) % (6 * HOUR);
  const isBurst = random.chance(0.3);
  const at = random.between(3_000, within * 0.8);
  return Array.from({ length: count }, (_, id) => {
    const isAtEdge = toEdge > 3_000 && toEdge < within && random.chance(0.3);
    const repeats: number[] = [];
    if (random.chance(repeatShare)) {
      repeats.push(
        random.pick([random.between(1, 50), random.between(50, 2_000), random.between(4_000, 8_000)]),
      );
      if (farRepeat && random.chance(0.3)) repeats.push(105 * MINUTE);
    }
    return {
      id,
      at: Math.round(
        isAtEdge
          ? toEdge + random.between(-60, 20)
          : isBurst
            ? at + random.between(0, 1_500)
            : random.between(3_000, within * 0.8),
      ),
      platform: random.pick(PLATFORMS),
      person: random.between(0, people - 1),
      repeats,
    };
  });
}

function drawWords(random: Random, trouble: number, messages: readonly Message[]): Word[] {
  if (random.chance(0.25)) return [];
  const isCrossing = random.chance(0.4);
  const words: Word[] = [];
  const say = (word: Omit<Word, "id">) => words.push({ id: words.length, ...word });
  for (let n = random.between(1, 8); n > 0; n--) {
    const { person, platform, at: sentAt } = random.pick(messages);
    const channel = platform.endsWith("sms") ? "sms" : "whatsapp";
    const isHidden = channel === "whatsapp" && random.chance(0.25);
    // While the message is on its way, or any time after it.
    const after = isCrossing ? random.between(-50, 600) : logBetween(random, 20, trouble);
    const at = Math.max(0, Math.min(trouble - 1, sentAt + after));
    if (random.chance(0.3)) {
      say({ at, person, channel, said: random.pick(["HELLO", "TAP"] as const) });
      continue;
    }
    const said = random.chance(0.7) ? "STOP" : "START";
    say({ at, person, channel, said, isHidden });
    if (!random.chance(0.5)) continue;
    const other = said === "STOP" ? "START" : "STOP";
    const later = random.pick([0, random.between(1, 100), random.between(500, 3_000)]);
    say({
      at: at + later,
      person,
      channel,
      said: other,
      isHidden: channel === "whatsapp" && random.chance(0.25),
    });
  }
  return words;
}

function drawEnv(random: Random): Record<string, string> {
  return {
    IN_DOUBT_WAIT_SECONDS: random.pick(["60", "60", "300"]),
    DISPATCH_RATE_PER_SECOND: random.pick(["29", "29", "200", "5"]),
    DISPATCH_MAX_INFLIGHT: random.pick(["200", "20"]),
    ...(random.chance(0.1) ? { IN_DOUBT_POLICY: "resend" } : {}),
    ...(random.chance(0.1) ? { MESSAGE_TTL_SECONDS: "600" } : {}),
    ...(random.chance(0.2) ? { QUEUE_MAX_REQUEST_BYTES: "1000" } : {}),
    ...(random.chance(0.1) ? { VCR_LISTENERS: "true" } : {}),
  };
}

function drawTrouble(
  random: Random,
  { start, trouble, messages, words, syncs = [] }: Omit<World, "faults">,
  { replicas = 3 }: Given,
): Pick<World, "faults"> {
  if (random.chance(0.05)) return { faults: [] };
  const faults: Fault[] = [];
  /** Mostly where a message is under way: an outage of an idle system shows nothing. */
  const moment = (edge?: Edge) => {
    const asked =
      edge === "inbound" ? words.map(({ at }) => at) : edge === "sync" || edge === "vonage" ? syncs : [];
    const about = asked.length > 0 ? asked : messages.map(({ at }) => at);
    const near = random.pick(about) + random.between(-1_500, 3_000);
    return Math.max(0, Math.min(trouble - 1, random.chance(0.7) ? near : random.between(0, trouble)));
  };
  const lasting = (least: number) => logBetween(random, least, trouble);
  const edges = (Object.keys(POSSIBLE) as Edge[]).filter((edge) => POSSIBLE[edge].length > 0);
  const exchange = (edge: Edge, kind: ExchangeFault, at = moment(edge), ms = lasting(5)): Fault => ({
    ...{ at, for: ms, edge, kind, share: random.pick([1, 1, 0.5, 0.1]) },
    ...(kind === "slow" || kind === "late" ? { ms: logBetween(random, 5, 30_000) } : {}),
    ...(kind === "half-open" ? { ms: logBetween(random, 5, 30_000), share: 1 } : {}),
    ...(kind === "double" ? { ms: logBetween(random, 1, 10 * MINUTE) } : {}),
    ...(kind === "error" ? { status: random.pick(STATUSES[edge] ?? ANY_STATUS) } : {}),
  });
  const some = (edge: Edge) => exchange(edge, random.pick(POSSIBLE[edge]));

  const mixture: [number, () => void][] = [
    // The worst days: much at once, for long enough to matter, on what a message passes.
    [
      0.4,
      () => {
        const passed = [
          "enqueue",
          "callback",
          "state",
          "send",
          "status",
          "inbound",
          "moengage",
          "webengage",
          "clevertap",
        ] as const;
        const chosen = passed.filter(() => random.chance(0.4));
        for (let n = random.between(2, 8); n > 0 && chosen.length > 0; n--) {
          const edge = random.pick(chosen);
          const kind = random.pick(POSSIBLE[edge]);
          faults.push({
            ...exchange(edge, kind, moment(edge), logBetween(random, 500, Math.min(trouble, 2 * MINUTE))),
            ...(kind === "half-open" ? {} : { share: random.pick([1, 0.5, 0.5, 0.2]) }),
          } as Fault);
        }
      },
    ],
    // Anything anywhere.
    [
      0.7,
      () => {
        for (let n = random.between(1, 4); n > 0; n--) faults.push(some(random.pick(edges)));
      },
    ],
    // What happens seldom is struck seldom: this is aimed at it.
    [
      0.3,
      () => {
        const edge = random.pick(
          syncs.length > 0 ? (["inbound", "sync", "vonage"] as const) : (["inbound", "intake"] as const),
        );
        for (let n = random.between(1, 3); n > 0; n--) {
          const ms = logBetween(random, 500, 20_000);
          faults.push(exchange(edge, random.pick(POSSIBLE[edge]), moment(edge) - random.between(0, ms), ms));
        }
      },
    ],
    // Those that go down one after another come back in another order.
    [
      0.2,
      () => {
        const at = moment();
        const down = ["state", "enqueue", "callback", "send", "moengage", "webengage", "clevertap"] as const;
        for (const edge of down)
          if (random.chance(0.5))
            faults.push({
              ...exchange(
                edge,
                random.pick(["refused", "hang", "error"] as const),
                at + random.between(0, 20_000),
                lasting(1_000),
              ),
            });
      },
    ],
    // A provider is away with all that it does.
    [
      0.2,
      () => {
        const [at, ms] = [moment(), lasting(1_000)];
        const kind = random.pick(["refused", "hang", "error", "slow"] as const);
        for (const edge of ["state", "enqueue", "queue"] as const)
          faults.push({ ...exchange(edge, kind, at, ms), ...{ share: 1 } } as Fault);
      },
    ],
    [
      0.35,
      () => {
        for (let n = random.between(1, 3); n > 0; n--)
          faults.push({
            ...{ kind: "kill", at: moment(), for: lasting(50), replica: random.between(0, replicas - 1) },
            ...{ after: logBetween(random, 1, 40) - 1, isDone: random.chance(0.5) },
          });
      },
    ],
    [
      0.2,
      () => {
        faults.push({
          kind: "pause",
          at: moment(),
          for: logBetween(random, 50, MINUTE),
          replica: random.between(0, replicas - 1),
        });
      },
    ],
    [
      0.1,
      () => {
        const ms = random.pick([-1, 1]) * logBetween(random, 100, 20_000);
        faults.push({
          kind: "skew",
          at: moment(),
          for: lasting(1_000),
          replica: random.between(0, replicas - 1),
          ms,
        });
      },
    ],
    // A second that is counted twice, by everybody's clock.
    [
      start < LEAP && LEAP < start + trouble ? 0.5 : 0,
      () => {
        for (let replica = 0; replica < replicas; replica++)
          faults.push({ kind: "skew", at: LEAP - start, for: 1_000, replica, ms: -1_000 });
      },
    ],
    [0.04, () => void faults.push({ kind: "empty", at: moment(), for: 1 })],
    [0.04, () => void faults.push({ kind: "empty", prefix: random.pick(EVICTED), at: moment(), for: 1 })],
    [0.05, () => void faults.push({ kind: "deploy", isNext: true, at: moment(), for: lasting(2_000) })],
    [0.05, () => void faults.push({ kind: "zero", at: moment(), for: lasting(1_000) })],
    [0.1, () => void faults.push({ kind: "deploy", at: moment(), for: 1 })],
    [
      0.07,
      () => {
        faults.push({ kind: "deploy", at: moment(), for: lasting(5_000), env: random.pick(MISTAKES) });
      },
    ],
  ];
  for (const [share, add] of mixture) if (random.chance(share)) add();
  return { faults };
}
