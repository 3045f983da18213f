import type { Funnel, Violation } from "./ledger.ts";
import type { FakePlatform } from "./platform.ts";
import type { World } from "./world.ts";

function counted(items: string[], words: string): string[] {
  return items.length === 0 ? [] : [`${items.length} ${words}, such as ${items.slice(0, 3).join(", ")}`];
}

/** What must not have happened to a platform's messages, in words. */
function platformProblems(name: string, platform: FakePlatform, vonage: World["vonage"]): string[] {
  const { accepted, settled } = platform.funnel();
  const inWords = ({ rule, id, detail }: Violation) => `${rule} (${detail}${id ? `, ${id}` : ""})`;
  return [
    ...(accepted === settled ? [] : [`${accepted - settled} messages of ${name} are not settled`]),
    ...counted(platform.violations().map(inWords), `${VIOLATIONS} ${name}`),
    ...counted(platform.altered(vonage.messages), `messages of ${name} altered on their way`),
  ];
}

/** How a problem begins that is a platform's violations of its contract, before the platform's name. */
export const VIOLATIONS = "violations of the contract of";

/** Everything that must not have happened, in words; empty when all is well. */
export async function findProblems(
  world: Pick<World, "vonage" | "vcr" | "leaks"> & { platforms: Record<string, FakePlatform> },
): Promise<string[]> {
  const { platforms, vonage, vcr } = world;
  const { webhooks, sentTwice } = vonage.records();
  const { queues, violations } = vcr.records();
  const dead = Object.entries(queues).filter(([, queue]) => queue.dead > 0);
  const lost = Object.entries(webhooks).filter(([kind]) => /lost|dropped/.test(kind));
  return [
    ...Object.entries(platforms).flatMap(([name, platform]) => platformProblems(name, platform, vonage)),
    ...counted(violations, "violations at the VCR"),
    ...counted(sentTwice, "messages sent twice"),
    ...lost.map(([kind, count]) => `${count} webhooks: ${kind}`),
    ...dead.map(([name, queue]) => `${queue.dead} dead letters in ${name}`),
    ...(await world.leaks()).map((what) => `the log contains ${what}`),
  ];
}

/** The funnel as a table, with the reasons of failures below it. */
export function funnelTable(funnels: Record<string, Funnel>): string {
  const columns = ["accepted", "sent", "delivered", "read", "failed", "waiting"] as const;
  const count = (funnel: Funnel, column: (typeof columns)[number]) =>
    column === "failed" ? Object.values(funnel.failed).reduce((sum, n) => sum + n, 0) : funnel[column];
  const row = (name: string, cells: (string | number)[]) =>
    `${name.padEnd(10)}${cells.map((cell) => String(cell).padStart(11)).join("")}`;
  const lines = [row("", [...columns])];
  for (const [name, funnel] of Object.entries(funnels)) {
    lines.push(
      row(
        name,
        columns.map((column) => count(funnel, column)),
      ),
    );
  }
  for (const [name, funnel] of Object.entries(funnels)) {
    const reasons = Object.entries(funnel.failed).sort(([, a], [, b]) => b - a);
    for (const [reason, n] of reasons) lines.push(`  ${name} failed ${String(n).padStart(6)}  ${reason}`);
  }
  return lines.join("\n");
}
