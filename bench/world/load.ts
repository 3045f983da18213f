import type { Credentials } from "../../src/sandbox/credentials.ts";
import type { Outcome, Poster } from "../../src/sandbox/post.ts";
import { type Book, idOf } from "./book.ts";

export const SENDER = "447700900000";
const TIMEOUT_MS = 30_000;
const AGAIN_MS = 250;

/** About 1.2 KB, of a template that was approved. */
const bodyOf = (n: number) =>
  JSON.stringify({
    msg_id: idOf(n),
    from: SENDER,
    to: `999${String(n % 1_000_000).padStart(9, "0")}`,
    template: {
      name: "greeting",
      language: { code: "en" },
      components: [
        {
          type: "body",
          parameters: [
            { type: "text", text: `Guest ${n} ${"of a house by the sea ".repeat(20)}` },
            { type: "text", text: `AB-${n} ${"with a view of the garden ".repeat(16)}` },
          ],
        },
      ],
    },
  });

/** Offers sends: so many a second, or so many at a time, until it is told to stop. */
export function createLoad(options: {
  credentials: Credentials;
  book: Book;
  poster: Poster;
  apps(): readonly string[];
  /** Statuses that the subject has not answered yet. */
  openStatuses(): number;
}) {
  const { credentials, book, poster } = options;
  const headers = {
    "content-type": "application/json",
    "api-key": credentials.accountId,
    "api-secret": credentials.accountSecret,
  };
  const latencies: number[] = [];
  let inHand = 0;
  let atATime = 0;
  let isAnswerEnough = false;
  let timer: NodeJS.Timeout | undefined;

  async function offer(through = poster): Promise<Outcome> {
    const n = book.counts.offered++;
    inHand++;
    const offeredAt = performance.now();
    const apps = options.apps();
    const url = `${apps[n % apps.length]}/webhooks/send`;
    const outcome = await through.post(url, { headers, body: bodyOf(n), timeoutMs: TIMEOUT_MS });
    const { status, failure } = outcome;
    // A wait for a socket is a wait too: the platform has one for every send.
    latencies.push(performance.now() - offeredAt);
    book.answered(n, String(status ?? failure));
    // Whoever is told to come again does not do so at once.
    if (status !== 200) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    // What was accepted is in hand until the queue is rid of it.
    if (status !== 200 || isAnswerEnough || atATime === 0) done();
    return outcome;
  }

  function done(): void {
    inHand--;
    fill();
  }

  function fill(): void {
    while (inHand + options.openStatuses() < atATime) void offer();
  }

  return {
    /**
     * Keeps the subject at so many things at a time: sends that are not answered, or not dispatched (acknowledged to
     * the queue), and statuses that are due and not taken. So no stage outruns another.
     */
    keep(count: number, until: "answered" | "dispatched") {
      atATime = count;
      isAnswerEnough = until === "answered";
      fill();
    },
    fixed(perSecond: number) {
      const startedAt = performance.now();
      let due = 0;
      timer = setInterval(() => {
        const by = ((performance.now() - startedAt) / 1_000) * perSecond;
        for (; due < by; due++) void offer();
      }, 2);
    },
    async burst(count: number, sockets: Poster) {
      const outcomes = await Promise.all(Array.from({ length: count }, () => offer(sockets)));
      return outcomes.map(({ status = 0, ms }) => ({ status, ms }));
    },
    stop() {
      atATime = 0;
      clearInterval(timer);
    },
    fill,
    /** A message has left the queue. */
    dispatched() {
      if (atATime > 0 && !isAnswerEnough) done();
    },
    takeLatencies: () => latencies.splice(0),
  };
}
