import { describeLeaks, findLeaks, type Secrets } from "../../src/sandbox/auditor.ts";
import type { Violation } from "../../src/sandbox/ledger.ts";
import type { MoEngage } from "../../src/sandbox/moengage/index.ts";
import { userIdOf, type Vonage } from "../../src/sandbox/vonage/index.ts";
import type { WebEngage } from "../../src/sandbox/webengage/index.ts";
import type { Exchange } from "./net.ts";
import type { Edge, World } from "./world.ts";

/** What must never be, and was. */
export interface Finding {
  invariant: string;
  detail: string;
  at: number;
}

export interface Checker {
  onLeave(exchange: Exchange): void;
  onArrive(exchange: Exchange): void;
  onDone(exchange: Exchange): void;
  onEnd(exchange: Exchange): void;
  log(line: string): void;
  /** Everything found so far; with `isOver` also what shows only at the end. */
  findings(isOver: boolean): Finding[];
  /** Accepted messages that have no final report and must get one. */
  waiting(): string[];
  /** What a decision record admits, by what it is. */
  admitted(): Record<string, number>;
}

export interface CheckedWorld {
  world: World;
  vonage: Vonage;
  moengage: MoEngage;
  webengage: WebEngage;
  secrets: Secrets;
  autoReplies: readonly string[];
  now(): number;
  /** Whether that replica was paused since then. */
  hasStoodStill(host: string, since: number): boolean;
}

/** Longer ids stand in State. */
const LONGEST_REFERENCE = 90;
/** What each caller waits for an answer at the most, with a moment for the way. */
const ANSWER_MS: Partial<Record<Edge, number>> = {
  intake: 4_500,
  status: 10_000,
  inbound: 10_000,
  callback: 29_000,
};
/** As the platforms write them. */
const IDS = /[0-9a-f]{24}_[0-9a-f]{24}_\d+|~campaign\/[0-9a-f]+/;
/** Copies of a message too large for the queue: one, and one more for each repeat of its platform and each lost answer. */
const MOST_COPIES = 20;
/** From the look at opt-outs to the send's leaving: calls of State that take the time they are allowed. */
const LOOK_TO_LEAVE_MS = 10_000;
/** Of traffic, until somebody is told that State was emptied. */
const NOTICED_MS = 11_000;
/** Requests to Vonage for one message. */
const MOST_CALLS = 400;

/** `at` is when it was said, as Vonage tells it. */
interface Word {
  at: number;
  said: "STOP" | "START";
  /** When the connector first had it, and when it had answered that it has it. */
  arrivedAt: number;
  answeredAt: number;
}

const parsed = (text: string): Record<string, unknown> | undefined => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const isOk = (exchange: Exchange) => {
  const { answer } = exchange;
  return answer !== undefined && answer.status >= 200 && answer.status < 300;
};

/** The ids of the messages that an enqueue request holds. */
function idsOfJobs(body: string): string[] {
  const jobs = parsed(body);
  if (!Array.isArray(jobs)) return [];
  return jobs.flatMap((job) => {
    const content = parsed(String(job?.body)) as Record<string, { id?: string } & string> | undefined;
    return [content?.["message"]?.id, content?.["id"]].filter((id) => typeof id === "string") as string[];
  });
}

/** The id under which a platform knows the message that it was told is accepted; undefined when it was not. */
function idAccepted({ request, answer }: Exchange): string | undefined {
  const [asked, told] = [parsed(request.body), parsed(answer?.text ?? "")];
  if (!asked || !told) return undefined;
  if (typeof told["trackingId"] === "string") return told["trackingId"];
  if (told["status"] === "success") return String(asked["msg_id"]);
  if (told["statusCode"] === 0) return String((asked["metadata"] as Record<string, unknown>)?.["messageId"]);
  return undefined;
}

