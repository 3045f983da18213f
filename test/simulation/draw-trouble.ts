import type { Random } from "../../src/sandbox/random.ts";
import { logBetween, MINUTE } from "./draw-numbers.ts";
import type { Edge, ExchangeFault, Fault, World } from "./world.ts";

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

/** What goes wrong in a world: most of what could does not. */
export function drawTrouble(
  random: Random,
  { start, trouble, messages, words, syncs = [] }: Omit<World, "faults">,
  replicas: number,
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
