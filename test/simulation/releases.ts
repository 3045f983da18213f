import { createHmac, createPrivateKey, hkdfSync } from "node:crypto";
import { CREDENTIALS } from "./credentials.ts";

/**
 * The release after this one, which has another format of jobs: what it writes a replica of this release cannot read,
 * and it reads both. Made of this release by changing what crosses its edge.
 */
export const VERSIONS = { here: 1, next: 2 };

const der = createPrivateKey(CREDENTIALS.privateKey).export({ type: "pkcs8", format: "der" });
const secret = Buffer.from(hkdfSync("sha256", der, "", "job key v1", 32));

/** Every signed job in a JSON text, however deep, as the other version has it. */
export function translated(text: string, from: number, to: number): string {
  if (!text.includes("version")) return text;
  const walked = walk(text, { from, to });
  return typeof walked === "string" ? walked : text;
}

function walk(value: unknown, change: { from: number; to: number }): unknown {
  if (typeof value === "string") {
    const inner = value.includes("version") ? parsed(value) : undefined;
    return typeof inner === "object" && inner !== null ? JSON.stringify(walk(inner, change)) : value;
  }
  if (Array.isArray(value)) return value.map((item) => walk(item, change));
  if (typeof value !== "object" || value === null) return value;
  if ("mac" in value && "body" in value) return signed(value as { body: string }, change);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, walk(item, change)]));
}

function signed<T extends { body: string }>(job: T, { from, to }: { from: number; to: number }): T {
  const content = parsed(job.body) as { version?: number } | undefined;
  if (content?.version !== from) return job;
  const body = JSON.stringify({ ...content, version: to });
  return { ...job, mac: createHmac("sha256", secret).update(body).digest("base64url"), body };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
