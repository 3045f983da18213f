import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Bridge, Config, JWT, Queue, State, VCRSession } from "@vonage/vcr-sdk";
import { type Credentials, createCredentials } from "../../src/sandbox/credentials.ts";
import { signJwt, verifyJwt } from "../../src/sandbox/jwt.ts";
import { type Handler, type SandboxServer, serve } from "../../src/sandbox/server.ts";

export const credentials = createCredentials();
export const SERVICE_NAME = "neru-test-connector";
const SESSION_ID = "00000000-0000-0000-0000-000000000000";

export async function eventually(check: () => boolean, what = "the outcome"): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!check()) {
    if (Date.now() > deadline) throw new Error(`${what} did not come about`);
    await sleep(2);
  }
}

class QuietBridge extends Bridge {
  override log() {}
}

class LocalConfig extends Config {
  readonly base: string;
  constructor(bridge: Bridge, base: string) {
    super(bridge);
    this.base = base;
    this.logsSubmission = false;
    this.instanceServiceName = SERVICE_NAME;
    this.instanceId = "inst-1";
    this.apiAccountId = credentials.accountId;
    this.apiApplicationId = credentials.applicationId;
    this.privateKey = credentials.privateKey;
  }
  override getExecutionUrl(func: string, pathname = "", query: Record<string, string> = {}): string {
    const parameters = new URLSearchParams({ func: `${func}.neru`, async: "false", ...query });
    return `${this.base}/${pathname ?? ""}?${parameters}`;
  }
}

export function sdk(url: string) {
  const bridge = new QuietBridge();
  const config = new LocalConfig(bridge, url);
  const session = new VCRSession(bridge, config, new JWT(bridge, config), SESSION_ID);
  return { session, queue: new Queue(session), state: (space?: string) => new State(session, space) };
}

export function providerClaims(): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  return {
    api_application_id: credentials.applicationId,
    api_account_id: credentials.accountId,
    aud: "provider",
    iss: "project-instance",
    sub: SERVICE_NAME,
    iat: now,
    exp: now + 300,
  };
}

export function rs256(claims: Record<string, unknown>, signer: Credentials = credentials): string {
  return signJwt("RS256", claims, createPrivateKey(signer.privateKey));
}

export function providerHeaders(token = rs256(providerClaims())): Record<string, string> {
  return {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    "x-neru-sessionid": SESSION_ID,
    "x-neru-traceid": "5f0c3a52-2b1c-4b8e-9d9e-3f0f6f4d2c11",
    "x-neru-instanceid": "inst-1",
    "x-neru-apiaccountid": credentials.accountId,
    "x-neru-apiapplicationid": credentials.applicationId,
  };
}

export const verifyPlatformToken = (token: string) =>
  verifyJwt("RS256", token, createPublicKey(credentials.publicKey));

export const sha256 = (raw: Buffer) => createHash("sha256").update(raw).digest("hex");

export interface Call {
  path: string;
  headers: Record<string, unknown>;
  raw: Buffer;
  body: unknown;
}

export async function startApp(
  answer: (call: Call, count: number) => ReturnType<Handler> = () => ({ status: 200 }),
): Promise<SandboxServer & { calls: Call[] }> {
  const calls: Call[] = [];
  const server = await serve(0, async (request) => {
    const raw = await request.read();
    const call = { path: request.path, headers: request.headers, raw, body: JSON.parse(raw.toString()) };
    calls.push(call);
    return answer(call, calls.length);
  });
  return Object.assign(server, { calls });
}
