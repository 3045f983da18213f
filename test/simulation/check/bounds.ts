import type { Watched, Watcher } from "./watch.ts";
import { idOfJob, idSent, idsIn, idsOfJobs, isOk, parsed } from "./wire.ts";

/**
 * Of one message: what waits on the queues and in State, and how often it was written whole, beside once for each
 * request of its platform.
 */
const MOST = { jobs: 15, fields: 30, traces: 80, bytes: 20_000, copies: 4 };
/** Each claim that is lost to an owner of whom nothing is known leaves one, as often as the queue delivers it again. */
const TRACE = /#\d+@\d+ lost$/;
/** Requests that are answered late make jobs that differ, each of which may be on a queue and among the dead letters. */
const JOBS_A_REQUEST = 4;
/** Each attempt is claimed once or, where two half days meet, twice. */
const FIELDS_AN_ATTEMPT = 2;

/** What a waiting message costs does not grow with the time that it waits. */
export function watchBounds({ vcr, say }: Watched): Watcher {
  const most = new Map<string, number>();
  const copies = new Map<string, number>();
  const ids = new Set<string>();
  const requests = new Map<string, number>();
  const attempts = new Map<string, number>();
  /** Times that nobody knew whether the queue took a job: it is put again, and may be there twice from then on. */
  const unanswered = new Map<string, number>();

  function raise(what: keyof typeof MOST, counts: ReadonlyMap<string, number>): void {
    for (const [id, count] of counts) {
      const name = `${what} of ${id}`;
      if (count > (most.get(name) ?? 0)) most.set(name, count);
    }
  }

  function jobs(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const queue of Object.keys(vcr.records().queues))
      for (const body of vcr.jobs(queue)) add(counts, idOfJob(parsed(body)) ?? "", 1);
    return counts;
  }

  function fields() {
    const [counts, traces, bytes] = Array.from({ length: 3 }, () => new Map<string, number>()) as [
      ...[Map<string, number>, Map<string, number>, Map<string, number>],
    ];
    for (const { key, pairs } of vcr.stored()) {
      // A process keeps its newest there, whatever they are about.
      if (/^(failures|figures):/.test(key)) continue;
      for (let at = 0; at < pairs.length; at += 2) {
        const text = `${pairs[at]} ${pairs[at + 1]}`;
        for (const id of idsIn(text)) {
          if (!ids.has(id)) continue;
          add(TRACE.test(text) ? traces : counts, id, 1);
          add(bytes, id, text.length);
        }
      }
    }
    return { counts, traces, bytes };
  }

  return {
    onEnd(exchange) {
      if (exchange.edge !== "enqueue" || isOk(exchange)) return;
      for (const id of idsOfJobs(exchange.request.body)) add(unanswered, id, 1);
    },
    onLeave: (exchange) => void (exchange.edge === "send" && add(attempts, idSent(exchange), 1)),
    onArrive({ edge, request }) {
      if (edge === "intake") for (const id of idsIn(request.body)) add(requests, id, 1);
      if (edge === "enqueue") for (const id of idsOfJobs(request.body)) ids.add(id);
      if (edge === "state" && request.body.includes('"job:') && request.body.includes('"SET"'))
        for (const id of idsIn(request.body)) if (ids.has(id)) add(copies, id, 1);
    },
    look() {
      const extra = (id: string, each: number) => ((requests.get(id) ?? 1) - 1) * each;
      raise(
        "jobs",
        new Map(
          [...jobs()].map(([id, count]) => [
            id,
            count - extra(id, JOBS_A_REQUEST) - (unanswered.get(id) ?? 0),
          ]),
        ),
      );
      const { counts, traces, bytes } = fields();
      const attempted = (id: string) => (attempts.get(id) ?? 0) * FIELDS_AN_ATTEMPT;
      raise("fields", new Map([...counts].map(([id, count]) => [id, count - attempted(id)])));
      raise("traces", traces);
      raise("bytes", bytes);
      raise("copies", new Map([...copies].map(([id, count]) => [id, count - 1 - extra(id, 1)])));
    },
    atTheEnd() {
      for (const [name, count] of most) {
        const what = name.split(" ")[0] as keyof typeof MOST;
        if (count > MOST[what]) say("bounds", `${count} ${name}`);
      }
    },
  };
}

const add = (to: Map<string, number>, id: string, count: number) => to.set(id, (to.get(id) ?? 0) + count);
