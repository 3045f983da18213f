import { describe, expect, it } from "@jest/globals";
import type { SendJob } from "../../../src/core/job.ts";
import type { SendResult } from "../../../src/core/ports.ts";
import { createSendGate } from "../../../src/flows/dispatch/send-gate.ts";
import { createClock, createRecordingLog, failedSend, T0 } from "../../support/ports.ts";

function createWorld(rate = 100) {
  const [now, log] = [createClock(), createRecordingLog()];
  const gate = createSendGate(rate, now, log);
  let ids = 0;
  const job = (from = "14155550100", refusals?: SendJob["refusals"]) => ({
    message: { id: `m-${++ids}`, from },
    refusals,
  });
  return {
    ...{ now, log, gate, job },
    /** One more message, if it may go; its result at once, or the function that tells it. */
    send(result: SendResult, next = job()) {
      if (gate.reserve(next, 0) === undefined) return false;
      gate.begin(next)(result);
      return true;
    },
    /** Messages that get no answer until told; resolves to those that left, in `ms` of offering ten a tenth of a second. */
    offer(ms: number) {
      const left: ((result: SendResult) => void)[] = [];
      for (let passed = 0; passed < ms; passed += 10) {
        const next = job();
        if (gate.reserve(next, 0) !== undefined) left.push(gate.begin(next));
        now.advance(10);
      }
      return left;
    },
  };
}

const accepted: SendResult = { outcome: "accepted", vendorId: "uuid" };
const refusedFor = (concerns: "account" | "sender") =>
  failedSend("account", { concerns, code: "403", description: "Forbidden" });

