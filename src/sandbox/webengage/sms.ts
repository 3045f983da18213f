import { CANARY } from "../auditor.ts";
import { type CampaignResult, runCampaign, type Sent } from "../campaign.ts";
import type { FakePlatform } from "../platform.ts";
import type { Outcome } from "../post.ts";
import type { Random } from "../random.ts";
import { createCaller, type Judge } from "./caller.ts";
import { firstIssue } from "./contract.ts";
import { messageId, smsRecipient } from "./messages.ts";
import type { CampaignOptions, SenderOptions } from "./sender.ts";
import { RETRY_WAITS_MS, SMS_HTTP_STATUS, SmsAnswer, type WebEngageSms } from "./sms-contract.ts";

/** Tagged for the auditor, as all that people get is. WebEngage has wrapped the links: they must not be decoded. */
const TEXTS = [
  `Hi Ana, 20% off today ${CANARY}-text`,
  `Track it: https://wbeg.in/x?u=%3D%3D%2B%20%20abcd&n=%C3%A9#%23 ${CANARY}-text`,
  `Olá João,\na sua encomenda está a caminho 🚚 ${CANARY}-text`,
  `Long news: ${`lorem ipsum ${CANARY}-text `.repeat(20)}`,
];

/** A request as WebEngage composes it; those to India are of version 2.0. */
export function webengageSms(random: Random, { from, to }: { from: string; to: string }): WebEngageSms {
  const isIndian = random.chance(0.5);
  return {
    version: isIndian ? "2.0" : "1.0",
    smsData: {
      toNumber: `${random.chance(0.3) ? "+" : ""}${to}`,
      fromNumber: from,
      body: random.pick(TEXTS),
    },
    metadata: {
      campaignType: random.pick(["PROMOTIONAL", "TRANSACTIONAL"]),
      timestamp: `${new Date().toISOString().slice(0, 19)}+0000`,
      messageId: messageId(random),
      custom: { UUID: random.uuid() },
      ...(isIndian
        ? {
            indiaDLT: {
              contentTemplateId: `1107${random.between(100_000, 999_999)}`,
              principalEntityId: "1101000000000000001",
              telemarketerId: "tm1",
            },
          }
        : {}),
    },
  };
}

const judge: Judge = (answer) => {
  const { data, error } = SmsAnswer.safeParse(answer);
  return error ? { fault: firstIssue(error) } : { statusCode: data.statusCode ?? 0 };
};

export interface SmsSender extends Pick<FakePlatform, "altered" | "setConnector"> {
  /** One request, without retries. */
  send(message: WebEngageSms): Promise<Sent>;
  /** Any body, judged by the contract alone. */
  post(body: string, headers?: Record<string, string>): Promise<Outcome>;
  campaign(options: Omit<CampaignOptions, "template">): Promise<CampaignResult>;
  close(): Promise<void>;
}

/** Sends to the connector on SMS, and holds its answers against the contract. */
export function createSmsSender({ from, random, ...options }: SenderOptions): SmsSender {
  const caller = createCaller({
    ...{ ...options, judge, path: "/webengage/sms", channel: "sms", httpStatus: SMS_HTTP_STATUS },
  });
  /** Each recipient gets one message of a campaign. */
  const asked = new Map<string, WebEngageSms>();

  const send = (message: WebEngageSms) =>
    caller.send(message.metadata.messageId, message.smsData.toNumber, message);

  const campaign: SmsSender["campaign"] = ({ count, rate, tries, onProgress }) => {
    const composed = Array.from({ length: count }, () => {
      const to = smsRecipient(asked.size);
      const message = webengageSms(random, { from, to });
      asked.set(to, message);
      return message;
    });
    const waitsMs = RETRY_WAITS_MS;
    return runCampaign({
      ...{ count, rate, waitsMs, onProgress, tries: tries ?? waitsMs.length + 1 },
      send: (n) => send(composed[n] as WebEngageSms),
    });
  };

  const altered: SmsSender["altered"] = (messages) =>
    messages.flatMap(({ uuid, request }) => {
      const message = asked.get(request.to);
      if (request.channel !== "sms" || !message) return [];
      const { smsData, metadata } = message;
      const isSame =
        request.text === smsData.body &&
        request.from === smsData.fromNumber &&
        request.sms?.content_id === metadata.indiaDLT?.contentTemplateId &&
        request.sms?.entity_id === metadata.indiaDLT?.principalEntityId;
      return isSame ? [] : [uuid];
    });

  return {
    ...{ send, campaign, altered },
    post: caller.post,
    setConnector: caller.setConnector,
    close: caller.close,
  };
}
