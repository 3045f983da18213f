import { mkdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import type { Job } from "../../src/core/job.ts";
import { heldBucket } from "../../src/core/state-keys.ts";
import type { ConnectorProcess } from "../../src/sandbox/connector.ts";
import { createWorld, processes, type World } from "../../src/sandbox/world.ts";
import { createJobSigner } from "../../src/vcr/job-signer.ts";
import { launch } from "./chromium.ts";
import { type Faults, openWatched, type Width } from "./watch.ts";

const PASSWORD = "browser-test-password";
const PICTURES = "docs/images";
const [HELD_ID, OPTED_OUT] = ["held-message-1", "447700900199"];
const PAGES = [
  ...[
    "status",
    "results",
    "failures",
    "message",
    "setup",
    "test-send",
    "opt-outs",
    "held",
    "templates",
    "settings",
  ],
];

type Sandbox = World<ConnectorProcess, "moengage">;

/** What must be so; anything else is a fault in words. */
function expectTrue(faults: Faults, holds: boolean, words: string): void {
  if (!holds) faults.push(words);
}

/** A finished campaign, somebody who has opted out, and a message that the queue gave up on. */
async function startSandbox(): Promise<Sandbox> {
  const run = await processes({ name: "browser" });
  const world = await createWorld({
    run,
    platforms: ["moengage"],
    env: { CONSOLE_PASSWORD: PASSWORD, DISPATCH_RATE_PER_SECOND: "200" },
    vonage: { timeScale: 0.02, traffic: { failureShare: 0.2, ratePerSecond: 400 } },
  });
  const { moengage } = world.platforms;
  await moengage.syncTemplates();
  for (const channel of ["whatsapp", "sms"] as const)
    await moengage.campaign({ channel, count: 60, rate: 200 });
  const deadline = Date.now() + 60_000;
  while (moengage.funnel().waiting > 0 && Date.now() < deadline) await sleep(200);
  world.vcr.state("account", "HSET", "suppressed:sms", [`stop ${OPTED_OUT}`, String(Date.now() - 3_600_000)]);
  holdOne(world);
  return world;
}

/** As it stands when a job has died six times. */
function holdOne({ vcr, credentials, senders }: Sandbox): void {
  const now = Date.now();
  const job: Job = {
    kind: "send",
    attempt: 1,
    message: {
      ...{
        id: HELD_ID,
        origin: "ms",
        channel: "sms",
        from: senders.sms,
        to: "447700900124",
        text: "Hello again",
      },
      ...{ acceptedAt: now - 60_000, expiresAt: now + 3_600_000 },
    },
  };
  const signed = createJobSigner([credentials.privateKey]).sign(job);
  const letter = { is: "given-up", foundAt: now, replays: 5, at: now, signed };
  vcr.state("application:sandbox-instance", "HSET", heldBucket("sms", now).key, [
    "held-key-1",
    JSON.stringify(letter),
  ]);
}

/** What somebody does whose campaign half failed. */
async function walk(browser: Browser, { url, vcr }: Sandbox, width: Width, faults: Faults): Promise<void> {
  const { context, page, inspect } = await openWatched(browser, { url, password: PASSWORD, width }, faults);
  await page.goto(`${url}/console`);
  expectTrue(faults, page.url() === `${url}/console/status`, "the console does not lead to Status");
  await inspect("status");

  // From Results to a message that failed, and to what to do.
  await page.getByRole("link", { name: "Results" }).click();
  await page.getByRole("heading", { name: "What to do next" }).waitFor();
  await inspect("results");
  const why = page.locator(".next li").first();
  const nextStep = (await why.locator(".do").innerText()).trim();
  await picture(page, `console-results-${width}`);
  await why.locator("a.id").first().click();
  await page.getByRole("heading", { name: "Step by step" }).waitFor();
  await inspect("message");
  const story = await page.locator("#story").innerText();
  expectTrue(faults, story.includes("It failed."), `the story of a failed message does not say so: ${story}`);
  expectTrue(faults, story.includes(nextStep), `the story has another next step than Results: ${nextStep}`);
  await picture(page, `console-message-${width}`);

  // The row opens to its reasons with the keyboard alone.
  await page.goto(`${url}/console/results`);
  const summary = page.locator("#rows summary").first();
  await summary.focus();
  await page.keyboard.press("Enter");
  await page.locator("#rows details[open] .do").first().waitFor();

  // An opt-out is found, and removed.
  await page.getByRole("link", { name: "Opt-outs" }).click();
  const one = page.locator("section", { has: page.getByRole("heading", { name: "One person" }) });
  await one.getByLabel("Channel").selectOption("sms");
  await one.getByLabel("Phone number").fill(OPTED_OUT);
  await one.getByRole("button", { name: "Look up" }).click();
  await page.getByText("…0199 has opted out of SMS").waitFor();
  expectTrue(faults, !(await page.content()).includes(OPTED_OUT), "a page shows a whole number");
  await one.getByLabel("Phone number").fill(OPTED_OUT);
  await one.getByRole("button", { name: "Remove the opt-out" }).click();
  await page.getByText("…0199 gets messages on SMS").waitFor();
  await inspect("opt-outs");
  vcr.state("account", "HSET", "suppressed:sms", [`stop ${OPTED_OUT}`, String(Date.now())]);

  await context.close();
}

/** Puts the held message back, and sees that it was sent. */
async function replay(browser: Browser, { url, vonage }: Sandbox, faults: Faults): Promise<void> {
  const { context, page, inspect } = await openWatched(
    browser,
    { url, password: PASSWORD, width: "laptop" },
    faults,
  );
  await page.goto(`${url}/console/held`);
  await page.getByText("given up: it died again").waitFor();
  await inspect("held");
  await picture(page, "console-held");
  await page.getByRole("button", { name: `Put back ${HELD_ID}` }).click();
  await page.getByText("1 message put back on the queue, 0 still held.").waitFor();
  const isSent = () => vonage.messages.some((message) => JSON.stringify(message).includes(HELD_ID));
  for (let tries = 0; tries < 100 && !isSent(); tries++) await sleep(100);
  expectTrue(faults, isSent(), "the message that was put back was not sent");
  await context.close();
}

/** Sends a test message and sees its stages without a reload. */
async function testSend(browser: Browser, { url }: Sandbox, faults: Faults): Promise<void> {
  const { context, page } = await openWatched(browser, { url, password: PASSWORD, width: "phone" }, faults);
  await page.goto(`${url}/console/templates`);
  await page.getByRole("link", { name: "Test greeting (en)" }).click();
  await page.getByLabel("Your phone number").fill("447700900125");
  await page.getByLabel("Values of the body").fill("Ana\nAB-123456");
  await page.getByRole("button", { name: "Send" }).click();
  // One in five fails here, as in the campaign.
  await page.getByText(/It was delivered|It failed/).waitFor({ timeout: 30_000 });
  await context.close();
}

/** A page that is open shows what happens, and says when nobody tells it any more. */
async function live(browser: Browser, { url }: Sandbox, faults: Faults): Promise<void> {
  const cutOff: Faults = [];
  const { context, page } = await openWatched(browser, { url, password: PASSWORD, width: "laptop" }, cutOff);
  await page.goto(`${url}/console/results?platform=console`);
  await page.getByText("Nothing was sent since").waitFor();
  const data = { channel: "sms", to: "447700900126", text: "Hello" };
  await context.request.post(`${url}/console/api/test-send`, { data });
  await page.getByText("SMS without a template").first().waitFor({ timeout: 30_000 });
  faults.push(...cutOff.splice(0));
  await context.setOffline(true);
  await page.locator("#stale").waitFor({ timeout: 30_000 });
  await context.setOffline(false);
  await page.locator("#stale").waitFor({ state: "hidden", timeout: 30_000 });
  await context.close();
}

/** Everything can be read and followed where the browser runs no scripts. */
async function withoutScripts(browser: Browser, { url }: Sandbox, faults: Faults): Promise<void> {
  const options = { url, password: PASSWORD, width: "phone" as const, scripts: false };
  const { context, page } = await openWatched(browser, options, faults);
  await page.goto(`${url}/console/results`);
  await page.locator(".next a.id").first().click();
  await page.getByText("It failed.").waitFor();
  await context.close();
}

/** A connector with three things wrong, beside the one that is right. */
async function setup(browser: Browser, world: Sandbox, faults: Faults): Promise<void> {
  const spoilt = await world.start({
    WHATSAPP_NUMBER: "14155550123",
    WABA_ID: "",
    VCR_INSTANCE_PUBLIC_URL: "",
  });
  await spoilt.stop();
  const port = spoilt.port;
  const { url, stop } = await world.start(
    { WHATSAPP_NUMBER: "14155550123", WABA_ID: "", VCR_INSTANCE_PUBLIC_URL: `http://127.0.0.1:${port}` },
    port,
  );
  await fetch(`${url}/webhooks/send`, { method: "POST", headers: { "api-key": "no", "api-secret": "no" } });
  const { context, page, inspect } = await openWatched(
    browser,
    { url, password: PASSWORD, width: "laptop" },
    faults,
  );
  await page.goto(`${url}/console/setup`);
  const wrong = page.locator(".checks li.wrong");
  await page.locator("#check-templates-14155550123.wrong").waitFor({ timeout: 30_000 });
  const ids = await wrong.evaluateAll((items) => items.map(({ id }) => id.replace("check-", "")));
  const expected = ["inbound-url", "status-url", "platform-credentials", "templates-14155550123"];
  expectTrue(
    faults,
    expected.every((id) => ids.includes(id)),
    `Setup finds ${ids.join(", ")}`,
  );
  const remedies = await wrong.locator(".do").allInnerTexts();
  expectTrue(faults, remedies.length === ids.length, "something that is wrong has no remedy");
  await inspect("setup with faults");
  await picture(page, "console-setup");
  await context.close();
  await stop();
}

/** Every page, at both widths, light and dark. */
async function look(
  browser: Browser,
  { url }: Sandbox,
  width: Width,
  dark: boolean,
  faults: Faults,
): Promise<void> {
  const { context, page, inspect } = await openWatched(
    browser,
    { url, password: PASSWORD, width, dark },
    faults,
  );
  for (const name of PAGES) {
    await page.goto(`${url}/console/${name}`);
    await page.locator("h1").waitFor();
    await inspect(name);
    // Whoever comes with the keyboard can go past the links.
    await page.keyboard.press("Tab");
    const skips = await page.evaluate(() => document.activeElement?.textContent);
    expectTrue(
      faults,
      skips === "Skip to the content",
      `${name}: the first stop of the keyboard is ${skips}`,
    );
  }
  await context.close();
}

async function picture(page: Page, name: string): Promise<void> {
  if (!process.argv.includes("--pictures")) return;
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: `${PICTURES}/${name}.png` });
}

