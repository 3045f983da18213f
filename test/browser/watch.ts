import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Browser, BrowserContext, Page } from "playwright-core";

/** Of an inspection, what must not be there. */
export type Faults = string[];

const WIDTHS = { phone: 390, laptop: 1_280 } as const;
export type Width = keyof typeof WIDTHS;

const axe = readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string }[];
}

/** A browser at one width, that knows the password, and writes down whatever goes wrong in it. */
export async function openWatched(
  browser: Browser,
  {
    url,
    password,
    width,
    dark = false,
    scripts = true,
  }: { url: string; password: string; width: Width; dark?: boolean; scripts?: boolean },
  faults: Faults,
): Promise<{ context: BrowserContext; page: Page; inspect(what: string): Promise<void> }> {
  const context = await browser.newContext({
    httpCredentials: { username: "browser-test", password },
    viewport: { width: WIDTHS[width], height: 844 },
    colorScheme: dark ? "dark" : "light",
    javaScriptEnabled: scripts,
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`script: ${error.message}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(`${url}/`)) faults.push(`a request to elsewhere: ${request.url()}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400 && response.status() !== 401)
      faults.push(`${response.status()} ${response.url()}`);
  });

  /** Nothing stands out of the page, and nothing keeps anybody from reading it. */
  async function inspect(what: string): Promise<void> {
    const where = `${what}, ${width}${dark ? ", dark" : ""}`;
    const [content, room] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ]);
    if ((content ?? 0) > (room ?? 0)) faults.push(`${where}: wider than the screen (${content} of ${room})`);
    await page.evaluate(await axe);
    const violations = (await page.evaluate(
      "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)",
    )) as Violation[];
    for (const { id, impact, nodes } of violations)
      if (["serious", "critical"].includes(impact))
        faults.push(`${where}: ${id} (${impact}), ${nodes[0]?.html.slice(0, 200)}`);
  }

  return { context, page, inspect };
}
