import { describe, expect, it } from "@jest/globals";
import { createAdmission, type Line } from "../../src/http/admission.ts";

const [ROUND_MS, WORK_MS] = [10, 1];

/** An event loop whose rounds a test goes through: work takes as long as it says. */
function createSite() {
  let at = 0;
  let due: (() => void)[] = [];
  const log: string[] = [];
  const admission = createAdmission({
    monotonic: () => at,
    setImmediate: (work) => void due.push(work),
  });
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    admission,
    log,
    due: () => due.length,
    /** A request whose work occupies the processor for so long. */
    come(line: Line, name: string, ms = WORK_MS) {
      admission
        .inTurn(line, async () => {
          at += ms;
          log.push(name);
        })
        .catch((error: { code: string; httpStatus: number }) =>
          log.push(`${name} ${error.code} ${error.httpStatus}`),
        );
    },
    /** Other work of this round, and then its end. */
    async round(ms = ROUND_MS) {
      at += ms;
      const now = due;
      due = [];
      for (const work of now) work();
      await settle();
    },
    settle,
  };
}

const many = (count: number, name: string) => Array.from({ length: count }, (_, n) => `${name}${n}`);

it("lets whoever comes alone do its work at once", async () => {
  const { come, round, log, due } = createSite();
  come("send", "a");
  expect(log).toEqual(["a"]);
  await round();
  expect(due()).toBe(0);
  come("webhook", "b");
  come("job", "c");
  expect(log).toEqual(["a", "b", "c"]);
});

it("hands on what the work comes to", async () => {
  const { admission } = createSite();
  await expect(admission.inTurn("send", async () => 7)).resolves.toBe(7);
  await expect(admission.inTurn("job", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
});

it("begins a slice of work a round, in the order of arrival", async () => {
  const { come, round, log } = createSite();
  for (const name of many(8, "s")) come("send", name);
  expect(log).toEqual(many(3, "s"));
  await round();
  expect(log).toEqual(many(6, "s"));
  await round();
  expect(log).toEqual(many(8, "s"));
});

it("does what was promised beside a burst of sends, and before it once it is none any more", async () => {
  const { come, round, log } = createSite();
  const offer = (n: number) => {
    for (const name of many(4, `s${n}.`)) come("send", name);
    for (const name of many(4, `w${n}.`)) come(n % 2 ? "webhook" : "job", name);
  };
  const served = (kind: string) => log.filter((name) => name.startsWith(kind) && !name.includes(" ")).length;
  for (let n = 0; n < 30; n++) {
    offer(n);
    await round();
  }
  const [sends, promised] = [served("s"), served("w")];
  expect(Math.abs(sends - promised)).toBeLessThan(8);
  for (let n = 30; n < 80; n++) {
    offer(n);
    await round();
  }
  const burstIsOver = [served("s"), served("w")];
  for (let n = 80; n < 100; n++) {
    offer(n);
    await round();
  }
  expect(served("s")).toBe(burstIsOver[0]);
  expect(served("w")).toBe((burstIsOver[1] as number) + 60);
});

describe("somebody who would wait for too long", () => {
  it("is refused at once with 503, or when it has waited, and nobody else is", async () => {
    const { come, round, log } = createSite();
    for (let n = 0; n < 400; n++) {
      for (const name of many(n === 0 ? 20 : 3, `w${n}.`)) come("webhook", name);
      come("send", `s${n}`);
      await round(1);
    }
    expect(log.filter((line) => line.startsWith("w") && line.includes("overloaded"))).toEqual([]);
    const refused = log.filter((line) => line.startsWith("s") && line.endsWith(" overloaded 503"));
    expect(refused.length).toBeGreaterThan(0);
  });

  it("hears of it before a body is read", async () => {
    const { admission, come, round } = createSite();
    for (const name of many(300, "w")) come("webhook", name);
    for (const name of many(300, "s")) come("send", name);
    await round(300);
    expect(() => admission.demandRoom("send")).toThrow("more to do");
    admission.demandRoom("job");
  });

  it("is judged by the length of the rounds as well", async () => {
    const { come, round, log } = createSite();
    for (let n = 0; n < 3; n++) {
      for (const name of many(12, `s${n}.`)) come("send", name);
      await round(300);
    }
    expect(log.filter((line) => line.includes("overloaded")).length).toBeGreaterThan(0);
  });

  it("may be a webhook, which Vonage sends again, and never a job, which the queue would give up", async () => {
    const { come, round, log } = createSite();
    for (let n = 0; n < 20; n++) {
      for (const name of many(10, `w${n}.`)) come("webhook", name);
      for (const name of many(10, `j${n}.`)) come("job", name);
      await round(500);
    }
    expect(log.filter((line) => line.startsWith("w") && line.includes("overloaded")).length).toBeGreaterThan(
      0,
    );
    for (let n = 0; n < 100; n++) await round(1);
    expect(log.filter((line) => line.startsWith("j") && line.includes("overloaded"))).toEqual([]);
    expect(log.filter((line) => line.startsWith("j"))).toHaveLength(200);
  });
});

it("forgets an overload as soon as nobody waits", async () => {
  const { admission, come, round, log } = createSite();
  for (let n = 0; n < 200; n++) {
    for (const name of many(10, `s${n}.`)) come("send", name);
    await round(10);
  }
  for (let n = 0; n < 400; n++) await round(1);
  const before = log.length;
  admission.demandRoom("send");
  come("send", "after");
  expect(log.slice(before)).toEqual(["after"]);
});

it("keeps rounds short while connections come, since Node takes one a round", async () => {
  const { admission, come, round, log } = createSite();
  for (const name of many(60, "s")) come("send", name, 0.1);
  const begun = log.length;
  expect(begun).toBeLessThan(40);
  for (let n = 0; n < 7; n++) {
    admission.connected();
    await round(50);
    expect(log.length).toBe(begun);
  }
  admission.connected();
  await round(50);
  for (let n = 0; n < 3; n++) {
    const before = log.length;
    admission.connected();
    await round(0);
    expect(log.length - before).toBe(3);
  }
  await round(0);
  expect(log).toEqual(many(60, "s"));
});

it("does the work of whoever connects after a rest", async () => {
  const { admission, come, log } = createSite();
  admission.connected();
  come("send", "a");
  expect(log).toEqual(["a"]);
});

it("takes 1,500 sends at once, and answers the first of its callbacks meanwhile", async () => {
  const { come, round, log } = createSite();
  for (const name of many(1_500, "s")) come("send", name, 0.2);
  for (let n = 0; n < 100; n++) {
    come("job", `j${n}`, 0.2);
    await round(1);
  }
  expect(log.filter((line) => line.startsWith("s"))).toEqual(many(1_500, "s"));
  expect(log.filter((line) => line.startsWith("j"))).toHaveLength(100);
});
