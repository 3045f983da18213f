import { z } from "zod";
import type { Credentials } from "../credentials.ts";
import type { Answer, Reply, SandboxRequest } from "../server.ts";
import type { Auth } from "./auth.ts";
import { problem } from "./problems.ts";
import type { createTemplateApi } from "./template-api.ts";

/** What faults and delays are set by. */
export const RouteName = z.enum(["messages", "applications", "templates", "wabas"]);
export type RouteName = z.infer<typeof RouteName>;

export interface Route {
  method: string;
  path: RegExp;
  name: RouteName;
  answer(request: SandboxRequest): Promise<Reply>;
}

/** The account's endpoints: the route of a request, or the problem that it has none. */
export function createRoutes(deps: {
  auth: Auth;
  credentials: Credentials;
  /** The application's URLs, as the Applications API shows them. */
  urls(): { statusUrl?: string | undefined; inboundUrl?: string | undefined };
  send(request: SandboxRequest): Promise<Reply>;
  management: ReturnType<typeof createTemplateApi>;
}): (request: SandboxRequest) => Route | Answer {
  const { auth, credentials, urls, send, management } = deps;
  const webhook = (address: string | undefined) => ({ address: address ?? "", http_method: "POST" });
  const showApplication = async (request: SandboxRequest): Promise<Reply> => {
    const refusal = auth.checkBasic(request);
    if (refusal !== undefined) return refusal;
    if (request.path !== `/v2/applications/${credentials.applicationId}`) return problem(404);
    const body = {
      id: credentials.applicationId,
      name: "Sandbox application",
      capabilities: {
        messages: {
          version: "v1",
          webhooks: { inbound_url: webhook(urls().inboundUrl), status_url: webhook(urls().statusUrl) },
        },
      },
      keys: { public_key: credentials.publicKey },
    };
    return { status: 200, body };
  };

  /** One line per endpoint of the account: method, path, the name its faults are set by, and what answers. */
  const routes: Route[] = [
    { method: "POST", path: /^\/v1\/messages$/, name: "messages", answer: send },
    { method: "GET", path: /^\/v2\/applications\/[^/]+$/, name: "applications", answer: showApplication },
    {
      method: "GET",
      path: /^\/v2\/whatsapp-manager\/wabas\/\d+\/templates$/,
      name: "templates",
      answer: management.listTemplates,
    },
    {
      method: "GET",
      path: /^\/v1\/channel-manager\/whatsapp\/wabas$/,
      name: "wabas",
      answer: management.listWabas,
    },
    {
      method: "GET",
      path: /^\/v1\/channel-manager\/whatsapp\/wabas\/\d+\/numbers$/,
      name: "wabas",
      answer: management.listNumbers,
    },
  ];

  return (request) => {
    const matching = routes.filter(({ path }) => path.test(request.path));
    return (
      matching.find(({ method }) => method === request.method) ?? problem(matching.length > 0 ? 405 : 404)
    );
  };
}
