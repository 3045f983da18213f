import { createPublicKey } from "node:crypto";
import type { Credentials } from "../credentials.ts";
import { bearerToken, createTokenChecker } from "../jwt.ts";
import type { SandboxRequest } from "../server.ts";

/** Says why a provider request would be refused with 401, or undefined when it is in order. */
export type CheckAuth = (request: SandboxRequest) => string | undefined;

export function createAuthCheck(credentials: Credentials, serviceName?: string): CheckAuth {
  const checkToken = createTokenChecker(createPublicKey(credentials.publicKey));
  const expected: Record<string, unknown> = {
    api_application_id: credentials.applicationId,
    api_account_id: credentials.accountId,
    aud: "provider",
    iss: "project-instance",
  };
  const required = ["x-neru-sessionid", "x-neru-traceid", "x-neru-instanceid"];

  return ({ headers }) => {
    const token = bearerToken(headers.authorization);
    if (token === undefined) return "no bearer token";
    const claims = checkToken(token);
    if (claims === undefined) return "the token is not signed with the application's private key";
    for (const [name, value] of Object.entries(expected)) {
      if (claims[name] !== value) return `claim ${name} is not ${value}`;
    }
    const { exp, sub } = claims as { exp?: unknown; sub?: unknown };
    if (typeof exp !== "number" || exp * 1000 <= Date.now()) return "the token has expired";
    if (typeof sub !== "string" || sub === "") return "claim sub is missing";
    if (serviceName !== undefined && sub !== serviceName) return `claim sub is not ${serviceName}`;
    for (const name of required) if (!headers[name]) return `header ${name} is missing`;
    if (headers["x-neru-apiaccountid"] !== credentials.accountId)
      return "X-Neru-ApiAccountId is another account";
    if (headers["x-neru-apiapplicationid"] !== credentials.applicationId) {
      return "X-Neru-ApiApplicationId is another application";
    }
    return undefined;
  };
}
