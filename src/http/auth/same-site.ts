import type { Request } from "express";

const READS = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Whether a request that changes something comes from a page of this very site, or from a program. A browser sends a
 * name and password that it knows with whatever any site asks for, and says in these headers whose page that was.
 * https://developer.mozilla.org/en-US/docs/Web/HTTP/Headers/Sec-Fetch-Site
 */
export function asksForOneself(
  { method, headers }: Pick<Request, "method" | "headers">,
  publicUrl = "",
): boolean {
  if (READS.has(method)) return true;
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") return false;
  const { origin, host } = headers;
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  // An ingress may have put another host in place of the one that the browser asked for.
  const own = URL.canParse(publicUrl) ? new URL(publicUrl).host : undefined;
  return [host, own].includes(new URL(origin).host);
}
