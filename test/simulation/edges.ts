import type { Request } from "./net.ts";
import type { Edge } from "./world.ts";

/** Which exchange this is, by what is in it: the same whatever else happens in its world. */
export function edgeOf(url: URL, method: string): Edge {
  const func = url.searchParams.get("func") ?? "";
  if (func.startsWith("client-persistence")) return "state";
  if (func.startsWith("queue"))
    return method === "POST" && url.pathname.endsWith("/enqueue") ? "enqueue" : "queue";
  if (url.hostname === "vonage.sim") return url.pathname === "/v1/messages" ? "send" : "vonage";
  if (url.hostname === "moengage.sim") return "moengage";
  if (url.hostname === "webengage.sim") return "webengage";
  if (url.hostname === "clevertap.sim") return "clevertap";
  if (url.pathname === "/webhooks/message-dispatcher") return "callback";
  if (url.pathname === "/webhooks/status") return "status";
  if (url.pathname === "/webhooks/inbound") return "inbound";
  return url.pathname === "/sync_templates" ? "sync" : "intake";
}

/** Ids and texts of an exchange without what changes from run to run of it. */
export function nameOf(edge: Edge, { method, body }: Request, { pathname }: URL): string {
  const ids = body.match(/[0-9a-f]{24}_[0-9a-f]{24}_\d+|"(?:key|operation|status|to|from)":"[^"]*"/g) ?? [];
  return `${edge} ${method} ${pathname} ${[...new Set(ids)].slice(0, 4).join(" ")}`;
}
