import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { parseEnv } from "node:util";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { parseConfig } from "../../src/config/parse.ts";
import { createHttpClient } from "../../src/lib/http-client.ts";
import { systemRuntime } from "../../src/lib/runtime.ts";
import { createCredentials, credentialsEnv, credentialsFrom } from "../../src/sandbox/credentials.ts";
import { createSession } from "../../src/vcr/session.ts";
import { createState } from "../../src/vcr/state.ts";
import { buildPrograms } from "../support/programs.ts";
import { credentials } from "./helpers.ts";

let program: string;
beforeAll(async () => {
  const { path } = await buildPrograms(["src/sandbox/run.ts"]);
  program = path("src/sandbox/run.ts");
});

function run(args: string[], env: Record<string, string>) {
  return spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

describe("a fake in a process of its own", () => {
  it("tells its URL, is steered over HTTP and stops on a signal", async () => {
    const child = run(["vonage"], credentialsEnv(credentials));
    const exited = once(child, "exit");
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    const { url } = JSON.parse(line) as { url: string };
    const rules = await fetch(`${url}/_sandbox/rules`, {
      method: "POST",
      body: JSON.stringify({ answer: { do: "throttle", retryAfterSeconds: 3 } }),
    });
    expect(rules.status).toBe(200);
    const basic = `Basic ${Buffer.from(`${credentials.accountId}:${credentials.accountSecret}`).toString("base64")}`;
    const answer = await fetch(`${url}/v1/messages`, {
      method: "POST",
      headers: { authorization: basic, "content-type": "application/json" },
      body: JSON.stringify({
        to: "999000000001",
        from: "A",
        channel: "sms",
        message_type: "text",
        text: "x",
      }),
    });
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([429, "3"]);
    expect(await (await fetch(`${url}/_sandbox/records`)).json()).toMatchObject({ answers: { 429: 1 } });
    expect((await fetch(`${url}/_sandbox/nothing`)).status).toBe(404);
    child.kill("SIGTERM");
    await exited;
    await expect(fetch(url)).rejects.toThrow();
  });

  it("makes an account up for the local VCR where there is none, and tells it for .env", async () => {
    const child = run(["vcr"], {});
    const exited = once(child, "exit");
    let told = "";
    child.stderr.on("data", (chunk: Buffer) => {
      told += chunk;
    });
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    const { url } = JSON.parse(line) as { url: string };
    const env = parseEnv(told.slice(told.indexOf("VCR_")));
    const httpClient = createHttpClient(1);
    const state = createState(
      createSession(parseConfig({ ...env, VCR_PROVIDERS_URL: url }), httpClient),
      systemRuntime,
    );
    await state.setKey("a", "b", 60);
    expect(await state.getKey("a")).toBe("b");
    await httpClient.close();
    child.kill("SIGTERM");
    await exited;
  }, 20_000);

  it("names every variable that it lacks", () => {
    expect(() => credentialsFrom({ VCR_API_ACCOUNT_ID: "a" })).toThrow(
      "missing in the environment: VCR_API_ACCOUNT_SECRET, VCR_API_APPLICATION_ID, VCR_PRIVATE_KEY, VONAGE_SIGNATURE_SECRET",
    );
  });

  it("reads the account back from the environment, also with escaped line ends", () => {
    const account = createCredentials();
    const env = credentialsEnv(account);
    expect(credentialsFrom(env)).toEqual(account);
    expect(credentialsFrom({ ...env, VCR_PRIVATE_KEY: account.privateKey.replaceAll("\n", "\\n") })).toEqual(
      account,
    );
  });
});
