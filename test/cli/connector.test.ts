import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { connector } from "../../src/cli/console-commands.ts";
import type { ConsolePorts } from "../../src/console/ports.ts";
import { ConnectorError } from "../../src/lib/errors.ts";
import { systemRuntime } from "../../src/lib/runtime.ts";
import { createCredentials, credentialsEnv } from "../../src/sandbox/credentials.ts";
import { startVcr } from "../../src/sandbox/vcr/index.ts";
import { createTestConsole, HOSTILE, resultRow, statusAnswer } from "../console/fixtures.ts";
import { openSite, type Site } from "../http/site.ts";

const PASSWORD = "correct-horse";
let folder: string;
let site: Site | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "connector-command-"));
});
afterEach(async () => {
  await site?.stop();
  site = undefined;
});
afterAll(() => rm(folder, { recursive: true }));

async function open(over: Partial<ConsolePorts> = {}, word?: string) {
  const { ports, asked } = createTestConsole(word, over);
  const secrets = {
    passwords: [PASSWORD],
    account: { id: "abcd1234", secret: "secret" },
    publicUrl: undefined,
  };
  site = await openSite({ console: { console: ports, secrets, runtime: systemRuntime } });
  return { asked, url: site.url };
}

async function run(args: string[], env: Record<string, string> = {}) {
  const [out, err]: [string[], string[]] = [[], []];
  const print = { out: (text: string) => void out.push(text), error: (text: string) => void err.push(text) };
  const given = { CONNECTOR_PASSWORD: PASSWORD, ...(site ? { CONNECTOR_URL: site.url } : {}), ...env };
  return { code: await connector(args, given, print), out: out.join("\n"), err: err.join("\n") };
}

describe("npm run connector", () => {
  it.each<[string[], number, RegExp]>([
    [["status"], 1, /^version 1\.0\.0\nmoengage whatsapp: sending; 3 waiting, 29 a second/],
    [["setup"], 1, /^WRONG {2}order_shipped: order_shipped\n {7}What to do: order_shipped\n\? {6}Clock/],
    [
      ["results"],
      1,
      /accepted 100, sent 95, .*\n {2}7 x order_shipped: What order_shipped means\n {6}next step: What to do/,
    ],
    [["failures", "--limit", "5"], 1, /order_shipped: What order_shipped means\n {2}next step/],
    [["message", "x"], 1, /^order_shipped: failed\n/],
    [["message", "nobody"], 1, /^Nothing is known/],
    [["dead-letters", "list"], 1, /\n1 held$/],
    [["dead-letters", "replay", "id-1", "id-2"], 0, /^1 put back, 0 left$/],
    [["dead-letters", "replay", "--all", "--dry-run"], 0, /^1 would be put back/],
    [["dead-letters", "replay", "--since", "2h", "--queue", "sms"], 0, /^1 put back/],
    [["opt-outs", "totals"], 0, /^1234 opted out of whatsapp\n5 opted out of sms$/],
    [
      ["opt-outs", "check", "--channel", "sms", "447700900123"],
      0,
      /^…0123 has opted out of sms, since 2026-01-15 11:00 UTC$/,
    ],
    [
      ["opt-outs", "add", "--channel", "sms", "447700900123", "447700900124"],
      0,
      /^…0123 .*\(changed\)\n…0124 .*\(changed\)$/,
    ],
    [["templates"], 0, /^1 templates, synced 2026-01-15 11:00 UTC\n/],
    [["templates", "sync"], 0, /^1 templates/],
    [
      ["test-send", "--channel", "sms", "--to", "447700900123", "--text", "Hi"],
      0,
      /^accepted: test-1\nfollow it with/,
    ],
    [["mapper"], 0, /"mapper": "order_shipped"/],
  ])("%j tells people, and ends with %i", async (args, code, words) => {
    await open();
    expect(await run(args)).toEqual({ code, out: expect.stringMatching(words), err: "" });
  });

  it.each<[string[], unknown]>([
    [["results", "--since", "2h", "--channel", "sms"], expect.objectContaining({ channel: "sms" })],
    [["message", "a/b c"], { id: "a/b c" }],
    [["dead-letters", "replay", "id-1"], { ids: ["id-1"], dryRun: false }],
    [
      ["dead-letters", "replay", "--all", "--dry-run", "--queue", "sms"],
      { all: true, queue: "sms", dryRun: true },
    ],
    [["opt-outs", "remove", "--channel", "sms", "1"], { action: "remove", channel: "sms", number: "1" }],
    [
      [
        "test-send",
        "--channel",
        "whatsapp",
        "--to",
        "1",
        "--template",
        "t",
        "--language",
        "en",
        "--parameter",
        "a",
        "--parameter",
        "b",
      ],
      { channel: "whatsapp", to: "1", template: "t", language: "en", parameters: ["a", "b"] },
    ],
  ])("%j asks for what it says", async (args, expected) => {
    const { asked } = await open();
    await run(args);
    expect(asked).toEqual([expected]);
  });

  it("tells what was done for some numbers where the next one fails", async () => {
    const { ports } = createTestConsole();
    const asked: string[] = [];
    await open({
      optOuts: {
        ...ports.optOuts,
        act(request) {
          asked.push(request.number);
          if (request.number === "x") throw new ConnectorError("invalid_recipient", "that is no number");
          return ports.optOuts.act(request);
        },
      },
    });
    const args = ["opt-outs", "add", "--channel", "sms", "447700900123", "447700900124", "x", "447700900125"];
    expect(await run(args)).toEqual({
      code: 2,
      out: expect.stringMatching(/^…0123 .*\(changed\)\n…0124 .*\(changed\)$/),
      err: "that is no number",
    });
    expect(asked).toEqual(["447700900123", "447700900124", "x"]);
    const { out } = await run([...args, "--json"]);
    expect(JSON.parse(out)).toMatchObject([{ number: "…0123" }, { number: "…0124" }]);
  });

  it("tells programs the answer as it is", async () => {
    await open({ status: async () => statusAnswer() });
    const { code, out } = await run(["status", "--json"]);
    expect([code, JSON.parse(out)]).toEqual([0, statusAnswer()]);
  });

  it("ends with 0 where nothing is wrong", async () => {
    const fine = resultRow({ failed: 0, refused: 0, reasons: [] });
    const AT = "2026-01-15T11:00:00.000Z";
    await open({
      status: async () => statusAnswer(),
      results: async () => ({ from: AT, to: AT, rows: [fine] }),
      failures: async () => ({ failures: [] }),
      setup: async () => ({
        checkedAt: AT,
        checks: [{ id: "x", title: "X", ok: null, found: "?", remedy: "" }],
      }),
    });
    const codes = await Promise.all(
      ["status", "results", "failures", "setup"].map(async (name) => (await run([name])).code),
    );
    expect(codes).toEqual([0, 0, 0, 0]);
  });

  it("imports a file", async () => {
    const { asked } = await open();
    const file = join(folder, "numbers.csv");
    await writeFile(file, "447700900123\n");
    const { code, out } = await run(["opt-outs", "import", "--channel", "sms", "--dry-run", file]);
    expect([code, out]).toEqual([
      1,
      "skipped: order_shipped\n1 would be changed, 0 need no change, 1 skipped",
    ]);
    expect(asked).toEqual([{ csv: "447700900123\n", channel: "sms", action: "add", dryRun: true }]);
  });

  it("lets nothing from outside steer the terminal", async () => {
    const [escaped, control] = ["\u001b", "\u009b"];
    await open({}, `${escaped}[31m${HOSTILE}${control}`);
    const commands = [
      ["failures"],
      ["message", "x"],
      ["results"],
      ["setup"],
      ["dead-letters", "list"],
      ["templates"],
    ];
    for (const args of commands) {
      const { out } = await run(args);
      expect([out.includes("alert"), out.includes(escaped), out.includes(control)]).toEqual([
        true,
        false,
        false,
      ]);
    }
  });
});

