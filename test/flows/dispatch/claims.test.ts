import { describe, expect, it } from "@jest/globals";
import { type Claim, createClaims } from "../../../src/flows/dispatch/claims.ts";
import { fateOf, formatPhase, parsePhase } from "../../../src/flows/dispatch/phase.ts";
import {
  createMemoryState,
  createRecordingLog,
  HOUR,
  T0,
  unavailable,
  until,
  whatsappMessage,
} from "../../support/ports.ts";
import { sendJob } from "./world.ts";

function createWorld() {
  const [state, log] = [createMemoryState(), createRecordingLog()];
  return { state, log, claims: createClaims(state, { random: Math.random, now: () => T0 }, log) };
}

/** An edge between two half days. */
const NOON = T0 + HOUR / 2;

const tokensOf = (claim: Claim) =>
  claim.outcome === "unanswered" && claim.token !== undefined ? [claim.token] : [];

describe("a claim", () => {
  it("has one winner among any number of replicas", async () => {
    const { state, log } = createWorld();
    const taken = await Promise.all(
      Array.from({ length: 20 }, () =>
        createClaims(state, { random: Math.random, now: () => T0 }, log).claim(sendJob()),
      ),
    );
    expect(taken.filter(({ outcome }) => outcome === "won")).toHaveLength(1);
  });

  it("is one for each attempt, message and channel", async () => {
    const { claims } = createWorld();
    const jobs = [
      sendJob(1),
      sendJob(2),
      sendJob(1, whatsappMessage({ id: "m-2" })),
      sendJob(1, whatsappMessage({ origin: "we" })),
    ];
    expect(await Promise.all(jobs.map((job) => claims.claim(job)))).toEqual(
      jobs.map(() => ({ outcome: "won" })),
    );
  });

  it("that is lost tells how far the message came", async () => {
    const { claims } = createWorld();
    await claims.claim(sendJob());
    expect(await claims.claim(sendJob())).toEqual({ outcome: "lost" });
    await claims.settle(whatsappMessage(), { is: "released", attempt: 1 });
    expect(await claims.claim(sendJob())).toEqual({
      outcome: "lost",
      phase: { is: "released", attempt: 1 },
    });
  });

  it.each([
    ["in the half day of its acceptance", -1, ["claims:40936"]],
    ["in the half day before and then in its own, at an edge", 0, ["claims:40936", "claims:40937"]],
    ["in both until two hours after it", 2 * HOUR - 1, ["claims:40936", "claims:40937"]],
    ["in its own alone from then on", 2 * HOUR, ["claims:40937"]],
  ])("is one increment %s", async (_, fromNoon, buckets) => {
    const { claims, state } = createWorld();
    const { increment } = state;
    const asked: string[] = [];
    state.increment = (bucket, field, by) => {
      asked.push(`${bucket.key} ${field} ${bucket.ttl}`);
      return increment(bucket, field, by);
    };
    await claims.claim(sendJob(3, whatsappMessage({ acceptedAt: NOON + fromNoon })));
    expect(asked).toEqual(buckets.map((bucket) => `${bucket} mw:m-1#3 ${60 * 3_600}`));
  });

  it("cannot be had while State is down", async () => {
    const { claims, state } = createWorld();
    const job = sendJob();
    state.down.add("increment");
    expect(await claims.claim(job)).toMatchObject({ outcome: "unanswered", error: { retryable: true } });
    state.isDown(false);
    expect(await claims.claim(job)).toEqual({ outcome: "won" });
  });

  describe("whose answer got lost", () => {
    async function loseAnswer() {
      const world = createWorld();
      const { increment } = world.state;
      world.state.increment = async (...args) => {
        await increment(...args);
        throw unavailable();
      };
      const claim = await world.claims.claim(sendJob());
      world.state.increment = increment;
      return { ...world, job: { ...sendJob(), unanswered: tokensOf(claim) } };
    }

    it("and that another claim came after is nobody's, as the trace of that one proves", async () => {
      const { claims, job } = await loseAnswer();
      expect(await claims.isUnsent(job)).toBe(false);
      expect(await claims.claim(sendJob())).toEqual({ outcome: "lost" });
      expect(await claims.claim(job)).toEqual({ outcome: "lost" });
      expect([await claims.isUnsent(job), await claims.isUnsent(sendJob())]).toEqual([true, false]);
    });

    it("and that many came after leaves one trace, which still proves it", async () => {
      const { claims, job, state } = await loseAnswer();
      const { write } = state;
      const written: string[] = [];
      state.write = (bucket, field, text) => {
        written.push(text);
        return write(bucket, field, text);
      };
      for (let copies = 0; copies < 20; copies++) await claims.claim(sendJob());
      expect(written).toEqual(["lost"]);
      expect(await claims.isUnsent(job)).toBe(true);
    });

    it("is proven by the one that came right after, also where a later one has left its trace first", async () => {
      const { claims, job, state } = await loseAnswer();
      const { read } = state;
      let goOn = () => {};
      const held = new Promise<void>((resolve) => (goOn = resolve));
      state.read = async (...args) => {
        state.read = read;
        await held;
        return read(...args);
      };
      const next = claims.claim(sendJob());
      await until(() => state.read === read);
      await claims.claim(sendJob());
      goOn();
      await next;
      expect(await claims.isUnsent(job)).toBe(true);
    });

    it("and that came after another's proves nothing", async () => {
      const { claims, state } = createWorld();
      await claims.claim(sendJob());
      const { increment } = state;
      state.increment = async (...args) => {
        await increment(...args);
        throw unavailable();
      };
      const claim = await claims.claim(sendJob());
      state.increment = increment;
      const job = { ...sendJob(), unanswered: tokensOf(claim) };
      await claims.claim(sendJob());
      await claims.claim(job);
      expect(await claims.isUnsent(job)).toBe(false);
    });

    it("is owned by the job that remembers it, once", async () => {
      const { claims, job } = await loseAnswer();
      expect(await claims.claim(job)).toEqual({ outcome: "won" });
      expect(await claims.claim(job)).toEqual({ outcome: "lost" });
    });

    it("is lost to the job that does not", async () => {
      const { claims } = await loseAnswer();
      expect(await claims.claim(sendJob())).toEqual({ outcome: "lost" });
    });

    it("is lost when somebody else has it as well", async () => {
      const { claims, job } = await loseAnswer();
      await claims.claim(sendJob());
      expect(await claims.claim(job)).toEqual({ outcome: "lost" });
    });
  });

  describe("in two half days", () => {
    const shortlyAfter = whatsappMessage({ acceptedAt: NOON + HOUR });
    const later = whatsappMessage({ acceptedAt: NOON + 2.5 * HOUR });

    it("is lost to a copy accepted before the edge, whose phase it reads", async () => {
      const { claims } = createWorld();
      await claims.claim(sendJob());
      await claims.settle(whatsappMessage(), { is: "refused" });
      const lost = { outcome: "lost", phase: { is: "refused" } };
      expect(await claims.claim(sendJob(1, shortlyAfter))).toEqual(lost);
    });

    it("is lost to a copy accepted later, whose phase it reads", async () => {
      const { claims } = createWorld();
      await claims.claim(sendJob(1, later));
      await claims.settle(later, { is: "refused" });
      const lost = { outcome: "lost", phase: { is: "refused" } };
      expect(await claims.claim(sendJob(1, shortlyAfter))).toEqual(lost);
      expect(await claims.fate({ message: shortlyAfter, attempt: 1 })).toBe("over");
    });

    it("leaves its phase in both", async () => {
      const { claims } = createWorld();
      await claims.claim(sendJob(1, shortlyAfter));
      await claims.settle(shortlyAfter, { is: "sent" });
      const copies = [whatsappMessage(), later];
      expect(await Promise.all(copies.map((copy) => claims.claim(sendJob(1, copy))))).toEqual(
        copies.map(() => ({ outcome: "lost", phase: { is: "sent" } })),
      );
    });

    it.each([1, 2])("is owned by the job that remembers it when answer %i got lost", async (lost) => {
      const { claims, state } = createWorld();
      const { increment } = state;
      let asked = 0;
      state.increment = async (...args) => {
        const sum = await increment(...args);
        asked++;
        if (asked === lost) throw unavailable();
        return sum;
      };
      const claim = await claims.claim(sendJob(1, shortlyAfter));
      const job = { ...sendJob(1, shortlyAfter), unanswered: tokensOf(claim) };
      expect([await claims.claim(job), await claims.claim(job)]).toEqual([
        { outcome: "won" },
        { outcome: "lost" },
      ]);
    });

    it("and that is nobody's is closed to copies accepted later, however often it is asked", async () => {
      const { claims, state } = createWorld();
      const { increment } = state;
      state.increment = async (...args) => {
        await increment(...args);
        throw unavailable();
      };
      const claim = await claims.claim(sendJob(1, shortlyAfter));
      state.increment = increment;
      const job = { ...sendJob(1, shortlyAfter), unanswered: tokensOf(claim) };
      await claims.claim(sendJob(1, shortlyAfter));
      expect([await claims.isUnsent(job), await claims.isUnsent(job)]).toEqual([true, true]);
      expect(await claims.claim(sendJob(1, later))).toEqual({ outcome: "lost" });
    });

    it("and that only a copy accepted later can have, is not known to be nobody's", async () => {
      const { claims, state } = createWorld();
      const { increment } = state;
      state.increment = async (...args) => {
        await increment(...args);
        throw unavailable();
      };
      const claim = await claims.claim(sendJob(1, shortlyAfter));
      state.increment = increment;
      const job = { ...sendJob(1, shortlyAfter), unanswered: tokensOf(claim) };
      await claims.claim(sendJob(1, shortlyAfter));
      expect(await claims.claim(sendJob(1, later))).toEqual({ outcome: "won" });
      expect(await claims.isUnsent(job)).toBe(false);
    });
  });

  it("that cannot be marked leaves one line", async () => {
    const { claims, state, log } = createWorld();
    state.down.add("write");
    void claims.mark(whatsappMessage(), { is: "sent" });
    await until(() => log.lines.length > 0);
    expect(log.lines).toMatchObject([
      { level: "warn", msg: "Phase not remembered", fields: { msg_id: "m-1", phase: "sent" } },
    ]);
  });
});

describe("the fate of attempt 2", () => {
  it.each([
    [null, "open"],
    ["released:1", "open"],
    ["unknown:1", "open"],
    ["unknown:2", "open"],
    ["released:2", "released"],
    ["released:3", "over"],
    ["unknown:10", "over"],
    ["sent", "over"],
    ["refused", "over"],
  ])("with phase %s is %s", (phase, fate) => {
    expect(fateOf(2, parsePhase(phase))).toBe(fate);
  });
});

describe("a phase", () => {
  it.each(["sent", "refused", "released:1", "unknown:12"])("is read as it was written: %s", (text) => {
    expect(formatPhase(parsePhase(text)!)).toBe(text);
  });

  it.each([null, "", "sent:1", "released", "unknown:", "unknown:x", "arrived", "constructor"])(
    "is none: %j",
    (text) => {
      expect(parsePhase(text)).toBeUndefined();
    },
  );
});
