import { webengageSms, webengageWhatsApp } from "../../../src/platforms/webengage/index.ts";
import {
  Answer as AnswerSchema,
  Dsn,
  firstIssue,
  HTTP_STATUS,
} from "../../../src/sandbox/webengage/contract.ts";
import { SMS_HTTP_STATUS, SmsAnswer, SmsDsn } from "../../../src/sandbox/webengage/sms-contract.ts";
import { fixture } from "../../fixtures/index.ts";
import { describePlatform } from "../../support/platform-suite.ts";
import { NUMBER, REAL } from "./fixtures.ts";

const DSN_URL = "https://wt.in.webengage.com/tracking/events";
const DSN_TOKEN = "the-dsn-token";
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

const accepted = [{ key: "webengage", secrets: ["admin", "next"] }, { tokens: ["the-api-key"] }];
const credentials = {
  good: [
    { authorization: "Basic d2ViZW5nYWdlOmFkbWlu" },
    { authorization: basic("webengage:next") },
    { authorization: "Bearer the-api-key" },
    { authorization: "bearer the-api-key" },
  ],
  bad: [
    { authorization: basic("webengage:other") },
    { authorization: basic("the-api-key") },
    { authorization: "Bearer webengage:admin" },
    { authorization: "Bearer the-api-keys" },
    { authorization: "Bearer " },
    { "x-api-key": "the-api-key" },
  ],
};

describePlatform("WebEngage WhatsApp", {
  create: (ports) =>
    webengageWhatsApp(
      {
        accepted,
        numbers: [NUMBER],
        dsnUrl: DSN_URL,
        dsnToken: DSN_TOKEN,
        sentOn: "delivered",
      },
      ports,
    ),
  credentials,
  sends: REAL,
  answerFault({ status, body }) {
    const { data, error } = AnswerSchema.safeParse(body);
    if (error) return firstIssue(error);
    return HTTP_STATUS[data.statusCode] === status ? undefined : `${data.statusCode} with HTTP ${status}`;
  },
  asksAgain: ({ body }) => (body as { statusCode?: number }).statusCode === 2015,
  reportFault(body) {
    const { error } = Dsn.safeParse(body);
    return error && firstIssue(error);
  },
  secrets: [DSN_URL, DSN_TOKEN, "admin", "the-api-key"],
});

const SMS_DSN_URL = "https://st.in.webengage.com/tracking/privatessp-events";
const smsSend = (variant: string) => fixture("webengage-sms-send", variant);
/** With a number in place of the encrypted one. */
const readable = (send: Record<string, unknown>) => ({
  ...send,
  smsData: { ...(send["smsData"] as object), toNumber: "919999999999" },
});

describePlatform("WebEngage SMS", {
  create: (ports) =>
    webengageSms(
      { accepted, senderId: undefined, reportSent: false, dsnUrl: SMS_DSN_URL, dsnToken: DSN_TOKEN },
      ports,
    ),
  credentials,
  sends: [
    ...["version-1", "version-2", "private-version-2"].map((variant): [string, unknown] => [
      variant,
      smsSend(variant),
    ]),
    ["private-version-1", readable(smsSend("private-version-1"))],
  ],
  answerFault({ status, body }) {
    const { data, error } = SmsAnswer.safeParse(body);
    if (error) return firstIssue(error);
    const { statusCode = 0 } = data;
    return SMS_HTTP_STATUS[statusCode] === status ? undefined : `${statusCode} with HTTP ${status}`;
  },
  asksAgain: ({ body }) => (body as { statusCode?: number }).statusCode === 2015,
  reportFault(body) {
    const { error } = SmsDsn.safeParse(body);
    return error && firstIssue(error);
  },
  secrets: [SMS_DSN_URL, DSN_TOKEN, "admin", "the-api-key"],
});
