import { isDeepStrictEqual } from "node:util";
import { CANARY } from "../auditor.ts";
import { type CampaignResult, runCampaign, type Sent } from "../campaign.ts";
import type { Ledger } from "../ledger.ts";
import type { SandboxNetwork } from "../network.ts";
import type { FakeCampaign, FakePlatform } from "../platform.ts";
import type { Outcome } from "../post.ts";
import type { Random } from "../random.ts";
import { parseJson } from "../server.ts";
import { Answer, firstIssue, HTTP_STATUS, SEND_TIMEOUT_MS, type WebEngageSend } from "./contract.ts";
import { recipient, webengageSend } from "./messages.ts";

/** What WebEngage presents to the connector. */
export const API_KEY = `${CANARY}-webengage-key`;

export interface CampaignOptions extends Omit<FakeCampaign, "channel"> {
  template?: string | undefined;
  /** Attempts per message: WebEngage's eleven by default. */
  tries?: number;
}

export interface Sender extends Pick<FakePlatform, "altered" | "setConnector"> {
  /** One request, without retries. */
  send(message: WebEngageSend): Promise<Sent>;
  /** Any body, judged by the contract alone. */
  post(body: string, headers?: Record<string, string>): Promise<Outcome>;
  campaign(options: CampaignOptions): Promise<CampaignResult>;
  /** What WhatsApp has to get of each message of a campaign, by message id. */
  expected: Map<string, unknown[] | undefined>;
  close(): Promise<void>;
}

/** Sends to the connector, and holds its answers against the contract. */
export function createSender(options: {
  connectorUrl: string;
  from: string;
  random: Random;
  ledger: Ledger;
  network: SandboxNetwork;
}): Sender {
  const { from, random, ledger } = options;
  const poster = options.network.createPoster(64);
  const expected = new Map<string, unknown[] | undefined>();
  let connector = options.connectorUrl.replace(/\/$/, "");
  let recipients = 0;

  function judge({ status, body }: Outcome): Answer | undefined {
    const parsed = Answer.safeParse(parseJson(Buffer.from(body)));
    const { statusCode } = parsed.data ?? {};
    if (!parsed.success) ledger.violate({ rule: "wrong answer", detail: firstIssue(parsed.error) });
    else if (HTTP_STATUS[statusCode ?? 0] !== status)
      ledger.violate({ rule: "wrong answer", detail: `${statusCode} with HTTP ${status}` });
    return parsed.data;
  }

  const post = async (body: string, headers: Record<string, string> = {}) => {
    const outcome = await poster.post(`${connector}/webengage/whatsapp`, {
      headers: { "content-type": "application/json", authorization: `Bearer ${API_KEY}`, ...headers },
      body,
      timeoutMs: SEND_TIMEOUT_MS,
    });
    if (outcome.status !== undefined) judge(outcome);
    return outcome;
  };

  async function send(message: WebEngageSend): Promise<Sent> {
    const id = message.metadata.messageId;
    const entry = ledger.entries.get(id) ?? ledger.offer("whatsapp", id, message.whatsAppData.toNumber);
    const outcome = await post(JSON.stringify(message));
    // Throttling is the one answer that is tried again; what becomes of no answer is not published.
    if (outcome.status === undefined || outcome.status === 429) return { result: "again", id, outcome };
    const isAccepted = Answer.safeParse(parseJson(Buffer.from(outcome.body))).data?.statusCode === 0;
    entry.accepted ||= isAccepted;
    return { result: isAccepted ? "accepted" : "refused", id, outcome };
  }

  const campaign = ({ count, rate, template, tries = 11, onProgress }: CampaignOptions) => {
    const composed = Array.from({ length: count }, () => {
      const made = webengageSend(random, {
        from,
        to: recipient(recipients++),
        template,
      });
      expected.set(made.message.metadata.messageId, made.components);
      return made.message;
    });
    return runCampaign({ count, rate, tries, onProgress, send: (n) => send(composed[n] as WebEngageSend) });
  };

  /** Each recipient gets one message of a campaign, whatever its reference looks like. */
  const altered: Sender["altered"] = (messages) => {
    const sent = new Map(
      messages.map(({ request }) => [
        request.to,
        request.channel === "whatsapp" && request.message_type === "custom"
          ? (request.custom["template"] as { components?: unknown } | undefined)
          : undefined,
      ]),
    );
    return [...ledger.entries.values()].flatMap(({ id, to }) => {
      const template = sent.get(to);
      const isSame = template === undefined || isDeepStrictEqual(template.components, expected.get(id));
      return isSame ? [] : [id];
    });
  };

  return {
    send,
    post,
    campaign,
    expected,
    altered,
    setConnector(url) {
      connector = url.replace(/\/$/, "");
    },
    close: () => poster.close(),
  };
}
