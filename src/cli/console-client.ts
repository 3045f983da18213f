import { basicAuth } from "../lib/http.ts";

/** The console's JSON over HTTP. */
export interface ConsoleClient {
  get(path: string, query?: Record<string, string | undefined>): Promise<unknown>;
  post(path: string, body: object): Promise<unknown>;
}

/** Why there is no answer, in words; `isUsage` where the question made no sense. */
export class NoAnswer extends Error {
  readonly isUsage: boolean;
  constructor(message: string, isUsage = false) {
    super(message);
    this.isUsage = isUsage;
  }
}

/** An import of a long list takes longest. */
const DEADLINE_MS = 60_000;
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Rejects with NoAnswer alone. A password goes over https, or stays on this machine. */
export function openConsole(
  address: string | undefined,
  { CONNECTOR_USER: user = "connector", CONNECTOR_PASSWORD: password }: Record<string, string | undefined>,
): ConsoleClient {
  if (!address)
    throw new NoAnswer("Say where the connector is: --url https://<instance>, or CONNECTOR_URL", true);
  if (!URL.canParse(address))
    throw new NoAnswer("--url must be a complete address such as https://<instance>", true);
  const base = new URL(address);
  if (base.protocol !== "https:" && !LOOPBACK.has(base.hostname))
    throw new NoAnswer("--url must begin with https://: a password is sent there", true);
  if (!password) throw new NoAnswer("Put the console's password into CONNECTOR_PASSWORD", true);

  async function ask(path: string, init: RequestInit): Promise<unknown> {
    const url = `${base.origin}/console/api${path}`;
    const headers = { authorization: basicAuth(user, password ?? ""), "content-type": "application/json" };
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const answer = await fetch(url, { ...init, headers, signal, redirect: "error" }).catch(() => {
      throw new NoAnswer(`The connector at ${base.origin} cannot be reached`);
    });
    const body: unknown = await answer.json().catch(() => undefined);
    if (answer.ok || isNotFound(body)) return body;
    throw refusal(answer.status, body);
  }

  return {
    get(path, query = {}) {
      const given = Object.entries(query).filter(
        (entry): entry is [string, string] => entry[1] !== undefined,
      );
      const search = new URLSearchParams(given).toString();
      return ask(search ? `${path}?${search}` : path, { method: "GET" });
    },
    post: (path, body) => ask(path, { method: "POST", body: JSON.stringify(body) }),
  };
}

/** A story of nobody is an answer. */
const isNotFound = (body: unknown) => (body as { found?: unknown } | undefined)?.found === false;

function refusal(status: number, body: unknown): NoAnswer {
  const { message } = (body ?? {}) as { message?: unknown };
  const words = typeof message === "string" ? message : `HTTP ${status}`;
  if (status === 401)
    return new NoAnswer(
      "The connector refuses the password: CONNECTOR_PASSWORD must be its CONSOLE_PASSWORD, or where there is none the account's API secret, with the API key in CONNECTOR_USER",
    );
  if (body === undefined)
    return new NoAnswer(
      `What answers there is no connector, or its path /console is not public (HTTP ${status})`,
    );
  return new NoAnswer(words, status === 400);
}
