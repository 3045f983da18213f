/** What the world knows of each message, in a few bytes, so that a million of them fit. */
export type Book = ReturnType<typeof createBook>;

export type Told = "sent" | "delivered" | "read" | "failed";

const ACCEPTED = 1;
const SENT = 2;
const TOLD: Record<Told, number> = { sent: 4, delivered: 8, read: 16, failed: 32 };

const FIRST_SUFFIX = 10_000_000_000;
const PREFIX = "6553f1f77bcf86cd79943901_6553f1f77bcf86cd79943902_";

/** As MoEngage's ids look. */
export const idOf = (n: number) => `${PREFIX}${FIRST_SUFFIX + n}`;

/** Which message an id, or a reference that ends with it, means. */
const numberOf = (reference: string) => Number(reference.slice(-11)) - FIRST_SUFFIX;

export function createBook() {
  let marks = new Uint8Array(1 << 20);
  const counts = {
    /** Sends answered, by what was answered: a status, or how there was no answer. */
    answers: {} as Record<string, number>,
    offered: 0,
    accepted: 0,
    /** Callbacks of the queue that were acknowledged, and that were not. */
    callbacks: 0,
    refusedCallbacks: 0,
    sent: 0,
    sentTwice: 0,
    /** Webhooks answered, by what was answered. */
    webhooks: {} as Record<string, number>,
    statuses: 0,
    reports: 0,
    reportCalls: 0,
    toldTwice: 0,
    toldBackwards: 0,
    /** Requests of the subject that are not as the vendor's document has them. */
    wrong: 0,
  };

  /** Sets the mark; false when it was set before. */
  function mark(n: number, flag: number): boolean {
    if (!(n >= 0)) {
      counts.wrong++;
      return true;
    }
    if (n >= marks.length) {
      const more = new Uint8Array(marks.length * 2);
      more.set(marks);
      marks = more;
    }
    const before = marks[n] as number;
    marks[n] = before | flag;
    return (before & flag) === 0;
  }

  return {
    counts,
    answered(n: number, answer: string) {
      counts.answers[answer] = (counts.answers[answer] ?? 0) + 1;
      if (answer !== "200") return;
      counts.accepted++;
      mark(n, ACCEPTED);
    },
    sent(reference: string) {
      counts.sent++;
      if (!mark(numberOf(reference), SENT)) counts.sentTwice++;
    },
    told(id: string, status: Told) {
      counts.reports++;
      const n = numberOf(id);
      const before = marks[n] ?? 0;
      if (before >= TOLD[status] * 2) counts.toldBackwards++;
      if (!mark(n, TOLD[status])) counts.toldTwice++;
    },
    webhookAnswered(answer: string) {
      counts.webhooks[answer] = (counts.webhooks[answer] ?? 0) + 1;
      if (answer === "200") counts.statuses++;
    },
    /** Of the messages accepted so far: how many were not sent, and how many were not told to have been read. */
    missing() {
      let [unsent, untold] = [0, 0];
      for (let n = 0; n < counts.offered; n++) {
        const at = marks[n] ?? 0;
        if (at & ACCEPTED && !(at & SENT)) unsent++;
        if (at & ACCEPTED && !(at & (TOLD.read | TOLD.failed))) untold++;
      }
      return { unsent, untold };
    },
  };
}
