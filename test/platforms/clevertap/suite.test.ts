import { clevertapSms, clevertapWhatsApp } from "../../../src/platforms/clevertap/index.ts";
import {
  firstIssue,
  isSuccess,
  SmsEvents,
  Statuses,
  whatsappAnswerFault,
} from "../../../src/sandbox/clevertap/contract.ts";
import { describePlatform } from "../../support/platform-suite.ts";
import { FREEFORM, NUMBER, realOnes, SMS, TEMPLATES } from "./fixtures.ts";

const DELIVERY_URL = "https://in1.cb.wzrkt.com/whatsapp/generic/dlr?account=hidden";
const SMS_URL = "https://in1.cb.wzrkt.com/sms/generic?account=hidden";
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
const accepted = [{ key: "clevertap", secrets: ["first-one", "next-one"] }];
const credentials = {
  good: [{ authorization: basic("clevertap:first-one") }, { authorization: basic("clevertap:next-one") }],
  bad: [
    { authorization: basic("clevertap:other") },
    { authorization: basic("other:first-one") },
    { authorization: "Bearer first-one" },
    { "api-key": "clevertap" },
  ],
};

describePlatform("CleverTap WhatsApp", {
  create: (ports) =>
    clevertapWhatsApp(
      { accepted, api: undefined, numbers: [NUMBER], deliveryUrl: DELIVERY_URL, inboundUrl: undefined },
      ports,
    ),
  credentials,
  sends: [...realOnes(TEMPLATES), ...realOnes(FREEFORM)],
  answerFault: ({ status, body }) => whatsappAnswerFault(status, body),
  asksAgain: ({ status }) => status === 429 || status >= 500,
  reportFault(body) {
    const { error } = Statuses.safeParse(body);
    return error && firstIssue(error);
  },
  secrets: [DELIVERY_URL, "hidden", "first-one"],
});

describePlatform("CleverTap SMS", {
  create: (ports) =>
    clevertapSms({ accepted, api: undefined, callbackUrl: SMS_URL, senderId: "447700900001" }, ports),
  credentials,
  sends: [
    ["the documented body", SMS],
    ["a sender and an entity of its own", { ...SMS, from: "MyBrand", entityId: 1101 }],
    ["no registered template", { ...SMS, templateId: "$$TemplateID" }],
  ],
  answerFault({ status, body }) {
    const isRight =
      status < 300 ? isSuccess(status, body) : (body as { status?: unknown }).status === "failure";
    return isRight ? undefined : `HTTP ${status} with ${JSON.stringify(body)}`;
  },
  asksAgain: ({ status }) => status === 429 || status >= 500,
  reportFault(body) {
    const { error } = SmsEvents.safeParse(body);
    return error && firstIssue(error);
  },
  countsRepeats: true,
  secrets: [SMS_URL, "hidden", "first-one"],
});
