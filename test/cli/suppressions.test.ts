import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { suppressions } from "../../src/cli/suppression-commands.ts";
import { createCredentials, credentialsEnv } from "../../src/sandbox/credentials.ts";
import { startVcr, type Vcr } from "../../src/sandbox/vcr/index.ts";

const credentials = createCredentials();
const [ANA, BEN] = ["447700900123", "447700900124"];
const USER = "US.13491208655302741918";
let vcr: Vcr;
let folder: string;

beforeAll(async () => {
  vcr = await startVcr({ credentials });
  folder = await mkdtemp(join(tmpdir(), "suppressions-"));
});
afterAll(() => Promise.all([vcr.stop(), rm(folder, { recursive: true })]));
const MONTH = `people:whatsapp:${Math.floor(Date.now() / (30 * 86_400_000))}`;
beforeEach(() => {
  for (const key of ["suppressed:whatsapp", "suppressed:sms", MONTH]) vcr.state("account", "DEL", key);
});

/** Only what reaching VCR needs, and a variable the connector itself would refuse. */
const environment = () => {
  const { VCR_API_ACCOUNT_ID, VCR_API_APPLICATION_ID, VCR_PRIVATE_KEY } = credentialsEnv(credentials);
  return {
    VCR_API_ACCOUNT_ID,
    VCR_API_APPLICATION_ID,
    VCR_PRIVATE_KEY,
    VCR_PROVIDERS_URL: vcr.url,
    MESSAGE_TTL_SECONDS: "never",
  };
};

async function run(
  args: string[],
  env: Record<string, string | undefined> = environment(),
  now: () => number = Date.now,
) {
  const [out, err]: [string[], string[]] = [[], []];
  const print = { out: (text: string) => void out.push(text), error: (text: string) => void err.push(text) };
  return { code: await suppressions(args, env, print, now), out, err };
}

const stored = (channel: string) => {
  const flat = vcr.state("account", "HGETALL", `suppressed:${channel}`) as string[];
  return Object.fromEntries(flat.flatMap((field, at) => (at % 2 ? [] : [[field, Number(flat[at + 1])]])));
};
/** What each last said. */
const words = (channel: string) => {
  const fields = Object.entries(stored(channel)).sort(([, a], [, b]) => a - b);
  return Object.fromEntries(fields.map(([field]) => field.split(" ").reverse()));
};
const say = (word: "stop" | "start", channel: string, address: string, at = Date.UTC(2026, 0, 15)) =>
  vcr.state("account", "HSET", `suppressed:${channel}`, [`${word} ${address}`, String(at)]);
const optOut = (channel: string, address: string, at?: number) => say("stop", channel, address, at);

describe("npm run suppressions", () => {
  it("lists who has opted out, masked unless told otherwise", async () => {
    optOut("whatsapp", ANA);
    optOut("sms", BEN, Date.UTC(2026, 0, 16));
    say("stop", "sms", ANA);
    say("start", "sms", ANA, Date.UTC(2026, 0, 17));
    say("start", "whatsapp", BEN);
    vcr.state("account", "HSET", "suppressed:sms", ["stop 1", "soon", "something", "1"]);
    const [masked, whole] = [await run(["list"]), await run(["list", "--channel", "sms", "--show"])];
    expect([masked, whole]).toEqual([
      {
        code: 0,
        out: [
          "whatsapp  ********0123  since 2026-01-15T00:00:00.000Z",
          "1 opted out of whatsapp",
          "sms  ********0124  since 2026-01-16T00:00:00.000Z",
          "1 opted out of sms",
        ],
        err: [],
      },
      { code: 0, out: [`sms  ${BEN}  since 2026-01-16T00:00:00.000Z`, "1 opted out of sms"], err: [] },
    ]);
  });

  it("lists a store of many pages, each person once", async () => {
    for (let n = 0; n < 1_234; n++) optOut("sms", `9990000${String(n).padStart(5, "0")}`);
    const { out } = await run(["list", "--channel", "sms", "--show"]);
    expect([out.at(-1), new Set(out).size]).toEqual(["1234 opted out of sms", 1_235]);
  });

  it("adds and removes, and says what needed no change", async () => {
    optOut("whatsapp", ANA);
    const added = await run(["add", "--channel", "whatsapp", `+${ANA}`, BEN, USER]);
    const removed = await run(["remove", "--channel", "whatsapp", "--show", ANA, "447700900999"]);
    expect([added, removed, words("whatsapp"), words("sms")]).toEqual([
      {
        code: 0,
        out: [
          "added  ********0124",
          "added  ************1918",
          "whatsapp: 2 added, 1 need no change, 0 skipped",
        ],
        err: [],
      },
      { code: 0, out: [`removed  ${ANA}`, "whatsapp: 1 removed, 1 need no change, 0 skipped"], err: [] },
      { [ANA]: "start", [BEN]: "stop", [USER]: "stop" },
      {},
    ]);
  });

  it("removes a person under both names", async () => {
    vcr.state("account", "HSET", MONTH, [ANA, USER, USER, ANA]);
    optOut("whatsapp", ANA);
    optOut("whatsapp", USER);
    await run(["remove", "--channel", "whatsapp", ANA]);
    expect(words("whatsapp")).toEqual({ [ANA]: "start", [USER]: "start" });
  });

  it("imports a file, names its bad lines and ends with 1", async () => {
    const file = join(folder, "numbers.csv");
    await writeFile(file, `phone,name\n+${ANA},Ana\n# asked by phone\nBen\n00${BEN};Ben\n12\n`);
    const { code, out, err } = await run(["import", "--channel", "sms", file]);
    expect([code, out.at(-1), err, words("sms")]).toEqual([
      1,
      "sms: 2 added, 0 need no change, 2 skipped",
      [
        "skipped: line 4: **** is not a phone number: give 7 to 15 digits with the country code",
        "skipped: line 6: **** is not a phone number: give 7 to 15 digits with the country code",
      ],
      { [ANA]: "stop", [BEN]: "stop" },
    ]);
    const removed = await run(["remove", "--channel", "sms", "--file", file]);
    expect([removed.code, words("sms")]).toEqual([1, { [ANA]: "start", [BEN]: "start" }]);
  });

  it("changes nothing in a dry run", async () => {
    optOut("sms", BEN);
    const dry = await run(["remove", "--channel", "sms", "--dry-run", BEN, ANA]);
    expect([dry, words("sms")]).toEqual([
      {
        code: 0,
        out: ["would be removed  ********0124", "sms: 1 would be removed, 1 need no change, 0 skipped"],
        err: [],
      },
      { [BEN]: "stop" },
    ]);
  });
});

