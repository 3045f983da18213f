import { describe, expect, it } from "@jest/globals";
import { createCircuitBreaker } from "../../src/lib/circuit-breaker.ts";
import { ConnectorError } from "../../src/lib/errors.ts";
import { createClock, createRecordingLog, unavailable } from "../support/ports.ts";

function createWorld() {
  const [now, log] = [createClock(), createRecordingLog()];
  const breaker = createCircuitBreaker("the platform", now, log);
  let calls = 0;
  const outcome = (run: () => Promise<void>) =>
    breaker
      .run(() => {
        calls++;
        return run();
      })
      .then(
        () => "ok",
        (error: ConnectorError) => (error.detail["breaker"] === "open" ? "at once" : error.code),
      );
  const fails = () => outcome(() => Promise.reject(unavailable()));
  const works = () => outcome(() => Promise.resolve());
  const open = async () => {
    for (let n = 0; n < 5; n++) await fails();
  };
  return { now, log, breaker, outcome, fails, works, open, calls: () => calls };
}

describe("a neighbour that is away", () => {
  it("is asked five times, and then answered for at once", async () => {
    const { fails, works, calls } = createWorld();
    const outcomes: string[] = [];
    for (let n = 0; n < 6; n++) outcomes.push(await fails());
    outcomes.push(await works());
    expect({ outcomes, calls: calls() }).toEqual({
      outcomes: [...Array(5).fill("provider_refused"), "at once", "at once"],
      calls: 5,
    });
  });

  it("is asked by one call after a pause, and by all when that one succeeds", async () => {
    const { now, open, outcome, works, log } = createWorld();
    await open();
    now.advance(1_000);
    let answer = () => {};
    const probe = outcome(() => new Promise((resolve) => (answer = resolve)));
    expect(await works()).toBe("at once");
    answer();
    expect([await probe, await works()]).toEqual(["ok", "ok"]);
    expect(log.lines.map(({ msg }) => msg)).toEqual([
      "the platform is away: asked again after a pause",
      "the platform is back",
    ]);
  });

  it("is asked less and less often, every half minute at the least", async () => {
    const { now, open, fails, log } = createWorld();
    await open();
    for (let n = 0; n < 7; n++) {
      now.advance(30_000);
      await fails();
    }
    const pauses = log.at("error").map(({ fields }) => fields["pause_ms"]);
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  it("is not away when it refuses something for good", async () => {
    const { outcome, breaker } = createWorld();
    for (let n = 0; n < 9; n++)
      await outcome(() => Promise.reject(new ConnectorError("platform_refused", "no")));
    expect(breaker.isOpen()).toBe(false);
  });
});
