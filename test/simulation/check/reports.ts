import type { Violation } from "../../../src/sandbox/ledger.ts";
import type { Exchange } from "../net.ts";
import type { Owner } from "../scheduler.ts";
import type { Watched, Watcher } from "./watch.ts";
import { idsOfJobs, isOk, reportsIn, shortened } from "./wire.ts";

/** Longer ids stand in State. */
const LONGEST_REFERENCE = 90;
/** A report's looks and its note, where State is slow. */
const AROUND_MS = 5_000;
/** Two replicas have a status in the same moment: both have looked before either announced. */
const SAME_MOMENT_MS = 1_000;
/** An announcement counts for so long. */
const PAUSE_MS = 15_000;
/** As far as clocks may be apart. */
const SKEW_MS = 1_000;
const HOUR_MS = 3_600_000;

/** Before this, CleverTap's SMS is not told again of what it may have: its ten minutes, less what clocks differ by. */
const LATE_MS = 9 * 60_000;

/** What a platform holds against us while a variable is lost or mistyped. */
const MISTAKEN: Record<string, string[]> = {
  "wrong answer": ["WEBENGAGE_DSN_URL", "WHATSAPP_NUMBER"],
  "wrong credentials": ["MOENGAGE_DATA_API_KEY"],
  "wrong token": ["WEBENGAGE_DSN_TOKEN"],
};

const ANSWER_LOST = "its answer was lost";

interface Told {
  status: string;
  from: Owner;
  leftAt: number;
  arrivedAt: number;
  endedAt: number;
  isKnownAsTold: boolean;
}