describe("export and import", () => {
  const DAY = (day: number) => Date.UTC(2026, 0, day);
  const CSV = [
    "channel,number,stop,start",
    `whatsapp,${ANA},2026-01-15T00:00:00.000Z,`,
    `whatsapp,${USER},2026-01-15T00:00:00.123Z,2026-01-16T00:00:00.000Z`,
    `sms,${BEN},,2026-01-17T00:00:00.000Z`,
  ];
  const everybody = {
    whatsapp: {
      [`stop ${ANA}`]: DAY(15),
      [`stop ${USER}`]: DAY(15) + 123,
      [`start ${USER}`]: DAY(16),
    },
    sms: { [`start ${BEN}`]: DAY(17) },
  };
  const all = () => ({ whatsapp: stored("whatsapp"), sms: stored("sms") });

  it("keeps both times of everybody, and brings them back into a State that was emptied", async () => {
    say("stop", "whatsapp", ANA);
    say("stop", "whatsapp", USER, DAY(15) + 123);
    say("start", "whatsapp", USER, DAY(16));
    say("start", "sms", BEN, DAY(17));
    const file = join(folder, "opt-outs.csv");
    expect([await run(["export"]), await run(["export", file]), await readFile(file, "utf8")]).toEqual([
      { code: 0, out: [CSV.join("\n")], err: [] },
      { code: 0, out: [`3 people written to ${file}: whole numbers, keep it safe`], err: [] },
      `${CSV.join("\n")}\n`,
    ]);
    for (const channel of ["whatsapp", "sms"]) vcr.state("account", "DEL", `suppressed:${channel}`);

    const dry = await run(["import", "--dry-run", file]);
    expect([dry.out.at(-1), all()]).toEqual([
      "import: 3 would be brought back, 0 need no change, 0 skipped",
      { whatsapp: {}, sms: {} },
    ]);
    const [first, second] = [await run(["import", file]), await run(["import", file])];
    expect([first, second.out, all()]).toEqual([
      {
        code: 0,
        out: [
          "brought back  ********0123",
          "brought back  ************1918",
          "brought back  ********0124",
          "import: 3 brought back, 0 need no change, 0 skipped",
        ],
        err: [],
      },
      ["import: 0 brought back, 3 need no change, 0 skipped"],
      everybody,
    ]);
  });

  it("lowers nothing that was said since, and can be told to take one channel", async () => {
    const file = join(folder, "older.csv");
    await writeFile(file, CSV.join("\r\n"));
    say("start", "whatsapp", ANA, DAY(18));
    say("stop", "whatsapp", USER, DAY(20));
    await run(["import", "--channel", "whatsapp", file]);
    expect([all(), words("whatsapp")]).toEqual([
      {
        whatsapp: { ...everybody.whatsapp, [`start ${ANA}`]: DAY(18), [`stop ${USER}`]: DAY(20) },
        sms: {},
      },
      { [ANA]: "start", [USER]: "stop" },
    ]);
  });

  it("reads what a spreadsheet has saved, and says which lines it cannot read", async () => {
    const file = join(folder, "saved.csv");
    const lines = [
      "\uFEFFchannel;number;stop;start",
      `"sms";"${ANA}";"2026-01-15T01:00:00+01:00";""`,
      "",
      `fax;${ANA};2026-01-15T00:00:00Z;`,
      `sms;4,47701E+11;2026-01-15T00:00:00Z;`,
      `sms;07700900123;2026-01-15T00:00:00Z;`,
      `sms;${ANA};15/01/2026;`,
      `sms;${ANA};;soon`,
      `sms;${ANA};;`,
    ];
    await writeFile(file, lines.join("\n"));
    const { code, out, err } = await run(["import", file]);
    expect([code, out.at(-1), err, all().sms]).toEqual([
      1,
      "import: 1 brought back, 0 need no change, 6 skipped",
      [
        "skipped: line 4: the channel must be whatsapp or sms",
        "skipped: line 5: number *******E+11 is not a phone number: give 7 to 15 digits with the country code",
        "skipped: line 6: number *******0123 cannot be a phone number: leave out the zero in front and begin with the country code",
        "skipped: line 7: stop is not a time like 2026-01-15T11:30:00.000Z",
        "skipped: line 8: start is not a time like 2026-01-15T11:30:00.000Z",
        "skipped: line 9: there is neither a stop nor a start",
      ],
      { [`stop ${ANA}`]: DAY(15) },
    ]);
  });

  it("a time that is still to come is taken for now", async () => {
    const file = join(folder, "future.csv");
    await writeFile(file, `channel,number,stop,start\nsms,${ANA},2099-01-01T00:00:00Z,\n`);
    await run(["import", file]);
    expect(Math.abs((stored("sms")[`stop ${ANA}`] ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it("a list of numbers does not say of which channel it is", async () => {
    const file = join(folder, "list.csv");
    await writeFile(file, `${ANA}\n`);
    expect([await run(["import", file]), all().sms]).toEqual([
      {
        code: 2,
        out: [],
        err: [`${file} is a list of numbers: say with --channel what they have opted out of`],
      },
      {},
    ]);
  });
});

describe("what it cannot do it says in words", () => {
  it.each([
    [["--help"], 0],
    [[], 2],
    [["add", ANA], 2],
    [["add", "--channel", "fax", ANA], 2],
    [["remove", "--channel", "sms"], 2],
    [["import", "--channel", "sms"], 2],
    [["import"], 2],
    [["export", "--channel", "fax"], 2],
    [["constructor", ANA], 2],
    [["list", "--channel", "fax"], 2],
    [["forget", ANA], 2],
  ])("%j shows the help and ends with %i", async (args, code) => {
    const result = await run(args);
    expect([result.code, result.out[0]?.split("\n")[0], stored("sms")]).toEqual([
      code,
      "Who has opted out, and gets no message whatever the platform asks for.",
      {},
    ]);
  });

  it("an option it does not know, a file that is not there, an environment that is not", async () => {
    const results = [
      await run(["list", "--everything"]),
      await run(["import", "--channel", "sms", "nowhere.csv"]),
      await run(["list"], {}),
    ];
    expect(results.map(({ code, err }) => [code, err.join(" ")])).toEqual([
      [2, expect.stringContaining("--everything")],
      [1, expect.stringContaining("nowhere.csv")],
      [1, expect.stringContaining("VCR_PRIVATE_KEY is missing: the private key of the Vonage application")],
    ]);
  });

  it("VCR is out of reach", async () => {
    vcr.setFault("client-persistence-api", { down: true });
    const { code, err } = await run(["add", "--channel", "sms", ANA]);
    vcr.setFault("client-persistence-api", null);
    expect([code, err]).toEqual([
      1,
      [
        expect.stringMatching(
          /^VCR did not answer \(provider_refused\)\. Nothing is half done: run it again/,
        ),
      ],
    ]);
  });
});

describe("on a machine whose clock is wrong", () => {
  const withClock = (ms: number, ...args: string[]) => run(args, environment(), () => Date.now() + ms);

  it.each([
    ["add", -3_600_000, / (359\d|3600) seconds behind /],
    ["add", 90_000, / 9\d seconds ahead of /],
    ["remove", 48 * 3_600_000, / 17280\d seconds ahead of /],
    ["import", 48 * 3_600_000, / 17280[01] seconds ahead of /],
  ])("%s changes nothing and says so: %i ms", async (command, ms, how) => {
    optOut("sms", BEN);
    const file = join(folder, "clock.csv");
    await writeFile(file, `channel,number,stop,start\nsms,${ANA},2099-01-01T00:00:00Z,\n`);
    const args = command === "import" ? [file] : ["--channel", "sms", command === "add" ? ANA : BEN];
    expect([await withClock(ms, command, ...args), words("sms")]).toEqual([
      {
        ...{ code: 1, out: [] },
        err: [expect.stringMatching(how)],
      },
      { [BEN]: "stop" },
    ]);
  });

  it("people can be listed all the same, and a few seconds do not matter", async () => {
    const results = [
      await withClock(3_600_000, "list"),
      await withClock(20_000, "add", "--channel", "sms", ANA),
      await withClock(-20_000, "remove", "--channel", "sms", ANA),
    ];
    expect(results.map(({ code, err }) => [code, err])).toEqual([
      [0, []],
      [0, []],
      [0, []],
    ]);
  });
});
