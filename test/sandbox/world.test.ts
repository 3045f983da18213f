import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { startConnector } from "../../src/sandbox/connector.ts";
import { readOptions } from "../../src/sandbox/options.ts";
import { PLATFORM_NAMES } from "../../src/sandbox/platforms.ts";
import { ownPort } from "../../src/sandbox/ports.ts";
import { serve } from "../../src/sandbox/server.ts";
import { createWorld, type World } from "../../src/sandbox/world.ts";
import { credentials, SERVICE_NAME, sdk } from "./helpers.ts";

describe("a connector in a process of its own", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "connector-test-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function program(source: string) {
    const path = join(folder, `${await ownPort()}.mjs`);
    await writeFile(path, source);
    return { program: path, env: { VCR_PORT: String(await ownPort()) } };
  }
  const HEALTHY = `
    import { createServer } from "node:http";
    console.log("PATH and " + Object.keys(process.env).filter((name) => name.startsWith("VCR")));
    createServer((_, response) => response.end("{}")).listen(Number(process.env.VCR_PORT), "127.0.0.1");
    process.on("SIGTERM", () => process.exit(3));
  `;

  it("is there once it is healthy, has no environment but its own, and ends as it is told", async () => {
    const file = join(folder, "connector.log");
    const connector = await startConnector({ ...(await program(HEALTHY)), output: { file } });
    expect((await fetch(connector.url)).status).toBe(200);
    expect([connector.isAlive(), await connector.stop(), connector.isAlive()]).toEqual([true, 3, false]);
    expect(await readFile(file, "utf8")).toBe("PATH and VCR_PORT\n");
  });

  it("can be killed", async () => {
    const connector = await startConnector({ ...(await program(HEALTHY)), output: () => undefined });
    expect([await connector.kill(), await connector.stop()]).toEqual(["SIGKILL", "SIGKILL"]);
  });

  it("says why it did not come up, whether its words go to a file or to a function", async () => {
    const broken = await program('console.error("VCR_PRIVATE_KEY is missing"); process.exit(1);');
    const why = /ended before it was healthy \(1\).*VCR_PRIVATE_KEY is missing/s;
    const file = join(folder, "broken.log");
    await expect(startConnector({ ...broken, output: { file } })).rejects.toThrow(why);
    await expect(startConnector({ ...broken, output: () => undefined })).rejects.toThrow(why);
  });
});

describe("a world", () => {
  const open: { stop(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const world of open.splice(0)) await world.stop();
  });
  const run = {
    lines: () => [],
    start: (env: Record<string, string>) =>
      serve(Number(env["VCR_PORT"]), () => ({ status: 200, body: env })),
  };
  const envAt = async (url: string) => (await fetch(url)).json() as Promise<Record<string, string>>;

  it("gives every connector the addresses and secrets of all its neighbours", async () => {
    const world: World = await createWorld({
      ...{ run, credentials, replicas: 2, front: true },
      platforms: PLATFORM_NAMES,
      env: { SMS_SENDER_ID: "" },
      through: async (neighbour, url) => `${url}/through/${neighbour}`,
    });
    open.push(world);
    const { moengage } = world.platforms;
    const [env, other] = [await envAt(world.url), await envAt(world.url)];
    expect(env["VCR_PORT"]).not.toBe(other["VCR_PORT"]);
    expect(env).toMatchObject({
      ...{ VCR_API_ACCOUNT_ID: credentials.accountId, WHATSAPP_NUMBER: world.senders.whatsapp },
      VCR_PROVIDERS_URL: `${world.vcr.url}/through/vcr`,
      VONAGE_API_HOST: `${world.vonage.url}/through/vonage`,
      MOENGAGE_DATA_API_URL: `${moengage.url}/through/moengage`,
      MOENGAGE_DELIVERY_URL: moengage.deliveryUrl.replace(moengage.url, `${moengage.url}/through/moengage`),
      SMS_SENDER_ID: "",
    });
    await world.stop();
    await expect(fetch(world.url)).rejects.toThrow();
    await expect(fetch(world.vonage.url)).rejects.toThrow();
  });

  it("leaves nothing behind when a connector does not start", async () => {
    const addresses: string[] = [];
    const world = createWorld({
      run: { ...run, start: () => Promise.reject(new Error("no connector")) },
      ...{ credentials, platforms: ["moengage"] },
      through: async (_, url) => {
        addresses.push(url);
        return url;
      },
    });
    await expect(world).rejects.toThrow("no connector");
    expect(addresses).toHaveLength(3);
    for (const url of addresses) await expect(fetch(url)).rejects.toThrow();
  });

  it("lets each neighbour take its time", async () => {
    const world = await createWorld({
      ...{ run, credentials, serviceName: SERVICE_NAME, platforms: ["webengage"] },
      delays: { state: 80, platform: 160 },
    });
    open.push(world);
    const msOf = async (call: () => Promise<unknown>) => {
      const startedAt = performance.now();
      await call();
      return performance.now() - startedAt;
    };
    const { state } = sdk(world.vcr.url);
    expect(await msOf(() => state().get("x"))).toBeGreaterThan(75);
    expect(await msOf(() => fetch(world.platforms.webengage.dsnUrl, { method: "POST" }))).toBeGreaterThan(
      155,
    );
  });
});

describe("the demo's options", () => {
  const others = PLATFORM_NAMES.filter((name) => name !== "moengage").map((name) => ({ name, count: 250 }));

  it.each([
    [[], { channels: ["whatsapp", "sms"], others }],
    [["--platform", "moengage", "--channel", "sms"], { channels: ["sms"], others: [] }],
    [["--platform", "webengage"], { channels: [], others: [{ name: "webengage", count: 1_000 }] }],
    [["--open"], { keep: true }],
    [["--keep"], { keep: true }],
    [["--help"], undefined],
  ])("say for %j who sends what", (args, expected) => {
    const options = readOptions(args);
    if (expected === undefined) expect(options).toBeUndefined();
    else expect(options).toMatchObject(expected);
  });

  it.each([
    [["--count", "0"], "--count must be a whole number above 0"],
    [["--answers", "2"], "--answers must be a share from 0 to 1"],
    [["--platform", "nobody"], "--platform must be one of moengage, webengage"],
    [["--channel", "fax"], "--channel must be one of whatsapp, sms, both"],
  ])("name in %j what makes no sense", (args, words) => {
    expect(() => readOptions(args)).toThrow(words);
  });
});
