import { readFile } from "node:fs/promises";
import type { ChaosWorld } from "../world.ts";

/** What scenarios look at, beside what every run is held against. */
export const logOf = (world: ChaosWorld) => readFile(world.logFile, "utf8");
export const count = (text: string, what: string) => text.split(what).length - 1;
export const unless = (holds: boolean, words: string) => (holds ? [] : [words]);
export const failures = ({ moengage }: ChaosWorld) => Object.entries(moengage.funnel().failed);
export const noFailures = (world: ChaosWorld) =>
  unless(failures(world).length === 0, `failed: ${JSON.stringify(failures(world))}`);

/** Messages a second that the connector sends now, by its own figures. */
export async function rateNow({ url }: ChaosWorld): Promise<number> {
  const metrics = await (await fetch(`${url}/_/metrics`)).text();
  return Number(metrics.match(/^connector_sending_rate\{.*queue="whatsapp"\} (\S+)$/m)?.[1]);
}
