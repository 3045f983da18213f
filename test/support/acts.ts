import { setTimeout as sleep } from "node:timers/promises";
import { createCredentials } from "../../src/sandbox/credentials.ts";
import type { MoEngage, SmsSend, WhatsAppSend } from "../../src/sandbox/moengage/index.ts";
import {
  type AcceptedMessage,
  type StatusName,
  signWebhook,
  type Vonage,
} from "../../src/sandbox/vonage/index.ts";
import { parsed } from "./taps.ts";

/** An account for all journeys of a file: making keys is slow. Its secrets are tagged, as all texts of journeys are to be. */
export const credentials = createCredentials();
export const AUTH = { "api-key": credentials.accountId, "api-secret": credentials.accountSecret };

export interface Answer {
  status: number;
  body: unknown;
}

export interface WebhookOptions {
  claims?: Record<string, unknown>;
  signatureSecret?: string;
  headers?: (token: string, raw: string) => Record<string, string>;
  /** Sent in place of the body that was signed. */
  altered?: object;
}

type Signing = Parameters<Vonage["sendStatus"]>[3];

/** What the platform and Vonage do of themselves. */
export interface Acts {
  post(path: string, body: unknown, headers?: Record<string, string>, url?: string): Promise<Answer>;
  /** As the platform sends, once: booked by the fake, and its answer held against the contract. */
  send(body: object): Promise<Answer>;
  /** The same, again while the answer is 503, which a machine out of breath may give first. */
  sendUntilTaken(body: object): Promise<Answer>;
  sendSms(body: object): Promise<Answer>;
  /** Sends a status as Vonage does, retries included, and resolves to how often it was answered what. */
  status(
    message: AcceptedMessage,
    name: StatusName,
    overrides?: object,
    signing?: Signing,
  ): Promise<number[]>;
  /** A signed webhook of Vonage, once; `claims` forge, null headers leave the signature out. */
  webhook(path: string, body: object | string, options?: WebhookOptions): Promise<Answer>;
}

/** Polls for an outcome; fails with `what` after a time that only a machine out of breath needs. */
export async function until(what: string, check: () => boolean, withinMs = 40_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!check()) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`);
    await sleep(5);
  }
}

export function createActs({
  moengage,
  vonage,
  url,
}: {
  moengage: MoEngage;
  vonage: Vonage;
  url: string;
}): Acts {
  const answerOf = ({ outcome }: Awaited<ReturnType<MoEngage["send"]>>): Answer => ({
    status: outcome.status ?? 0,
    body: parsed(outcome.body),
  });
  const post: Acts["post"] = async (path, body, headers = AUTH, at = url) => {
    const answer = await fetch(`${at}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: Buffer.isBuffer(body)
        ? new Uint8Array(body)
        : typeof body === "string"
          ? body
          : JSON.stringify(body),
    });
    return { status: answer.status, body: parsed(await answer.text()) };
  };
  const send: Acts["send"] = async (body) => answerOf(await moengage.send(body as WhatsAppSend));
  return {
    post,
    send,
    async sendUntilTaken(body) {
      for (let tries = 1; ; tries++) {
        const answer = await send(body);
        if (answer.status !== 503 || tries === 5) return answer;
      }
    },
    sendSms: async (body) => answerOf(await moengage.sendSms(body as SmsSend)),
    async status(message, name, overrides, signing) {
      const record = vonage.sendStatus(message, name, overrides, signing);
      await until(`Vonage's ${name} is settled`, () => record.outcome !== "pending");
      return record.attempts.map((attempt) => attempt.status ?? 0);
    },
    async webhook(path, body, { claims, signatureSecret, headers, altered } = {}) {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const secret = signatureSecret ?? credentials.signatureSecret;
      const token = signWebhook({ ...credentials, signatureSecret: secret }, text, claims);
      const given = headers?.(token, text) ?? { authorization: `Bearer ${token}` };
      return post(path, altered ? JSON.stringify(altered) : text, given);
    },
  };
}
