import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import { createRandom } from "../../src/sandbox/random.ts";
import { createJobSigner } from "../../src/vcr/job-signer.ts";
import type { Run } from "./fire.ts";
import { judge } from "./judge.ts";
import { inWorld, NOTHING, secondsSince } from "./result.ts";
import { strangeRequest, TAKING } from "./strange.ts";

const FUZZ_REQUESTS = 20_000;
const AT_ONCE = 48;
/** It takes what the machine has. */
const LOAD = 150;

/** CleverTap's contract has another word for it. */
const unavailableOf = (path: string) => (path === "/clevertap/whatsapp" ? 500 : 503);

/** Twenty thousand strange requests over all routes: never a 5xx but 503, and the process lives on. */
export function fuzz(name: string, { seedOf, loading, tell }: Run): Promise<void> {
  const seed = seedOf(name);
  const random = createRandom(seed);
  const startedAt = Date.now();
  return inWorld(
    { seed, beside: ["webengage", "clevertap"], env: { LOG_LEVEL: "warn" } },
    tell,
    async (world, tell) => {
      const [replica] = world.connectors;
      const signer = createJobSigner([world.credentials.privateKey]);
      const dispatcher = new Agent({ connections: AT_ONCE });
      const bad: string[] = [];
      const taken = new Set<string>();
      let sent = 0;

      async function worker(): Promise<void> {
        while (sent < FUZZ_REQUESTS) {
          sent++;
          const { path, method, headers, body } = strangeRequest(random, world, signer);
          const hasBody = method !== "GET" && method !== "OPTIONS";
          try {
            const response = await request(`${replica?.url}${path}`, {
              ...{ method, headers, dispatcher },
              ...(hasBody ? { body } : {}),
            });
            await response.body.text();
            if (response.statusCode >= 500 && response.statusCode !== unavailableOf(path))
              bad.push(`${method} ${path.slice(0, 60)} ${response.statusCode}: ${body.slice(0, 200)}`);
            if (response.statusCode < 300) taken.add(path);
          } catch (error) {
            bad.push(`${method} ${path.slice(0, 60)}: ${(error as Error).message}`);
          }
        }
      }

      await loading(LOAD, () => Promise.all(Array.from({ length: AT_ONCE }, worker)));
      await dispatcher.close();
      // What was strange and yet taken is under way, and is not part of a campaign.
      await sleep(500);
      const { problems, peakMegabytes } = await judge(world, true, {});
      tell({
        ...{ ...NOTHING, name, messages: sent, recoverSeconds: 0, seconds: secondsSince(startedAt) },
        ...{ peakMegabytes, logFile: world.logFile },
        problems: [
          ...(replica?.isAlive() ? [] : ["the connector ended"]),
          ...problems.filter((problem) => /unhandled|memory|the log contains/.test(problem)),
          ...(bad.length > 0 ? [`${bad.length} answers, such as ${bad.slice(0, 3).join(" | ")}`] : []),
          ...TAKING.filter((path) => !taken.has(path)).map((path) => `nothing was taken at ${path}`),
        ],
      });
    },
  );
}
