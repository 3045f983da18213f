import { describe, expect, it } from "@jest/globals";
import { suppressionBucket } from "../../../src/core/state-keys.ts";
import { createOptOuts, type OptOutRequest } from "../../../src/flows/inbound/opt-outs.ts";
import { createSuppression } from "../../../src/flows/inbound/suppression.ts";
import { createClock, createMemoryState, T0 } from "../../support/ports.ts";

const [ANA, BEN] = ["447700900123", "447700900124"];
const AT = new Date(T0).toISOString();

async function setUp() {
  const state = createMemoryState();
  const now = createClock();
  const suppression = createSuppression(state, now);
  await suppression.record("sms", [ANA], "out", T0);
  const words = () => state.hash(suppressionBucket("sms"));
  return { optOuts: createOptOuts(suppression, state, now), suppression, state, words, now };
}

describe("an operator's look and word", () => {
  it.each<[string, OptOutRequest, object]>([
    [
      "who has opted out",
      { action: "check", channel: "sms", number: `+${ANA}` },
      { number: "…0123", optedOut: true, since: AT, changed: false },
    ],
    [
      "who never said a thing",
      { action: "check", channel: "sms", number: BEN },
      { number: "…0124", optedOut: false, since: null, changed: false },
    ],
    [
      "another channel",
      { action: "check", channel: "whatsapp", number: ANA },
      { channel: "whatsapp", number: "…0123", optedOut: false, since: null, changed: false },
    ],
    [
      "an opt-out",
      { action: "add", channel: "sms", number: BEN },
      { number: "…0124", optedOut: true, since: AT, changed: true },
    ],
    [
      "an opt-out that is there",
      { action: "add", channel: "sms", number: ANA },
      { number: "…0123", optedOut: true, since: AT, changed: false },
    ],
    [
      "the end of one",
      { action: "remove", channel: "sms", number: `00${ANA}` },
      { number: "…0123", optedOut: false, since: expect.any(String), changed: true },
    ],
  ])("%s", async (_name, request, expected) => {
    const { optOuts, suppression } = await setUp();
    expect(await optOuts.act(request)).toEqual({ channel: "sms", ...expected });
    const { optedOut } = expected as { optedOut: boolean };
    expect(await suppression.isSuppressed(request.channel, request.number.replace(/^(\+|00)/, ""))).toBe(
      optedOut,
    );
  });

  it("is refused in words for what is no number", async () => {
    const { optOuts } = await setUp();
    await expect(optOuts.act({ action: "add", channel: "sms", number: "Ben" })).rejects.toThrow(
      /not a phone number/,
    );
  });

  it("counts who has opted out, by channel", async () => {
    const { optOuts } = await setUp();
    await optOuts.act({ action: "add", channel: "whatsapp", number: ANA });
    await optOuts.act({ action: "add", channel: "whatsapp", number: BEN });
    await optOuts.act({ action: "remove", channel: "whatsapp", number: BEN });
    expect(await optOuts.totals()).toEqual({ whatsapp: 1, sms: 1 });
  });

  it("counts once for all who look within a minute, and anew after a change or a failure", async () => {
    const { optOuts, state, now, suppression } = await setUp();
    let scans = 0;
    const { scan } = state;
    state.scan = (bucket) => {
      scans++;
      return scan(bucket);
    };
    const look = async () => {
      scans = 0;
      const { sms } = await optOuts.totals();
      return [sms, scans / 2];
    };
    await Promise.all([optOuts.totals(), optOuts.totals()]);
    expect(scans / 2).toBe(1);
    await suppression.record("sms", [BEN], "out", T0);
    now.advance(59_000);
    expect(await look()).toEqual([1, 0]);
    now.advance(1_000);
    expect(await look()).toEqual([2, 1]);
    await optOuts.act({ action: "remove", channel: "sms", number: BEN });
    expect(await look()).toEqual([1, 1]);
    now.advance(60_000);
    state.isDown(true);
    await expect(optOuts.totals()).rejects.toThrow();
    state.isDown(false);
    expect(await look()).toEqual([1, 1]);
  });
});

