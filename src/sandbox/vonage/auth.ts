import { createPublicKey, timingSafeEqual } from "node:crypto";
import type { Credentials } from "../credentials.ts";
import { bearerToken, createTokenChecker } from "../jwt.ts";
import type { Answer, SandboxRequest } from "../server.ts";
import { problem } from "./problems.ts";

export interface Auth {
  /** Bearer or Basic, exactly one; the refusal otherwise. */
  checkSend(request: SandboxRequest): Answer | undefined;
  checkBasic(request: SandboxRequest): Answer | undefined;
}

function same(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

export function createAuth(credentials: Credentials): Auth {
  const checkToken = createTokenChecker(createPublicKey(credentials.publicKey));
  const basic = `Basic ${Buffer.from(`${credentials.accountId}:${credentials.accountSecret}`).toString("base64")}`;

  const checkBearer = (token: string): Answer | undefined => {
    const claims = checkToken(token);
    if (claims === undefined) return problem(401);
    const { application_id, iat, jti, exp } = claims as Record<string, unknown>;
    const isComplete =
      typeof iat === "number" && typeof exp === "number" && typeof jti === "string" && jti !== "";
    if (!isComplete || application_id !== credentials.applicationId) return problem(401);
    // A minute of clock skew, as real verifiers allow.
    if (iat > Date.now() / 1000 + 60) return problem(401);
    return exp <= Date.now() / 1000 ? problem(401, { anchor: "#jwt-expired" }) : undefined;
  };

  const checkBasic = (request: SandboxRequest) =>
    same(request.headers.authorization ?? "", basic) ? undefined : problem(401);

  return {
    checkBasic,
    checkSend(request) {
      const { rawHeaders } = request.raw;
      const given = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === "authorization");
      const inQuery = request.query.has("api_key") || request.query.has("api_secret");
      if (given.length + Number(inQuery) > 1) return problem(401, { anchor: "#multiple-auth-methods" });
      const token = bearerToken(request.headers.authorization);
      return token === undefined ? checkBasic(request) : checkBearer(token);
    },
  };
}
