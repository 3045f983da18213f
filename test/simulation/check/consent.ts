import { userIdOf } from "../../../src/sandbox/vonage/index.ts";
import type { Exchange } from "../net.ts";
import type { Watched, Watcher } from "./watch.ts";
import { isDone, parsed } from "./wire.ts";

/** From the look at opt-outs to the send's leaving: calls of State that take the time they are allowed. */
const LOOK_TO_LEAVE_MS = 10_000;

/** `at` is when it was said, as Vonage tells it. */
interface Word {
  at: number;
  said: "STOP" | "START";
  /** When the connector first had it, and when it had answered that it has it. */
  arrivedAt: number;
  answeredAt: number;
}

/** Nobody is sent to whose last word, as far as it was answered by then, is STOP; nobody is refused who never said it. */
export function watchConsent(watched: Watched): Watcher {
  const { vonage, platforms, autoReplies, now, say, admit, wasLost } = watched;
  const words = new Map<string, Map<string, Word>>();
  /** Under which the two names of a person were known to be one. */
  const linkedAt = new Map<string, number>();
  /** When a replica last asked State for somebody's opt-out. */
  const looks = new Map<string, number>();

  function hear(exchange: Exchange): void {
    const { request, arrivedAt = 0, doneAt = 0 } = exchange;
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
    if (isDone(exchange)) word.answeredAt = Math.min(word.answeredAt, doneAt);
    ofPerson.set(id, word);
  }

  const wordsOf = (channel: string, name: string) => [...(words.get(`${channel} ${name}`)?.values() ?? [])];
  const hasSaid = (channel: string, to: string, said: Word["said"]) =>
    [to, userIdOf(to)].some((name) => wordsOf(channel, name).some((word) => word.said === said));

  /** Whether the last word that a person said, as far as it was answered by then, is STOP. */
  function isStopped(channel: string, to: string, by = now(), isInState = false): boolean {
    const isKept = ({ arrivedAt }: Word) => !isInState || !wasLost("suppressed:", arrivedAt, now());
    const linked = linkedAt.get(to) ?? Number.POSITIVE_INFINITY;
    const hidden = wordsOf(channel, userIdOf(to)).map((word) => ({
      ...word,
      answeredAt: Math.max(word.answeredAt, linked),
    }));
    const stops = [
      ...wordsOf(channel, to).filter(isKept),
      ...(isInState && wasLost("people:", linked, now()) ? [] : hidden.filter(isKept)),
    ].filter((word) => word.said === "STOP" && word.answeredAt < by);
    const starts = [...wordsOf(channel, to), ...hidden].filter(
      ({ said, arrivedAt }) => said === "START" && arrivedAt <= now(),
    );
    const stop = Math.max(...stops.map(({ at }) => at));
    return stop > Number.NEGATIVE_INFINITY && stop >= Math.max(...starts.map(({ at }) => at));
  }

  /** A carrier's own list is none of ours. */
  const isBarred = (to: string) =>
    vonage.webhooks.some(({ body }) => {
      const error = body["error"] as { type: string } | undefined;
      return body["to"] === to && error?.type.endsWith("#1240");
    });

  function judge({ request, from }: Exchange): void {
    const body = parsed(request.body) ?? {};
    if (autoReplies.includes(String(body["text"]))) return;
    const [channel, to] = [String(body["channel"]), String(body["to"])];
    if (!isStopped(channel, to)) return;
    const looked = Math.max(looks.get(`${from.name} ${to}`) ?? 0, now() - LOOK_TO_LEAVE_MS);
    if (!isStopped(channel, to, now(), true)) admit("sent after a STOP that State had lost");
    else if (!isStopped(channel, to, looked)) admit("sent while STOP was being said");
    else say("stop", `${from.name} sends to ${to} who had said STOP on ${channel}`);
  }

  return {
    onLeave(exchange) {
      const { edge, request, from } = exchange;
      if (edge === "state" && request.body.includes('"suppressed:'))
        for (const [, to] of request.body.matchAll(/"stop ([^"]+)"/g)) looks.set(`${from.name} ${to}`, now());
      if (edge === "send") judge(exchange);
    },
    onArrive: (exchange) => void (exchange.edge === "inbound" && hear(exchange)),
    onDone(exchange) {
      const { edge, request } = exchange;
      if (edge === "inbound") hear(exchange);
      const status = edge === "status" && isDone(exchange) ? parsed(request.body) : undefined;
      // Of an SMS it says nothing about the other name.
      if (status?.["channel"] !== "whatsapp") return;
      const to = String(status["to"]);
      linkedAt.set(to, Math.min(linkedAt.get(to) ?? Number.POSITIVE_INFINITY, now()));
    },
    atTheEnd() {
      for (const platform of Object.values(platforms))
        for (const { id, channel, to, statuses } of platform.messages.values()) {
          const person = to.replace("+", "");
          const isRefused = statuses.some(({ reason }) => /opted.out|2024/i.test(reason ?? ""));
          if (isRefused && !hasSaid(channel, person, "STOP") && !isBarred(person))
            say("stop", `${id} was refused to ${person}, who never said STOP`);
        }
    },
  };
}
