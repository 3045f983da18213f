import { parseJson, type Reply, type SandboxRequest } from "./server.ts";

/** `GET /records` and the like, below `/_sandbox`; what a function returns is the JSON of the answer. */
export type ControlRoutes = Record<string, (body: unknown) => unknown>;

/** The answer to a request below `/_sandbox`, or undefined when the request is for the fake itself. */
export async function control(request: SandboxRequest, routes: ControlRoutes): Promise<Reply | undefined> {
  if (!request.path.startsWith("/_sandbox/")) return undefined;
  const route = routes[`${request.method} ${request.path.slice("/_sandbox".length)}`];
  if (route === undefined) return { status: 404, body: { routes: Object.keys(routes) } };
  const raw = await request.read();
  try {
    const result = await route(raw.length === 0 ? undefined : parseJson(raw));
    return { status: 200, body: result ?? { ok: true } };
  } catch (error) {
    return { status: 400, body: { message: error instanceof Error ? error.message : String(error) } };
  }
}
