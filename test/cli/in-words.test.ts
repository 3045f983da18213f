import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { start } from "../../src/compose.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { inWords } from "../../src/sandbox/command-line.ts";
import { createCredentials, credentialsEnv } from "../../src/sandbox/credentials.ts";
import { readOptions } from "../../src/sandbox/options.ts";
import { until } from "../support/ports.ts";
import { openPrograms } from "../support/programs.ts";
import { createSkippableRuntime } from "../support/skippable-runtime.ts";

const account = credentialsEnv(createCredentials());
let busy: Server;
let port: string;
beforeAll(async () => {
  busy = createServer().listen(0);
  await once(busy, "listening");
  port = String((busy.address() as AddressInfo).port);
  run = await openPrograms([...new Set(FAULTS.map(([, program]) => program))]);
});
afterAll(() => void busy.close());

const [SANDBOX, FAKE, LOCAL] = ["src/sandbox/main.ts", "src/sandbox/run.ts", "src/sandbox/local.ts"];
const [COMMAND, CONNECTOR, CHAOS] = ["src/cli/connector.ts", "src/main.ts", "test/chaos/main.ts"];
let run: Awaited<ReturnType<typeof openPrograms>>;
const UNKNOWN = "Unknown option '--bogus': --help lists the options\n";

/** What is typed, and the one sentence that comes back. */
const FAULTS: [string, string, string[], () => Record<string, string>, number, string | RegExp][] = [
  ["sandbox with an unknown option", SANDBOX, ["--bogus"], () => ({}), 2, UNKNOWN],
  [
    "a fake that there is not",
    FAKE,
    ["fax"],
    () => ({}),
    2,
    /^The first word must be one of vcr, vonage, .*\n$/,
  ],
  [
    "the command without a connector",
    COMMAND,
    ["status", "--url", "http://127.0.0.1:1"],
    () => ({ CONNECTOR_PASSWORD: "x" }),
    1,
    "The connector at http://127.0.0.1:1 cannot be reached\n",
  ],
  [
    "an export without a VCR",
    COMMAND,
    ["opt-outs", "export", "file.csv"],
    () => ({ ...account, VCR_PROVIDERS_URL: "http://127.0.0.1:1" }),
    1,
    /^VCR did not answer \(not_sent\).*\n$/,
  ],
  ["chaos with an unknown option", CHAOS, ["--bogus"], () => ({}), 2, UNKNOWN],
  ["vcr with an unknown option", FAKE, ["vcr", "--bogus"], () => ({}), 2, UNKNOWN],
  ["vcr on a taken port", FAKE, ["vcr", "--port", "PORT"], () => account, 1, /^Port \d+ is taken: .*\n$/],
  [
    "vcr with half an account",
    FAKE,
    ["vcr"],
    () => ({ ...account, VCR_PRIVATE_KEY: "" }),
    1,
    "missing in the environment: VCR_PRIVATE_KEY\n",
  ],
  [
    "local without .env",
    LOCAL,
    [],
    () => ({}),
    2,
    /^There is no \.env here: copy \.env\.example to \.env.*\n$/,
  ],
  [
    "local on a taken port",
    LOCAL,
    [],
    () => ({ ...account, VCR_PORT: port }),
    1,
    /\nPort \d+ is taken: stop what listens there, or set VCR_PORT in \.env to another\n$/,
  ],
  ["the command with an unknown option", COMMAND, ["--bogus"], () => ({}), 2, UNKNOWN],
  [
    "the connector without .env",
    CONNECTOR,
    [],
    () => ({}),
    1,
    /\nThere is no \.env here: .*npm run vcr.*\n$/,
  ],
  [
    "the connector on a taken port",
    CONNECTOR,
    [],
    () => ({ ...account, VCR_PORT: port }),
    1,
    /^Port \d+ is taken: stop what listens there, or set VCR_PORT to another\n$/,
  ],
];

it.each(FAULTS)(
  "%s is told in words, without a stack",
  async (_name, program, args, env, code, err) => {
    const told = await run(
      program,
      args.map((arg) => arg.replace("PORT", port)),
      env(),
    );
    expect(told).toEqual({
      code,
      out: "",
      err: typeof err === "string" ? err : expect.stringMatching(err),
    });
    expect(told.err).not.toMatch(/^\s+at /m);
  },
  30_000,
);

it.each<[string[], string | RegExp]>([
  [["--count"], /^Option '--count <value>' argument missing: --help lists the options$/],
  [["now"], /^Unexpected argument 'now'.*: --help lists the options$/],
  [["--rate", "fast"], /^--rate must be a number above 0: --help lists the options$/],
])("sandbox %j is told in words as well", (args, sentence) => {
  const read = () => {
    try {
      return readOptions(args);
    } catch (error) {
      return inWords(error);
    }
  };
  expect(read()).toEqual({ sentence: expect.stringMatching(sentence), code: 2 });
});

it("help goes to where it belongs", async () => {
  expect(await run(COMMAND, ["--help"])).toEqual({
    ...{ code: 0, out: expect.stringContaining("npm run connector -- status"), err: "" },
  });
});

it("a connector without a channel and without a local VCR says both, once", async () => {
  const lines: { level: string; msg: string }[] = [];
  const config = parseConfig({
    ...account,
    ...{ VCR_PORT: "0", VCR_PROVIDERS_URL: "http://127.0.0.1:1", LOG_LEVEL: "debug" },
  });
  const runtime = createSkippableRuntime();
  const starting = start(config, { write: (line) => void lines.push(JSON.parse(line)) }, runtime);
  const at = (level: string) => lines.filter((line) => line.level === level).map(({ msg }) => msg);
  const NO_VCR = "No VCR answers on http://127.0.0.1:1: start one with npm run vcr";
  await until(() => at("error").includes(NO_VCR));
  // The second try, and the third.
  for (const tries of [1, 2]) {
    runtime.skip(5_000);
    await until(() => at("debug").filter((msg) => msg === NO_VCR).length === tries);
  }
  const connector = await starting;
  await connector.stop();
  expect(at("error").toSorted()).toEqual([
    NO_VCR,
    expect.stringMatching(/^No channel is on, .*WHATSAPP_NUMBER.*MOENGAGE_SMS_DELIVERY_URL/),
  ]);
}, 15_000);