async function main(): Promise<number> {
  const browser = await launch();
  if (typeof browser === "string") {
    console.error(`\n!!! THE BROWSER TEST WAS SKIPPED: ${browser}\n`);
    return 0;
  }
  const world = await startSandbox();
  const faults: Faults = [];
  const steps: [string, () => Promise<void>][] = [
    [
      "a failed message, its next step, an opt-out, on a laptop",
      () => walk(browser, world, "laptop", faults),
    ],
    ["the same on a phone", () => walk(browser, world, "phone", faults)],
    ["a held message is put back", () => replay(browser, world, faults)],
    ["a page that stays open", () => live(browser, world, faults)],
    ["a test message, stage by stage", () => testSend(browser, world, faults)],
    ["without scripts", () => withoutScripts(browser, world, faults)],
    ["a setup with three things wrong", () => setup(browser, world, faults)],
    ["every page, on a laptop", () => look(browser, world, "laptop", false, faults)],
    ["every page, on a phone, dark", () => look(browser, world, "phone", true, faults)],
  ];
  for (const [what, step] of steps) {
    const before = faults.length;
    await step().catch((error: Error) => faults.push(error.message));
    console.log(`${faults.length === before ? "ok" : "FAULT"}  ${what}`);
  }
  await browser.close();
  await world.stop();
  for (const fault of faults) console.error(`  ${fault}`);
  return faults.length === 0 ? 0 : 1;
}

process.exitCode = await main();
