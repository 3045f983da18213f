import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import type { Funnel } from "./moengage/index.ts";
import { webengageProblems } from "./webengage-audit.ts";
import type { World } from "./world.ts";

/** Of the ids that campaigns give: 24, 24 and 11 characters with two separators. */
const MESSAGE_ID_LENGTH = 61;

/** `index` may travel as a number or as a string; Meta takes both. */
function comparable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? [], (key, item: unknown) => (key === "index" ? String(item) : item)),
  );
}

/** WhatsApp messages whose components differ from what the platform asked for. */
function alteredMessages({ moengage, vonage }: World): string[] {
  const altered: string[] = [];
  for (const { request } of vonage.messages) {
    if (request.channel !== "whatsapp" || request.message_type !== "custom") continue;
    const template = request.custom["template"] as { components?: unknown } | undefined;
    // The reference may carry a tag in front of the id.
    const asked = moengage.sent.get(request.client_ref?.slice(-MESSAGE_ID_LENGTH) ?? "");
    if (asked === undefined) continue;
    if (isDeepStrictEqual(comparable(template?.components), comparable(asked.template.components))) continue;
    altered.push(asked.msg_id);
  }
  return altered;
}

/** What must never be in a log: whole phone numbers, secrets, keys, delivery URLs. */
async function leaks({ credentials, logFile, moengage, webengage }: World): Promise<string[]> {
  const log = await readFile(logFile, "utf8");
  const secrets: Record<string, string | RegExp> = {
    // The token of a claim and the end of a UUID have as many digits, and may begin so.
    "a phone number": /(?<!"token":|[0-9a-f]{4}-)\b999\d{9}\b/,
    "a private key": "PRIVATE KEY",
    "the account's secret": credentials.accountSecret,
    "the signature secret": credentials.signatureSecret,
    "the delivery URL": moengage.deliveryUrl,
    "the SMS delivery URL": moengage.smsDeliveryUrl,
    ...(webengage ? { "WebEngage's tracking URL": webengage.dsnUrl } : {}),
    "WebEngage's secrets": /sandbox-(webengage-key|dsn-token)/,
  };
  return Object.entries(secrets)
    .filter(([, secret]) => (typeof secret === "string" ? log.includes(secret) : secret.test(log)))
    .map(([what]) => what);
}

function counted(items: string[], words: string): string[] {
  return items.length === 0 ? [] : [`${items.length} ${words}, such as ${items.slice(0, 3).join(", ")}`];
}

/** Everything that must not have happened, in words; empty when all is well. */
export async function findProblems(world: World): Promise<string[]> {
  const { moengage, webengage, vonage, vcr } = world;
  const funnel = moengage.funnel();
  const { webhooks, sentTwice } = vonage.records();
  const { queues, violations } = vcr.records();
  const dead = Object.entries(queues).filter(([, queue]) => queue.dead > 0);
  const lost = Object.entries(webhooks).filter(([kind]) => /lost|dropped/.test(kind));
  return [
    ...(funnel.accepted === funnel.settled
      ? []
      : [`${funnel.accepted - funnel.settled} messages are not settled`]),
    ...counted(
      moengage
        .records()
        .violations.map(({ rule, id, detail }) => `${rule} (${detail}${id ? `, ${id}` : ""})`),
      "violations of the platform's contract",
    ),
    ...(webengage ? webengageProblems(webengage, vonage) : []),
    ...counted(violations, "violations at the VCR"),
    ...counted(sentTwice, "messages sent twice"),
    ...counted(alteredMessages(world), "messages altered on their way"),
    ...lost.map(([kind, count]) => `${count} webhooks: ${kind}`),
    ...dead.map(([name, queue]) => `${queue.dead} dead letters in ${name}`),
    ...(await leaks(world)).map((what) => `the log contains ${what}`),
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
    if (name === "total") continue;
    const reasons = Object.entries(funnel.failed).sort(([, a], [, b]) => b - a);
    for (const [reason, n] of reasons) lines.push(`  ${name} failed ${String(n).padStart(6)}  ${reason}`);
  }
  return lines.join("\n");
}
