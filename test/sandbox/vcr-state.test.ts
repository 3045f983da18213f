import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { EXPIRE_OPTION, type State } from "@vonage/vcr-sdk";
import { startVcr, type Vcr } from "../../src/sandbox/vcr/index.ts";
import { credentials, sdk } from "./helpers.ts";

let vcr: Vcr;
let state: State;
let clock = 1_000_000;
let spaces = 0;

beforeAll(async () => {
  vcr = await startVcr({ credentials, now: () => clock });
});
beforeEach(() => {
  spaces += 1;
  state = sdk(vcr.url).state(`space:${spaces}`);
});
afterAll(() => vcr.stop());

describe("State through the unmodified SDK", () => {
  it("keeps values of any JSON shape", async () => {
    expect(await state.set("k", { x: [1, "ü", null] })).toBe("OK");
    expect(await state.get("k")).toEqual({ x: [1, "ü", null] });
    expect(await state.delete("k")).toBe(1);
    expect(await state.delete("k")).toBe(0);
    expect(await state.get("k")).toBeNull();
  });

  it("counts up and down, starting from nothing", async () => {
    expect(await state.increment("n", 5)).toBe(5);
    expect(await state.decrement("n", 7)).toBe(-2);
    expect(await state.get("n")).toBe(-2);
  });

  it("keeps maps", async () => {
    expect(await state.mapSet("h", { a: "1", b: "2" })).toBe(2);
    expect(await state.mapSet("h", { b: "3", c: "4" })).toBe(1);
    expect(await state.mapGetValue("h", "b")).toBe("3");
    expect(await state.mapGetValue("h", "z")).toBeNull();
    expect(await state.mapGetAll("h")).toEqual({ a: "1", b: "3", c: "4" });
    expect(await state.mapGetMultiple("h", ["a", "z", "c"])).toEqual(["1", null, "4"]);
    expect(await state.mapGetValues("h")).toEqual(["1", "3", "4"]);
    expect(await state.mapExists("h", "a")).toBe(1);
    expect(await state.mapLength("h")).toBe(3);
    expect(await state.mapIncrement("h", "a", 4)).toBe(5);
    expect(await state.mapDelete("h", ["a", "z"])).toBe(1);
    expect(await state.mapGetAll("none")).toEqual({});
  });

  it("scans a map page by page until the cursor is 0 again", async () => {
    const fields = Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`f${n}`, String(n)]));
    await state.mapSet("h", { ...fields, other: "x" });
    const seen: string[] = [];
    let cursor = "0";
    do {
      const [next, page] = await state.mapScan("h", cursor, "f*", 10);
      seen.push(...page.filter((_, at) => at % 2 === 0));
      cursor = next;
    } while (cursor !== "0");
    expect(seen.sort()).toEqual(Object.keys(fields).sort());
  });

  it("keeps lists", async () => {
    expect(await state.listAppend("l", "b")).toBe(1);
    expect(await state.listAppend("l", { c: 1 })).toBe(2);
    expect(await state.listPrepend("l", "a")).toBe(3);
    expect(await state.listRange("l")).toEqual(["a", "b", { c: 1 }]);
    expect(await state.listRange("l", -2, -1)).toEqual(["b", { c: 1 }]);
    expect(await state.listIndex("l", -1)).toEqual({ c: 1 });
    expect(await state.listIndex("l", 9)).toBeNull();
    expect(await state.listSet("l", 1, "B")).toBe("OK");
    expect(await state.listInsert("l", true, "B", "x")).toBe(4);
    expect(await state.listInsert("l", false, "B", "x")).toBe(5);
    expect(await state.listInsert("l", true, "none", "x")).toBe(-1);
    expect(await state.listRemove("l", "x", -1)).toBe(1);
    expect(await state.listRange("l")).toEqual(["a", "x", "B", { c: 1 }]);
    expect(await state.listTrim("l", 1, 2)).toBe("OK");
    expect(await state.listLength("l")).toBe(2);
    expect(await state.listEndPop("l", 1)).toEqual(["B"]);
    expect(await state.listStartPop("l", 5)).toEqual(["x"]);
    expect(await state.listStartPop("l")).toEqual([]);
  });

  it("expires keys by its clock, and SET ends an expiry", async () => {
    await state.set("k", 1);
    await state.set("kept", 1);
    expect(await state.expire("k", 10)).toBe(1);
    expect(await state.expire("kept", 10)).toBe(1);
    expect(await state.expire("none", 10)).toBe(0);
    await state.set("kept", 2);
    clock += 9_999;
    expect(await state.get("k")).toBe(1);
    clock += 1;
    expect([await state.get("k"), await state.get("kept")]).toEqual([null, 2]);
  });

  it("keeps an expiry across increments, and starts anew after it", async () => {
    await state.increment("n", 1);
    await state.expire("n", 10);
    await state.increment("n", 1);
    clock += 10_000;
    expect(await state.increment("n", 1)).toBe(1);
  });

  it.each([
    [EXPIRE_OPTION.NX, 1, 0],
    [EXPIRE_OPTION.XX, 0, 1],
    [EXPIRE_OPTION.GT, 0, 1],
    [EXPIRE_OPTION.LT, 1, 0],
  ])("obeys %s: without an expiry %i, prolonging one %i", async (option, without, prolonging) => {
    await state.set("k", 1);
    expect(await state.expire("k", 10, option)).toBe(without);
    await state.set("k2", 1);
    await state.expire("k2", 10);
    expect(await state.expire("k2", 20, option)).toBe(prolonging);
  });

  it("separates namespaces", async () => {
    await state.set("k", "mine");
    expect(await sdk(vcr.url).state("account").get("k")).toBeNull();
    expect(vcr.state(`space:${spaces}`, "GET", "k")).toBe('"mine"');
  });

  it.each<[string, () => Promise<unknown>]>([
    ["a map operation on a value", () => state.mapSet("text", { a: "1" })],
    ["a list operation on a value", () => state.listAppend("text", 1)],
    ["reading a map as a value", () => state.get("map")],
    ["counting a text", () => state.increment("text", 1)],
    ["setting outside a list", () => state.listSet("list", 5, "x")],
    ["a map value that is no string", () => state.mapSet("map", { a: 1 as unknown as string })],
    ["full-text search", () => state.search("index", "query", undefined as never)],
  ])("refuses %s with 400", async (_name, act) => {
    await state.set("text", "words");
    await state.mapSet("map", { a: "1" });
    await state.listAppend("list", 1);
    await expect(act()).rejects.toMatchObject({ response: { status: 400 } });
  });
});
