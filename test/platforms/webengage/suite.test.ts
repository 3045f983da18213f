import { webengageWhatsApp } from "../../../src/platforms/webengage/index.ts";
import {
  Answer as AnswerSchema,
  Dsn,
  firstIssue,
  HTTP_STATUS,
} from "../../../src/sandbox/webengage/contract.ts";
import { describePlatform } from "../../support/platform-suite.ts";
import { NUMBER, REAL } from "./fixtures.ts";

const DSN_URL = "https://wt.in.webengage.com/tracking/events";
const DSN_TOKEN = "the-dsn-token";
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

describePlatform("WebEngage WhatsApp", {
  create: (ports) =>
    webengageWhatsApp(
      {
        accepted: [{ key: "webengage", secrets: ["admin", "next"] }, { tokens: ["the-api-key"] }],
        numbers: [NUMBER],
        dsnUrl: DSN_URL,
        dsnToken: DSN_TOKEN,
        sentOn: "delivered",
      },
      ports,
    ),
  credentials: {
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
  },
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