describe("an import", () => {
  it("opts a list out, names bad lines, and changes nothing in a dry run", async () => {
    const { optOuts, words } = await setUp();
    const csv = `phone,name\n${ANA},Ana\n${BEN};Ben\nnobody\n`;
    const faults = [expect.stringMatching(/^line 4: .*not a phone number/)];
    const before = words();
    expect(await optOuts.importCsv({ csv: csv, channel: "sms", action: "add", dryRun: true })).toEqual({
      changed: 1,
      same: 1,
      faults,
      dryRun: true,
    });
    expect(words()).toEqual(before);
    expect(await optOuts.importCsv({ csv: csv, channel: "sms", action: "add", dryRun: false })).toEqual({
      changed: 1,
      same: 1,
      faults,
      dryRun: false,
    });
    expect(words()).toEqual({ ...before, [`stop ${BEN}`]: String(T0) });
  });

  it("brings back what an export kept, of one channel where one is named", async () => {
    const { optOuts, suppression } = await setUp();
    const csv = `channel,number,stop,start\nsms,${BEN},2026-01-01T00:00:00Z,\nwhatsapp,${BEN},2026-01-01T00:00:00Z,\n`;
    expect(await optOuts.importCsv({ csv: csv, channel: "whatsapp", action: "add", dryRun: false })).toEqual({
      changed: 1,
      same: 0,
      faults: [],
      dryRun: false,
    });
    expect(await suppression.isSuppressed("sms", BEN)).toBe(false);
    expect(await optOuts.importCsv({ csv: csv, channel: undefined, action: "add", dryRun: false })).toEqual({
      changed: 1,
      same: 1,
      faults: [],
      dryRun: false,
    });
    expect(await suppression.isSuppressed("sms", BEN)).toBe(true);
  });

  it("removes the opt-outs of a list, and of no export", async () => {
    const { optOuts, suppression } = await setUp();
    const request = { csv: `${ANA}\n${BEN}`, channel: "sms", action: "remove", dryRun: false } as const;
    expect(await optOuts.importCsv(request)).toEqual({ changed: 1, same: 1, faults: [], dryRun: false });
    expect(await suppression.isSuppressed("sms", ANA)).toBe(false);
    const kept = { ...request, csv: "channel,number,stop,start\n" };
    await expect(optOuts.importCsv(kept)).rejects.toThrow(/can only be brought back/);
  });

  it("of a list without a channel is refused in words", async () => {
    const { optOuts } = await setUp();
    await expect(
      optOuts.importCsv({ csv: ANA, channel: undefined, action: "add", dryRun: false }),
    ).rejects.toThrow(/say with channel/);
  });

  it("of a list that State leaves midway says how far it came, and is counted anew", async () => {
    const { optOuts, state } = await setUp();
    expect((await optOuts.totals()).sms).toBe(1);
    const csv = [ANA, ...Array.from({ length: 1_200 }, (_, n) => `9990000${String(n).padStart(5, "0")}`)];
    const told: object[] = [];
    const work = optOuts.importCsv(
      { csv: csv.join("\n"), channel: "sms", action: "add", dryRun: false },
      (soFar) => {
        told.push(soFar);
        state.isDown(told.length === 1);
      },
    );
    await expect(work).rejects.toMatchObject({ code: "provider_refused" });
    expect(told).toEqual([
      { changed: 499, same: 1, left: 701 },
      { changed: 499, same: 1, left: 701 },
    ]);
    expect((await optOuts.totals()).sms).toBe(500);
  });

  it("takes more people than one call can hold", async () => {
    const { optOuts } = await setUp();
    const csv = Array.from({ length: 1_200 }, (_, n) => `9990000${String(n).padStart(5, "0")}`).join("\n");
    expect(await optOuts.importCsv({ csv: csv, channel: "sms", action: "add", dryRun: false })).toMatchObject(
      { changed: 1_200, same: 0 },
    );
    expect((await optOuts.totals()).sms).toBe(1_201);
  });
});
