import { isDeepStrictEqual } from "node:util";
import { type CampaignResult, runCampaign, type Sent } from "../campaign.ts";
import type { Ledger } from "../ledger.ts";
import type { SandboxNetwork } from "../network.ts";
import type { FakeCampaign, FakePlatform } from "../platform.ts";
import type { Outcome } from "../post.ts";
import type { Random } from "../random.ts";
import { createCaller, type Judge } from "./caller.ts";
import { Answer, firstIssue, HTTP_STATUS, type WebEngageSend } from "./contract.ts";
import { recipient, webengageSend } from "./messages.ts";

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

export interface SenderOptions {
  connectorUrl: string;
  from: string;
  random: Random;
  ledger: Ledger;
  network: SandboxNetwork;
}

const judge: Judge = (answer) => {
  const { data, error } = Answer.safeParse(answer);
  return error ? { fault: firstIssue(error) } : { statusCode: data.statusCode };
};

/** Sends to the connector on WhatsApp, and holds its answers against the contract. */
export function createSender({ from, random, ...options }: SenderOptions): Sender {
  const { ledger } = options;
  const caller = createCaller({
    ...{ ...options, judge, path: "/webengage/whatsapp", channel: "whatsapp", httpStatus: HTTP_STATUS },
  });
  const expected = new Map<string, unknown[] | undefined>();
  let recipients = 0;

  const send = (message: WebEngageSend) =>
    caller.send(message.metadata.messageId, message.whatsAppData.toNumber, message);

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
    ...{ send, campaign, expected, altered },
    post: caller.post,
    setConnector: caller.setConnector,
    close: caller.close,
  };
}
