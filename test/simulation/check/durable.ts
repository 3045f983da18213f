import { describeLeaks, findLeaks } from "../../../src/sandbox/auditor.ts";
import type { Edge } from "../world.ts";
import type { Watched, Watcher } from "./watch.ts";
import { idAccepted, idsOfJobs, isDone } from "./wire.ts";

/** What each caller waits for an answer at the most, with a moment for the way. */
const ANSWER_MS: Partial<Record<Edge, number>> = {
  intake: 4_500,
  status: 10_000,
  inbound: 10_000,
  callback: 29_000,
};
/** Of traffic, until somebody is told that State was emptied. */
const NOTICED_MS = 11_000;

/** Every 2xx is backed by a job on a queue. */
export function watchDurability({ say }: Watched): Watcher {
  const enqueued = new Set<string>();
  return {
    onDone(exchange) {
      const { edge, request } = exchange;
      if (!isDone(exchange)) return;
      if (edge === "enqueue") for (const id of idsOfJobs(request.body)) enqueued.add(id);
      const id = edge === "intake" ? idAccepted(exchange) : undefined;
      if (id !== undefined && !enqueued.has(id)) say("durable", `${id} was accepted and stands in no queue`);
    },
  };
}

/** Every wait has an end. */
export function watchTime({ say, hasStoodStill }: Watched): Watcher {
  return {
    onEnd({ edge, arrivedAt, doneAt, answer, to, from }) {
      if (from.name.startsWith("r") || !answer || arrivedAt === undefined || doneAt === undefined) return;
      const took = doneAt - arrivedAt;
      if (took > (ANSWER_MS[edge] ?? Number.POSITIVE_INFINITY) && !hasStoodStill(to, arrivedAt))
        say("in time", `${edge} answered after ${took} ms`);
    },
  };
}

/** Nothing of a person in the log, and a line for whoever lost a State. */
export function watchLog({ secrets, losses, say, now }: Watched): Watcher {
  const lines: unknown[] = [];
  /** Calls of State since it was emptied. */
  const used = { first: Number.POSITIVE_INFINITY, last: Number.NEGATIVE_INFINITY };
  return {
    log: (line) => void lines.push(line),
    onDone(exchange) {
      if (exchange.edge !== "state" || !isDone(exchange)) return;
      if (!losses.some(({ prefix }) => prefix === "")) return;
      used.first = Math.min(used.first, now());
      used.last = now();
    },
    atTheEnd() {
      const isSaid = lines.some((line) => /State was emptied/.test(String((line as { msg?: string }).msg)));
      if (used.last - used.first > NOTICED_MS && !isSaid)
        say("noticed", "State was emptied and no line says so");
      for (const what of describeLeaks(findLeaks(lines, secrets))) say("privacy", what);
    },
  };
}

/** What was asked for is what is sent, and no webhook is lost. */
export function watchContent({ moengage, vonage, say }: Watched): Watcher {
  return {
    atTheEnd() {
      const altered = moengage.altered(vonage.messages);
      if (altered.length > 0) say("content", `altered: ${altered.join(", ")}`);
      for (const [kind, count] of Object.entries(vonage.records().webhooks))
        if (/lost|dropped/.test(kind)) say("webhooks", `${count} ${kind}`);
    },
  };
}
