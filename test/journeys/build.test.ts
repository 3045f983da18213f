import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "@jest/globals";
import { withSourcePlace } from "../../src/lib/source-places.ts";
import { createCredentials, credentialsEnv } from "../../src/sandbox/credentials.ts";
import { program } from "../support/process.ts";

const NOBODY = "http://127.0.0.1:1";

/** Run before the server: says where it is when it is about to listen. */
const WATCH = `
  import { Server } from "node:net";
  Server.prototype.listen = function () {
    console.log(new Error("here").stack);
    process.exit(0);
  };
`;

it("the built server has what V8 compiled beside it, and a logged stack names the lines of the sources", async () => {
  const file = await program();
  expect((await stat(join(dirname(file), "server.cjs.cache"))).size).toBeGreaterThan(100_000);
  const env = {
    ...{ PATH: process.env["PATH"] ?? "", ...credentialsEnv(createCredentials()) },
    ...{ VCR_PROVIDERS_URL: NOBODY, VONAGE_API_HOST: NOBODY, VCR_INSTANCE_SERVICE_NAME: "test" },
  };
  const hook = `data:text/javascript,${encodeURIComponent(WATCH)}`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", hook, file], { env });
  const frames = stdout.split("\n").slice(1);
  expect(frames.join("\n")).toMatch(/server\.cjs:\d+:\d+/);
  expect(frames.map(withSourcePlace).join("\n")).toMatch(/ at .*src\/http\/server\.ts:\d+:\d+\)?\n/);
});

it("a frame is left as it is where there is no map", () => {
  for (const frame of ["at f (/nowhere/x.cjs:1:2)", "at g (node:net:3:4)", "at src/lib/x.ts:5:6"])
    expect(withSourcePlace(frame)).toBe(frame);
});