describe("wrong usage", () => {
  it.each<[string[], Record<string, string>, RegExp]>([
    [[], {}, /^Say what to do: --help/],
    [["replay"], {}, /^There is no command replay/],
    [["constructor"], {}, /^There is no command constructor/],
    [["message"], {}, /^message needs one word more/],
    [["status", "now"], {}, /^status takes no now/],
    [["status", "--since", "1h"], {}, /^status has no option --since/],
    [["status", "--bogus"], {}, /^Unknown option '--bogus': --help lists the options$/],
    [["opt-outs", "add", "--channel", "sms"], {}, /^opt-outs add needs what it is about/],
    [["opt-outs", "import", "nowhere.csv"], {}, /^ENOENT.*nowhere\.csv/],
    [["opt-outs", "export"], {}, /^Say which file to write/],
    [["status"], { CONNECTOR_URL: "" }, /^Say where the connector is/],
    [["status", "--url", "connector"], {}, /must be a complete address/],
    [["status", "--url", "http://connector.example"], {}, /must begin with https/],
    [["status"], { CONNECTOR_PASSWORD: "" }, /^Put the console's password into CONNECTOR_PASSWORD$/],
    [["results", "--channel", "fax"], {}, /^channel must be whatsapp or sms$/],
    [["dead-letters", "replay"], {}, /^say which to put back/],
  ])("%j with %j gets one sentence and 2", async (args, env, words) => {
    await open();
    expect(await run(args, env)).toEqual({ code: 2, out: "", err: expect.stringMatching(words) });
  });
});

describe("where there is no answer", () => {
  it.each<[string, Record<string, string>, RegExp]>([
    ["a wrong password", { CONNECTOR_PASSWORD: "wrong-password" }, /^The connector refuses the password/],
    [
      "nobody there",
      { CONNECTOR_URL: "http://127.0.0.1:1" },
      /^The connector at http:\/\/127\.0\.0\.1:1 cannot be reached$/,
    ],
  ])("%s gets one sentence and 1", async (_name, env, words) => {
    await open();
    expect(await run(["status"], env)).toEqual({ code: 1, out: "", err: expect.stringMatching(words) });
  });

  it("a connector without a console", async () => {
    site = await openSite();
    expect(await run(["status"])).toEqual({
      code: 1,
      out: "",
      err: expect.stringMatching(/Nothing is served here/),
    });
  });

  it("figures that cannot be read", async () => {
    await open({ status: () => Promise.reject(new Error("inner words")) });
    expect(await run(["status"])).toEqual({
      code: 1,
      out: "",
      err: expect.stringMatching(/cannot be read now/),
    });
  });
});

it("opt-outs export reads State by itself, and keeps whole numbers and both times", async () => {
  const credentials = createCredentials();
  const vcr = await startVcr({ credentials });
  vcr.state("account", "HSET", "suppressed:sms", ["stop 447700900123", String(Date.UTC(2026, 0, 15))]);
  const file = join(folder, "export.csv");
  // A variable that the connector itself would refuse does not matter.
  const env = { ...credentialsEnv(credentials), VCR_PROVIDERS_URL: vcr.url, MESSAGE_TTL_SECONDS: "never" };
  expect(await run(["opt-outs", "export", file], env)).toEqual({
    ...{ code: 0, err: "" },
    out: `1 people written to ${file}: whole numbers, keep it safe`,
  });
  expect(await readFile(file, "utf8")).toBe(
    "channel,number,stop,start\nsms,447700900123,2026-01-15T00:00:00.000Z,\n",
  );
  await vcr.stop();
});
