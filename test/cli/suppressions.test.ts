import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
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
beforeEach(() => {
  for (const channel of ["whatsapp", "sms"]) vcr.state("account", "DEL", `suppressed:${channel}`);
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

async function run(args: string[], env: Record<string, string | undefined> = environment()) {
  const [out, err]: [string[], string[]] = [[], []];
  const print = { out: (text: string) => void out.push(text), error: (text: string) => void err.push(text) };
  return { code: await suppressions(args, env, print), out, err };
}

const stored = (channel: string) => vcr.state("account", "HGETALL", `suppressed:${channel}`) as string[];
const words = (channel: string) => {
  const flat = stored(channel);
  return Object.fromEntries(
    flat.flatMap((field, at) => (at % 2 ? [] : [[field, flat[at + 1]?.split(":")[0]]])),
  );
};
const optOut = (channel: string, address: string, at = Date.UTC(2026, 0, 15)) =>
  vcr.state("account", "HSET", `suppressed:${channel}`, [address, `out:${at}`]);

describe("npm run suppressions", () => {
  it("lists who has opted out, masked unless told otherwise", async () => {
    optOut("whatsapp", ANA);
    optOut("sms", BEN, Date.UTC(2026, 0, 16));
    vcr.state("account", "HSET", "suppressed:sms", [ANA, "in:1768435200000"]);
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
      { [ANA]: "in", [BEN]: "out", [USER]: "out" },
      {},
    ]);
  });

  it("removes a person under both names", async () => {
    const month = Math.floor(Date.now() / (30 * 86_400_000));
    vcr.state("account", "HSET", `people:whatsapp:${month}`, [ANA, USER, USER, ANA]);
    optOut("whatsapp", ANA);
    optOut("whatsapp", USER);
    await run(["remove", "--channel", "whatsapp", ANA]);
    expect(words("whatsapp")).toEqual({ [ANA]: "in", [USER]: "in" });
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
      { [ANA]: "out", [BEN]: "out" },
    ]);
    const removed = await run(["remove", "--channel", "sms", "--file", file]);
    expect([removed.code, words("sms")]).toEqual([1, { [ANA]: "in", [BEN]: "in" }]);
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
      { [BEN]: "out" },
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
    [["list", "--channel", "fax"], 2],
    [["forget", ANA], 2],
  ])("%j shows the help and ends with %i", async (args, code) => {
    const result = await run(args);
    expect([result.code, result.out[0]?.split("\n")[0], stored("sms")]).toEqual([
      code,
      "Who has opted out, and gets no message whatever the platform asks for.",
      [],
    ]);
  });

  it("an option it does not know, a file that is not there, an environment that is not", async () => {
    const results = [
      await run(["list", "--everything"]),
      await run(["import", "--channel", "sms", "nowhere.csv"]),
      await run(["list"], {}),
    ];
    expect(results.map(({ code, err }) => [code, err.join(" ")])).toEqual([
      [1, expect.stringContaining("--everything")],
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

it("runs as a command of its own", async () => {
  const code = await new Promise((done) => {
    const args = [resolve("node_modules/tsx/dist/cli.mjs"), resolve("src/cli/suppressions.ts"), "add", ANA];
    execFile(process.execPath, args, { cwd: folder }, (error) => done(error?.code));
  });
  expect(code).toBe(2);
});
