import { isDeepStrictEqual } from "node:util";
import { type CampaignResult, runCampaign, type Sent } from "../campaign.ts";
import type { Channel } from "../ledger.ts";
import type { FakeCampaign, FakePlatform } from "../platform.ts";
import type { Random } from "../random.ts";
import type { WhatsAppSend } from "./contract.ts";
import { recipient, smsSend, whatsappSend } from "./messages.ts";
import type { Sender } from "./sender.ts";

export interface CampaignOptions extends FakeCampaign {
  /** One template for all instead of a mix. */
  template?: string | undefined;
  /** To the people of this channel's first campaign instead of new ones. */
  again?: boolean;
  /** Attempts per message, 10 by default. */
  tries?: number;
}

export interface Campaigns extends Pick<FakePlatform, "altered"> {
  /** One request, without retries. */
  send(message: WhatsAppSend): Promise<Sent>;
  campaign(options: CampaignOptions): Promise<CampaignResult>;
  /** What was sent in campaigns and by `send`, by msg_id. */
  sent: Map<string, WhatsAppSend>;
}

/** Of the ids that campaigns give: 24, 24 and 11 characters with two separators. */
const MESSAGE_ID_LENGTH = 61;

/** `index` may travel as a number or as a string; Meta takes both. */
function comparable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? [], (key, item: unknown) => (key === "index" ? String(item) : item)),
  );
}

/** Composes and sends campaigns, and remembers what was asked for. */
export function createCampaigns(options: { random: Random; sender: Sender; from: string }): Campaigns {
  const { random, sender, from } = options;
  const sent = new Map<string, WhatsAppSend>();
  let recipients = 0;
  const firstOf: Partial<Record<Channel, number>> = {};

  const send = (message: WhatsAppSend) => {
    sent.set(message.msg_id, message);
    return sender.whatsapp(message);
  };

  const campaign = ({ channel, count, rate, template, again, tries = 10, onProgress }: CampaignOptions) => {
    const first = again ? (firstOf[channel] ?? 0) : recipients;
    if (!again) recipients += count;
    firstOf[channel] ??= first;
    const compose = (n: number): (() => Promise<Sent>) => {
      const to = recipient(first + n);
      if (channel === "sms") {
        const message = smsSend(random, to);
        return () => sender.sms(message);
      }
      const message = whatsappSend(random, { from, to, template });
      return () => send(message);
    };
    const composed = new Map<number, () => Promise<Sent>>();
    return runCampaign({
      count,
      rate,
      tries,
      onProgress,
      // A repetition is the same request, so each message is composed once.
      async send(n) {
        const request = composed.get(n) ?? compose(n);
        composed.set(n, request);
        const result = await request();
        if (result.result !== "again") composed.delete(n);
        return result;
      },
    });
  };

  const altered: Campaigns["altered"] = (messages) =>
    messages.flatMap(({ request }) => {
      if (request.channel !== "whatsapp" || request.message_type !== "custom") return [];
      const template = request.custom["template"] as { components?: unknown } | undefined;
      // The reference may carry a tag in front of the id.
      const asked = sent.get(request.client_ref?.slice(-MESSAGE_ID_LENGTH) ?? "");
      if (asked === undefined) return [];
      const isSame = isDeepStrictEqual(
        comparable(template?.components),
        comparable(asked.template.components),
      );
      return isSame ? [] : [asked.msg_id];
    });

  return { send, campaign, sent, altered };
}