/** Watches what crosses, from outside the product, and says what must not have been. */
export function createChecker(checked: CheckedWorld): Checker {
  const { world, vonage, moengage, webengage, autoReplies } = checked;
  const found: Finding[] = [];
  const enqueued = new Set<string>();
  const words = new Map<string, Map<string, Word>>();
  /** Under which the two names of a person were known to be one. */
  const linkedAt = new Map<string, number>();
  const lines: unknown[] = [];
  const calls = new Map<string, number>();
  /** Reports that reached their platform after the connector had stopped waiting for the answer. */
  const overdue: string[] = [];
  /** Calls of State since it was emptied. */
  const usedSince = { first: Number.POSITIVE_INFINITY, last: Number.NEGATIVE_INFINITY };
  /** When a replica last asked State for somebody's opt-out. */
  const looks = new Map<string, number>();
  const copies = new Map<string, number>();
  const admitted: Record<string, number> = {};
  const say = (invariant: string, detail: string) => found.push({ invariant, detail, at: checked.now() });

  function hear({ request, arrivedAt = 0, doneAt = 0, ...rest }: Exchange): void {
    const body = parsed(request.body);
    const said = String(body?.["text"]);
    if (!body || (said !== "STOP" && said !== "START")) return;
    const person = `${body["channel"]} ${body["from"]}`;
    const ofPerson = words.get(person) ?? new Map<string, Word>();
    words.set(person, ofPerson);
    const id = String(body["message_uuid"]);
    const word = ofPerson.get(id) ?? {
      ...{ at: Date.parse(String(body["timestamp"])), said, arrivedAt },
      answeredAt: Number.POSITIVE_INFINITY,
    };
    if (isOk({ request, ...rest } as Exchange)) word.answeredAt = Math.min(word.answeredAt, doneAt);
    ofPerson.set(id, word);
  }

  const hasSaid = (channel: string, to: string, said: Word["said"]) =>
    [to, userIdOf(to)].some((name) =>
      [...(words.get(`${channel} ${name}`)?.values() ?? [])].some((word) => word.said === said),
    );

  /** Whether the last word that a person said, as far as it was answered by then, is STOP. */
  function isStopped(channel: string, to: string, by = checked.now()): boolean {
    const now = checked.now();
    const hidden = `${channel} ${userIdOf(to)}`;
    const linked = linkedAt.get(to) ?? Number.POSITIVE_INFINITY;
    const all = [
      ...(words.get(`${channel} ${to}`)?.values() ?? []),
      ...[...(words.get(hidden)?.values() ?? [])].map((word) => ({
        ...word,
        answeredAt: Math.max(word.answeredAt, linked),
      })),
    ];
    const stop = Math.max(
      ...all.filter((word) => word.said === "STOP" && word.answeredAt < by).map(({ at }) => at),
    );
    const start = Math.max(
      ...all.filter((word) => word.said === "START" && word.arrivedAt <= now).map(({ at }) => at),
    );
    return stop > Number.NEGATIVE_INFINITY && stop >= start;
  }

  /** A carrier's own list is none of ours. */
  const isBarred = (to: string) =>
    vonage.webhooks.some(({ body }) => {
      const error = body["error"] as { type: string } | undefined;
      return body["to"] === to && error?.type.endsWith("#1240");
    });

  /** Its statuses name it by a key that State has lost. */
  const isForgotten = (id: string, offeredAt: number) =>
    id.length > LONGEST_REFERENCE &&
    world.faults.some(({ kind, at }) => kind === "empty" && world.start + at >= offeredAt);

  function unsettled(): string[] {
    return [moengage, webengage].flatMap((platform) =>
      [...platform.messages.values()]
        .filter(({ accepted, statuses }) => accepted && !statuses.some(({ status }) => status !== "sent"))
        .filter(({ id, offeredAt }) => !isForgotten(id, offeredAt))
        .map(({ id }) => id),
    );
  }

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
      const entry = moengage.messages.get(id) ?? webengage.messages.get(id);
      // Both were told, or none: a report that was outdated tells nothing new.
      if (!entry || entry.statuses.some(({ status }) => status === end)) return [];
      return [`${end} of ${id}; it was told ${entry.statuses.map(({ status }) => status).join(", ")}`];
    });
  }

  const isEmptied = () =>
    world.faults.some(({ kind, at }) => kind === "empty" && world.start + at <= checked.now());
  const admit = (what: string) => {
    admitted[what] = (admitted[what] ?? 0) + 1;
  };

  function judge({ rule, id = "", detail }: Violation, platform: string): void {
    const words = `${platform}: ${rule} (${detail}) ${id}`;
    if (rule === "repeated status") return void admit(rule);
    if (rule === "unknown id" && platform === "moengage" && !id.includes("_"))
      return void admit("a report of an SMS without a known answer");
    if (rule === "both delivered and failed" && /^(delivered|read) after/.test(detail))
      return void admit("delivered after failed");
    const isOrder = rule === "backward step" || rule === "both delivered and failed";
    const isBlind = world.faults.some((fault) => {
      if ("edge" in fault) return fault.edge === "state";
      if (fault.kind === "pause") return fault.for > 15_000;
      return fault.kind === "empty" || fault.kind === "skew";
    });
    // It had been given up, and was told again or outdated since.
    if (isOrder && overdue.some((body) => body.includes(id)))
      return void admit(`${rule} of a report that the platform looked at late`);
    if (isOrder && isBlind)
      return void admit(`${rule} while State is away, clocks differ or a process stands still`);
    say(isOrder ? "order" : "contract", words);
  }

  function atTheEnd(): void {
    for (const id of unsettled()) say("settled", `${id} was accepted and has no final report`);
    for (const what of unheard()) say("reported", `the platform never heard ${what}`);
    for (const [name, platform] of Object.entries({ moengage, webengage })) {
      for (const { id, channel, to, statuses } of platform.messages.values()) {
        const person = to.replace("+", "");
        const isRefused = statuses.some(({ reason }) => /opted.out|2024/i.test(reason ?? ""));
        if (isRefused && !hasSaid(channel, person, "STOP") && !isBarred(person))
          say("stop", `${id} was refused to ${person}, who never said STOP`);
      }
      for (const violation of platform.violations()) judge(violation, name);
    }
    for (const [id, times] of calls) if (times > MOST_CALLS) say("bounds", `${times} calls for ${id}`);
    if (
      usedSince.last - usedSince.first > NOTICED_MS &&
      !lines.some((line) => /State was emptied/.test(String((line as { msg?: string }).msg)))
    )
      say("noticed", "State was emptied and no line says so");
    for (const [id, count] of copies)
      if (count > MOST_COPIES) say("bounds", `${count} copies of ${id} in State`);
    const altered = moengage.altered(vonage.messages);
    if (altered.length > 0) say("content", `altered: ${altered.join(", ")}`);
    const { webhooks, sentTwice } = vonage.records();
    for (const reference of sentTwice)
      if (isEmptied() || checked.world.env?.["IN_DOUBT_POLICY"] === "resend") admit("sent twice");
      else say("once", `sent twice: ${reference}`);
    for (const [kind, count] of Object.entries(webhooks))
      if (/lost|dropped/.test(kind)) say("webhooks", `${count} ${kind}`);
    for (const what of describeLeaks(findLeaks(lines, checked.secrets))) say("privacy", what);
  }

  return {
    onLeave({ edge, request, from }) {
      if (edge === "state" && request.body.includes('"suppressed:'))
        for (const [, to] of request.body.matchAll(/"stop ([^"]+)"/g))
          looks.set(`${from.name} ${to}`, checked.now());
      if (edge !== "send") return;
      const body = parsed(request.body) ?? {};
      if (autoReplies.includes(String(body["text"]))) return;
      const [channel, to] = [String(body["channel"]), String(body["to"])];
      if (!isStopped(channel, to)) return;
      if (isEmptied()) admit("sent after STOP");
      else if (
        !isStopped(
          channel,
          to,
          Math.max(looks.get(`${from.name} ${to}`) ?? 0, checked.now() - LOOK_TO_LEAVE_MS),
        )
      )
        admit("sent while STOP was being said");
      else say("stop", `${from.name} sends to ${to} who had said STOP on ${channel}`);
    },
    onArrive(exchange) {
      const { edge, endedAt, request } = exchange;
      if (edge === "inbound") hear(exchange);
      if ((edge === "moengage" || edge === "webengage") && endedAt !== undefined) overdue.push(request.body);
    },
    onDone(exchange) {
      const { edge, request } = exchange;
      if (edge === "enqueue" && isOk(exchange)) for (const id of idsOfJobs(request.body)) enqueued.add(id);
      if (edge === "inbound") hear(exchange);
      if (edge === "state" && isOk(exchange) && isEmptied()) {
        usedSince.first = Math.min(usedSince.first, checked.now());
        usedSince.last = checked.now();
      }
      if (edge === "state" && request.body.includes('"job:')) {
        const id = IDS.exec(request.body)?.[0];
        if (id && request.body.includes('"SET"')) copies.set(id, (copies.get(id) ?? 0) + 1);
      }
      const status = edge === "status" && isOk(exchange) ? parsed(request.body) : undefined;
      // Of an SMS it says nothing about the other name.
      if (status?.["channel"] === "whatsapp") {
        const to = String(status["to"]);
        linkedAt.set(to, Math.min(linkedAt.get(to) ?? Number.POSITIVE_INFINITY, checked.now()));
      }
      if (edge !== "intake" || !isOk(exchange)) return;
      const id = idAccepted(exchange);
      if (id !== undefined && !enqueued.has(id)) say("durable", `${id} was accepted and stands in no queue`);
    },
    onEnd(exchange) {
      const { edge, arrivedAt, doneAt, answer, to, request, from } = exchange;
      if (!from.name.startsWith("r") && answer && arrivedAt !== undefined && doneAt !== undefined) {
        const took = doneAt - arrivedAt;
        if (took > (ANSWER_MS[edge] ?? Number.POSITIVE_INFINITY) && !checked.hasStoodStill(to, arrivedAt))
          say("in time", `${edge} answered after ${took} ms`);
      }
      if (edge !== "send") return;
      const id = String(parsed(request.body)?.["client_ref"]);
      calls.set(id, (calls.get(id) ?? 0) + 1);
    },
    log(line) {
      lines.push(parsed(line) ?? line);
    },
    findings(isOver) {
      const before = [...found];
      if (isOver) atTheEnd();
      return isOver ? [...found] : before;
    },
    waiting: unsettled,
    admitted: () => admitted,
  };
}
