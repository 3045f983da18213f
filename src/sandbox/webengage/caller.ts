import { CANARY } from "../auditor.ts";
import type { Sent } from "../campaign.ts";
import type { Channel, Ledger } from "../ledger.ts";
import type { SandboxNetwork } from "../network.ts";
import type { Outcome } from "../post.ts";
import { parseJson } from "../server.ts";
import { SEND_TIMEOUT_MS } from "./contract.ts";

/** What WebEngage presents to the connector. */
export const API_KEY = `${CANARY}-webengage-key`;

export interface Caller {
  /** A message of that id and recipient, without retries. */
  send(id: string, to: string, message: object): Promise<Sent>;
  /** Any body, its answer judged by the contract alone. */
  post(body: string, headers?: Record<string, string>): Promise<Outcome>;
  setConnector(url: string): void;
  close(): Promise<void>;
}

/** What a channel's contract says of an answer: its status code, or what is wrong with it. */
export type Judge = (answer: unknown) => { statusCode: number; fault?: undefined } | { fault: string };

/** Calls the connector on one channel, and books what it answers. */
export function createCaller(options: {
  connectorUrl: string;
  path: string;
  channel: Channel;
  judge: Judge;
  httpStatus: Record<number, number>;
  ledger: Ledger;
  network: SandboxNetwork;
}): Caller {
  const { path, channel, judge, httpStatus, ledger } = options;
  const poster = options.network.createPoster(64);
  let connector = options.connectorUrl.replace(/\/$/, "");

  async function post(body: string, headers: Record<string, string> = {}) {
    const outcome = await poster.post(`${connector}${path}`, {
      headers: { "content-type": "application/json", authorization: `Bearer ${API_KEY}`, ...headers },
      body,
      timeoutMs: SEND_TIMEOUT_MS,
    });
    if (outcome.status === undefined) return outcome;
    const verdict = judge(parseJson(Buffer.from(outcome.body)));
    if (verdict.fault !== undefined) ledger.violate({ rule: "wrong answer", detail: verdict.fault });
    else if (httpStatus[verdict.statusCode] !== outcome.status) {
      const detail = `${verdict.statusCode} with HTTP ${outcome.status}`;
      ledger.violate({ rule: "wrong answer", detail });
    }
    return outcome;
  }

  async function send(id: string, to: string, message: object): Promise<Sent> {
    const entry = ledger.entries.get(id) ?? ledger.offer(channel, id, to);
    const outcome = await post(JSON.stringify(message));
    // Throttling is the one answer that is tried again; what becomes of no answer is not published.
    if (outcome.status === undefined || outcome.status === 429) return { result: "again", id, outcome };
    const verdict = judge(parseJson(Buffer.from(outcome.body)));
    const isAccepted = verdict.fault === undefined && verdict.statusCode === 0;
    entry.accepted ||= isAccepted;
    return { result: isAccepted ? "accepted" : "refused", id, outcome };
  }

  return {
    send,
    post,
    setConnector(url) {
      connector = url.replace(/\/$/, "");
    },
    close: () => poster.close(),
  };
}