describe("refusals for want of a right", () => {
  it("of one message stop nobody else, however often", () => {
    const { send, job, now } = createWorld();
    const bad = job();
    const taken = [send(refusedFor("sender"), bad)];
    for (let n = 0; n < 20; n++) {
      now.advance(10);
      taken.push(send(accepted));
    }
    now.advance(35_000);
    taken.push(send(refusedFor("sender"), { ...bad, refusals: { times: 1, at: T0 } }));
    for (let n = 0; n < 5; n++) taken.push(send(accepted));
    expect(taken).not.toContain(false);
  });

  it("keep the message itself back for longer than the time between probes", () => {
    const { gate, job, now } = createWorld();
    const again = job("14155550100", { times: 1, at: T0 });
    now.advance(34_999);
    expect(gate.reserve(again, 10_000)).toBeUndefined();
    now.advance(1);
    expect(gate.reserve(again, 10_000)).toBe(0);
  });

  it("of several messages in a row pause that sender, and no other", () => {
    const { send, job, now, log } = createWorld();
    const from = (sender: string) => [refusedFor("sender"), job(sender)] as const;
    const tries = Array.from({ length: 4 }, () => send(...from("111")));
    tries.push(send(accepted, job("222")));
    now.advance(30_000);
    tries.push(send(...from("111")), send(accepted, job("111")), send(accepted, job("222")));
    expect(tries).toEqual([true, true, true, false, true, true, false, true]);
    expect(log.at("error").map(({ msg }) => msg)).toEqual([
      "Sending is paused for one sender, nothing is lost: Vonage does not let this account use it. Check that the number or sender name is linked to the application and allowed to send",
    ]);
  });

  it("of the account pause all of them, with one probe every 30 s until one succeeds", () => {
    const { send, job, now } = createWorld();
    const tries = Array.from({ length: 4 }, (_, n) => send(refusedFor("account"), job(`sender-${n}`)));
    now.advance(30_000);
    tries.push(send(refusedFor("account")), send(accepted));
    now.advance(30_000);
    tries.push(send(accepted), send(accepted));
    expect(tries).toEqual([true, true, true, false, true, false, true, true]);
  });

  it("know whether others passed in between", () => {
    const { gate, send, job, now } = createWorld();
    const { message } = job("111");
    const before = gate.othersPassedSince(T0, message, "sender");
    now.advance(1);
    send(accepted, job("222"));
    const passed = [
      gate.othersPassedSince(T0, message, "sender"),
      gate.othersPassedSince(T0, message, "account"),
    ];
    send(accepted, job("111"));
    expect([before, ...passed, gate.othersPassedSince(T0, message, "sender")]).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  it("do not hold the probe of a message that did not go: the next one is it", () => {
    const { gate, send, job, now } = createWorld();
    for (let n = 0; n < 3; n++) send(refusedFor("account"));
    now.advance(30_000);
    const [one, two, three] = [job(), job(), job()];
    const slots = [gate.reserve(one, 0), gate.reserve(two, 0)];
    gate.giveBack(one.message);
    slots.push(gate.reserve(two, 0), gate.reserve(three, 0));
    expect(slots).toEqual([0, undefined, 0, undefined]);
  });

  it("stop those who had reserved a slot before, but not the probe", () => {
    const { gate, send, job, now } = createWorld();
    const [waiting, probe] = [job(), job()];
    gate.reserve(waiting, 10_000);
    for (let n = 0; n < 3; n++) send(refusedFor("account"));
    const isClosed = [gate.isClosed(waiting.message)];
    now.advance(30_000);
    gate.reserve(probe, 0);
    isClosed.push(gate.isClosed(waiting.message), gate.isClosed(probe.message));
    expect(isClosed).toEqual([true, true, false]);
  });
});

describe("answers that do not come", () => {
  it("cost the messages of half a second, and then one every three seconds", () => {
    const { offer } = createWorld(30);
    const [first, then] = [offer(510), offer(9_000)];
    expect([first.length, then.length]).toEqual([19, 3]);
  });

  it("cost a handful where few are sent, and one every three seconds", () => {
    const { gate, job, now } = createWorld();
    let left = 0;
    for (let second = 0; second < 14; second++) {
      const next = job();
      if (gate.reserve(next, 0) !== undefined) {
        gate.begin(next);
        left++;
      }
      now.advance(1_000);
    }
    expect(left).toBe(8);
  });

  it("let all go on when one comes", () => {
    const { offer, gate, job } = createWorld(30);
    const [first] = offer(5_000);
    expect(gate.reserve(job(), 10_000)).toBeUndefined();
    first?.(accepted);
    expect(gate.reserve(job(), 10_000)).toBeDefined();
  });

  it.each([200, 1_000, 1_500])("are not those of a Vonage that takes %i ms at 300 a second", (latency) => {
    const { gate, job, now } = createWorld(300);
    const answers: { at: number; end(result: SendResult): void }[] = [];
    let sent = 0;
    for (let ms = 0; ms < 20_000; ms += 5) {
      while (answers[0] && answers[0].at <= now()) answers.shift()?.end(accepted);
      for (let next = job(); gate.reserve(next, 0) !== undefined; next = job()) {
        answers.push({ at: now() + latency, end: gate.begin(next) });
        sent++;
      }
      now.advance(5);
    }
    expect(sent).toBeGreaterThan(300 * (20 - 2 * Math.max(0, latency / 1_000 - 0.5)) - 50);
  });

  it("are noticed at the fifth in a row, and then probed at a growing distance, one at a time", () => {
    const { send, gate, job, now, log } = createWorld();
    const lost = Array.from({ length: 6 }, () => send(failedSend("unknown")));
    const probes: number[] = [];
    for (let second = 0; second < 200; second++) {
      now.advance(1_000);
      if (send(failedSend("unknown"))) probes.push(second + 1);
    }
    expect({ lost, probes }).toEqual({
      lost: [true, true, true, true, true, false],
      probes: [5, 10, 20, 40, 80, 140, 200],
    });
    now.advance(60_000);
    const probe = job();
    gate.reserve(probe, 0);
    gate.begin(probe);
    now.advance(60_000);
    expect(gate.reserve(job(), 0)).toBeUndefined();
    expect(log.at("error").map(({ msg }) => msg)).toEqual([
      "Sending is paused: Vonage cannot be reached, fails or does not answer. One message is tried now and then",
    ]);
  });

  it("pause sending as well where nothing leaves, or Vonage fails", () => {
    const { send, now } = createWorld();
    const failed = Array.from({ length: 6 }, () => send(failedSend("transient")));
    now.advance(5_000);
    expect([...failed, send(accepted), send(accepted)]).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
      true,
      true,
    ]);
  });

  it("are no outage while others come in between, or came since they were sent", () => {
    const { send, gate, job, now } = createWorld();
    for (let n = 0; n < 20; n++) send(n % 4 === 3 ? accepted : failedSend("unknown"));
    now.advance(1_000);
    const old = Array.from({ length: 9 }, () => gate.begin(job()));
    now.advance(1);
    send(accepted);
    for (const end of old) end(failedSend("unknown"));
    expect(send(accepted)).toBe(true);
  });

  it("that are answers after all end the pause, a refusal to go so fast too", () => {
    const { send, now } = createWorld();
    for (let n = 0; n < 5; n++) send(failedSend("unknown"));
    now.advance(5_000);
    expect([send(failedSend("throttled")), send(accepted)]).toEqual([true, true]);
  });
});
