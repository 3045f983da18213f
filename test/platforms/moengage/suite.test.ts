import { moengageSms, moengageWhatsApp } from "../../../src/platforms/moengage/index.ts";
import type { Answer } from "../../../src/platforms/platform.ts";
import {
  ErrorAnswer,
  firstIssue,
  SmsAnswer,
  SmsReport,
  WhatsAppAnswer,
  WhatsAppReport,
} from "../../../src/sandbox/moengage/contract.ts";
import { fixturesOf } from "../../fixtures/index.ts";
import { buildSmsSend, buildWhatsAppSend } from "../../support/builders.ts";
import { describePlatform } from "../../support/platform-suite.ts";

const DELIVERY_URL = "https://api-01.moengage.com/whatsapp/vonage-v2/dlr?k=hidden";
const credentials = {
  good: [
    { "api-key": "the-key", "api-secret": "the-secret" },
    { authorization: "Custom the-key:the-secret" },
    { authorization: `Basic ${Buffer.from("the-key:the-secret").toString("base64")}` },
    { authentication: "Custom the-key:the-secret" },
  ],
  bad: [
    { "api-key": "the-key", "api-secret": "other" },
    { "api-key": "the-key" },
    { authorization: "Custom the-key:" },
    { authorization: "Bearer the-key:the-secret" },
    { authorization: `Basic ${Buffer.from("the-key:other").toString("base64")}` },
  ],
};

const settings = { accepted: [{ key: "the-key", secrets: ["the-secret"] }], deliveryUrl: DELIVERY_URL };

const asksAgain = ({ status }: Answer) => status === 429 || status >= 500;
const secrets = ["the-secret", DELIVERY_URL, "hidden"];

interface Schema {
  safeParse(value: unknown): { error?: Parameters<typeof firstIssue>[0] };
}
const faultBy = (schema: Schema) => (value: unknown) => {
  const { error } = schema.safeParse(value);
  return error && firstIssue(error);
};
const answerFault =
  (success: Schema) =>
  ({ status, body }: Answer) =>
    faultBy(status < 300 ? success : ErrorAnswer)(body);

describePlatform("MoEngage WhatsApp", {
  create: (ports) => moengageWhatsApp({ ...settings, numbers: ["14155550100"] }, ports),
  credentials,
  sends: [
    ["the smallest send", buildWhatsAppSend()],
    ...fixturesOf("moengage-whatsapp-send").map(([variant, text]): [string, unknown] => [
      variant,
      JSON.parse(text),
    ]),
  ],
  answerFault: answerFault(WhatsAppAnswer),
  asksAgain,
  reportFault: faultBy(WhatsAppReport),
  secrets,
});

describePlatform("MoEngage SMS", {
  create: (ports) => moengageSms({ ...settings, senderId: "MyBrand", reportSent: false }, ports),
  credentials,
  sends: [
    ["a text", buildSmsSend()],
    ["form values", buildSmsSend({ ttl: "300", template_id: "1", entity_id: "2", sender: "+15550100" })],
  ],
  answerFault: answerFault(SmsAnswer),
  asksAgain,
  reportFault: faultBy(SmsReport),
  secrets,
});