/** Every accepted message ends in one final report, in order, and nobody hears of a message that was never accepted. */
export function watchReports(watched: Watched): Watcher & { waiting(): string[] } {
  const { world, vonage, platforms, say, admit, wasLost, wasStateAway } = watched;
  const enqueued = new Set<string>();
  const told = new Map<string, Told[]>();

  /** What 0012 leaves open, as far as it was so in that time. */
  function whyBlind(from: number, to: number): string | undefined {
    if (wasStateAway(from - AROUND_MS, to)) return "while State was away";
    if (wasLost("reported:", from - AROUND_MS, to)) return "State having lost what was told";
    const was = (kind: string, is: (ms: number) => boolean) =>
      world.faults.some((fault) => {
        const at = world.start + fault.at;
        const ms = fault.kind === "skew" ? Math.abs(fault.ms) : fault.for;
        return fault.kind === kind && at <= to && at + fault.for >= from - AROUND_MS && is(ms);
      });
    if (was("pause", (ms) => ms > PAUSE_MS)) return "a process having stood still";
    if (was("skew", (ms) => ms > SKEW_MS)) return "while clocks differed";
    return undefined;
  }

  /** The status that was told against the order, those after which it was, and the time that all this took. */
  function whyOutOfOrder(id: string, detail: string): string | undefined {
    const all = told.get(shortened(id)) ?? [];
    const [next = "", before = ""] = detail.split(" after ");
    const those = all.filter(({ status }) => status === next || before.split(", ").includes(status));
    // It had been given up, and was told again or outdated since.
    if (those.some(({ arrivedAt, endedAt }) => arrivedAt > endedAt)) return "the platform looked at it late";
    const [from, to] = [
      Math.min(...those.map(({ leftAt }) => leftAt)),
      Math.max(...those.map(({ arrivedAt }) => arrivedAt)),
    ];
    return whyBlind(from, to);
  }

  /** Of each two that say the same. */
  function whyRepeated(id: string, status: string): string | undefined {
    const all = (told.get(shortened(id)) ?? []).filter((one) => one.status === status);
    all.sort((a, b) => a.arrivedAt - b.arrivedAt);
    const reasons = all.slice(1).map((second, index) => {
      const first = all[index] as Told;
      const { isAlive, diedAt = 0 } = first.from;
      if (!isAlive && diedAt < first.endedAt + AROUND_MS) return "its teller died";
      if (!first.isKnownAsTold) return ANSWER_LOST;
      // It had been given up, and told again, before the platform looked at it.
      if (second.arrivedAt > second.endedAt) return "the platform looked at it late";
      const isElsewhere = second.from !== first.from;
      if (isElsewhere && second.leftAt < first.endedAt + SAME_MOMENT_MS) return "two replicas had it at once";
      return whyBlind(first.leftAt, second.leftAt);
    });
    return reasons.includes(undefined) ? undefined : reasons[0];
  }

  /** It counts a repeat as another, so that what it may have is told again late (docs/decisions/0021). */
  function isTooSoon(id: string, status: string): boolean {
    const entry = platforms["clevertap"]?.messages.get(id);
    if (entry?.channel !== "sms") return false;
    const times = (told.get(shortened(id)) ?? [])
      .filter((one) => one.status === status)
      .map(({ arrivedAt }) => arrivedAt)
      .sort((a, b) => a - b);
    return times.some((at, index) => {
      const before = times[index - 1] ?? Number.NEGATIVE_INFINITY;
      // What the queue cannot keep for later, Vonage brings again soon.
      return at - before < LATE_MS && !watched.wasQueueAway(before, at);
    });
  }

  function judge({ rule, id = "", detail }: Violation, platform: string): void {
    const words = `${platform}: ${rule} (${detail}) ${id}`;
    if (rule === "repeated status") {
      const why = whyRepeated(id, detail);
      if (why === ANSWER_LOST && isTooSoon(id, detail)) say("late", words);
      else if (why) admit(`${rule}: ${why}`);
      else say("order", words);
      return;
    }
    // Its own invariant looks after it: whoever was not answered does not know the id.
    if (rule === "unknown id" && platform === "moengage" && !id.includes("_"))
      return void admit("a report of an SMS whose answer the platform never had");
    const mistake = MISTAKEN[rule]?.find((name) =>
      world.faults.some((fault) => fault.kind === "deploy" && fault.env?.[name] !== undefined),
    );
    if (mistake) return void admit(`${rule}: ${mistake} was another one`);
    if (rule !== "backward step" && rule !== "both delivered and failed") return void say("contract", words);
    if (/^(delivered|read) after/.test(detail) && rule !== "backward step")
      return void admit("delivered after failed");
    const why = whyOutOfOrder(id, detail);
    if (why) admit(`${rule}: ${why}`);
    else say("order", words);
  }

  const all = () => Object.values(platforms).flatMap(({ messages }) => [...messages.values()]);

  /** Its statuses name it by a key that State has lost. */
  const isForgotten = (id: string, offeredAt: number) =>
    id.length > LONGEST_REFERENCE && wasLost("ref:", offeredAt, Number.POSITIVE_INFINITY);

  function unsettled(): string[] {
    return all()
      .filter(({ accepted, statuses }) => accepted && !statuses.some(({ status }) => status !== "sent"))
      .filter(({ id, offeredAt }) => !isForgotten(id, offeredAt))
      .map(({ id }) => id);
  }

  /** A channel is noted to be on every hour: what is lost of that before a deploy without it is not there to be asked. */
  const isSwitchOffForgotten = () =>
    world.faults.some((fault) => {
      const at = world.start + fault.at;
      const isOff = fault.kind === "deploy" && Object.values(fault.env ?? {}).includes("");
      return isOff && wasLost("channels-on", at - HOUR_MS, at + fault.for);
    });

  /** What Vonage said of each message in the end, and the platform never heard. */
  function unheard(): string[] {
    const ends: Record<string, "delivered" | "read" | "failed"> = {
      ...{ delivered: "delivered", read: "read", rejected: "failed", undeliverable: "failed" },
    };
    const order = ["failed", "delivered", "read"];
    const last = new Map<string, string>();
    for (const { kind, body } of vonage.webhooks) {
      const end = ends[String(body["status"])];
      const reference = String(body["client_ref"] ?? "");
      const isThrottle = (body["error"] as { type: string } | undefined)?.type.endsWith("#1000");
      if (kind !== "status" || !end || isThrottle) continue;
      const id = reference.slice(reference.indexOf(".") + 1);
      if (order.indexOf(end) > order.indexOf(last.get(id) ?? "")) last.set(id, end);
    }
    return [...last].flatMap(([id, end]) => {
      const entry = all().find((one) => one.id === id);
      // Both were told, or none: a report that was outdated tells nothing new.
      if (!entry || entry.statuses.some(({ status }) => status === end)) return [];
      return [`${end} of ${id}; it was told ${entry.statuses.map(({ status }) => status).join(", ")}`];
    });
  }

  const isReport = ({ edge }: Exchange) => edge in platforms;
  return {
    onLeave(exchange) {
      if (!isReport(exchange)) return;
      for (const { id } of reportsIn(exchange.request.body))
        if (!enqueued.has(shortened(id))) say("accepted", `${id} is reported and was never accepted`);
    },
    onArrive(exchange) {
      const { edge, request, from, leftAt, endedAt = Number.POSITIVE_INFINITY, arrivedAt = 0 } = exchange;
      // It counts from here on: who made it may not hear that it stands there.
      if (edge === "enqueue") for (const id of idsOfJobs(request.body)) enqueued.add(id);
      if (!isReport(exchange)) return;
      for (const { id, status } of reportsIn(request.body)) {
        const one = { status, from, leftAt, arrivedAt, endedAt, isKnownAsTold: false };
        const before = told.get(shortened(id)) ?? [];
        told.set(shortened(id), [...before, one]);
      }
    },
    onEnd(exchange) {
      if (!isReport(exchange)) return;
      for (const { id, status } of reportsIn(exchange.request.body))
        for (const one of told.get(shortened(id)) ?? [])
          if (one.status === status && one.leftAt === exchange.leftAt && one.from === exchange.from) {
            one.endedAt = exchange.endedAt as number;
            one.isKnownAsTold = isOk(exchange);
          }
    },
    atTheEnd() {
      if (isSwitchOffForgotten()) {
        for (const _ of [...unsettled(), ...unheard()])
          admit("a report while a variable was lost, State having lost that its channel was on");
      } else {
        for (const id of unsettled()) say("settled", `${id} was accepted and has no final report`);
        for (const what of unheard()) say("reported", `the platform never heard ${what}`);
      }
      for (const [name, { violations }] of Object.entries(platforms))
        for (const violation of violations()) judge(violation, name);
    },
    waiting: () => (isSwitchOffForgotten() ? [] : unsettled()),
  };
}
