import { describe, expect, it } from "@jest/globals";
import { claimBucket } from "../../../src/core/state-keys.ts";
import { createClaims, fateOf } from "../../../src/flows/dispatch/claims.ts";
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
  return { state, log, claims: createClaims(state, log) };
}

describe("a claim", () => {
  it("has one winner among any number of replicas", async () => {
    const { state, log } = createWorld();
    const taken = await Promise.all(
      Array.from({ length: 20 }, () => createClaims(state, log).take(sendJob())),
    );
    expect(taken.filter(({ won }) => won)).toHaveLength(1);
  });

  it("is one for each attempt, message and channel", async () => {
    const { claims } = createWorld();
    const jobs = [
      sendJob(1),
      sendJob(2),
      sendJob(1, whatsappMessage({ id: "m-2" })),
      sendJob(1, whatsappMessage({ origin: "we" })),
    ];
    expect(await Promise.all(jobs.map((job) => claims.take(job)))).toEqual(jobs.map(() => ({ won: true })));
  });

  it("that is lost tells how far the message came", async () => {
    const { claims } = createWorld();
    await claims.take(sendJob());
    expect(await claims.take(sendJob())).toEqual({ won: false, phase: null });
    await claims.settle(whatsappMessage(), "released:1");
    expect(await claims.take(sendJob())).toEqual({ won: false, phase: "released:1" });
  });

  it("costs one increment, in the bucket of the time of acceptance", async () => {
    const { claims, state } = createWorld();
    await claims.take(sendJob(3));
    expect(state.hash(claimBucket(T0))).toEqual({ "mw:m-1#3": expect.stringMatching(/^\d+$/) });
  });

  it.each(["increment", "read"] as const)("cannot be had while State is down: %s", async (operation) => {
    const { claims, state } = createWorld();
    const job = sendJob(1, whatsappMessage({ acceptedAt: T0 + HOUR }));
    state.down.add(operation);
    await expect(claims.take(job)).rejects.toMatchObject({ retryable: true });
    state.isDown(false);
    expect(await claims.take(job)).toEqual({ won: true });
  });

  describe("whose answer got lost", () => {
    async function loseAnswer() {
      const world = createWorld();
      const { increment } = world.state;
      world.state.increment = async (...args) => {
        await increment(...args);
        throw unavailable();
      };
      const error = await world.claims.take(sendJob()).catch((thrown) => thrown);
      world.state.increment = increment;
      return { claims: world.claims, job: { ...sendJob(), unanswered: [error.detail.token] } };
    }

    it("and that another claim came after is nobody's, as the trace of that one proves", async () => {
      const { claims, job } = await loseAnswer();
      expect(await claims.isUnsent(job)).toBe(false);
      expect(await claims.take(sendJob())).toEqual({ won: false, phase: null });
      expect(await claims.take(job)).toEqual({ won: false, phase: null });
      expect([await claims.isUnsent(job), await claims.isUnsent(sendJob())]).toEqual([true, false]);
    });

    it("and that came after another's proves nothing", async () => {
      const { claims, state } = createWorld();
      await claims.take(sendJob());
      const { increment } = state;
      state.increment = async (...args) => {
        await increment(...args);
        throw unavailable();
      };
      const error = await claims.take(sendJob()).catch((thrown) => thrown);
      state.increment = increment;
      const job = { ...sendJob(), unanswered: [error.detail.token] };
      await claims.take(sendJob());
      await claims.take(job);
      expect(await claims.isUnsent(job)).toBe(false);
    });

    it("is owned by the job that remembers it, once", async () => {
      const { claims, job } = await loseAnswer();
      expect(await claims.take(job)).toEqual({ won: true });
      expect(await claims.take(job)).toEqual({ won: false, phase: null });
    });

    it("is lost to the job that does not", async () => {
      const { claims } = await loseAnswer();
      expect(await claims.take(sendJob())).toEqual({ won: false, phase: null });
    });

    it("is lost when somebody else has it as well", async () => {
      const { claims, job } = await loseAnswer();
      await claims.take(sendJob());
      expect(await claims.take(job)).toEqual({ won: false, phase: null });
    });
  });

  it("that cannot be marked leaves one line", async () => {
    const { claims, state, log } = createWorld();
    state.down.add("write");
    claims.mark(whatsappMessage(), "sent");
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
    ["doubt:1", "open"],
    ["doubt:2", "open"],
    ["released:2", "released"],
    ["released:3", "over"],
    ["doubt:10", "over"],
    ["sent", "over"],
    ["refused", "over"],
  ])("with phase %s is %s", (phase, fate) => {
    expect(fateOf(2, phase)).toBe(fate);
  });
});
