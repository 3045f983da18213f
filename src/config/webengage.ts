import { z } from "zod";
import {
  type Credentials,
  type Needs,
  platformWhenComplete,
  secrets,
  serverUrl,
  whenComplete,
} from "./fields.ts";

export const webengageVariables = z.object({
  WEBENGAGE_USERNAME: z
    .string()
    .regex(/^[^:]+$/, "must not contain a colon")
    .optional(),
  WEBENGAGE_PASSWORD: secrets.optional(),
  WEBENGAGE_API_KEY: secrets.optional(),
  WEBENGAGE_DSN_URL: serverUrl.optional(),
  WEBENGAGE_DSN_TOKEN: z.string().optional(),
  WEBENGAGE_SENT_ON: z
    .enum(["delivered", "submitted"], "must be delivered or submitted")
    .default("delivered"),
  WEBENGAGE_SMS_DSN_URL: serverUrl.optional(),
});

export const webengageNeeds: Needs = {
  WEBENGAGE_USERNAME: ["WEBENGAGE_PASSWORD"],
  WEBENGAGE_PASSWORD: ["WEBENGAGE_USERNAME"],
};

export type WebEngageSettings = NonNullable<ReturnType<typeof webengageSettings>>;

const CREDENTIALS = "WEBENGAGE_API_KEY (or WEBENGAGE_USERNAME and WEBENGAGE_PASSWORD)";
const ADDRESSES = "WEBENGAGE_DSN_URL for WhatsApp (or WEBENGAGE_SMS_DSN_URL for SMS)";

export function webengageSettings(v: z.output<typeof webengageVariables>, notes: string[]) {
  const { WEBENGAGE_USERNAME: key, WEBENGAGE_PASSWORD: passwords, WEBENGAGE_API_KEY: tokens } = v;
  const { WEBENGAGE_DSN_URL, WEBENGAGE_DSN_TOKEN, WEBENGAGE_SMS_DSN_URL } = v;
  const accepted: Credentials[] = [
    key && passwords ? { key, secrets: passwords } : [],
    tokens ? { tokens } : [],
  ].flat();
  const needed = {
    [CREDENTIALS]: accepted[0],
    [ADDRESSES]: WEBENGAGE_DSN_URL ?? WEBENGAGE_SMS_DSN_URL,
    // WebEngage gives one for WhatsApp always, for SMS to its partners alone.
    ...(WEBENGAGE_SMS_DSN_URL ? {} : { WEBENGAGE_DSN_TOKEN }),
  };
  const whatsapp = (given: { WEBENGAGE_DSN_URL: string; WEBENGAGE_DSN_TOKEN: string }) => ({
    dsnUrl: given.WEBENGAGE_DSN_URL,
    dsnToken: given.WEBENGAGE_DSN_TOKEN,
    /** Which of Vonage's statuses becomes `whatsapp_sent` (docs/decisions/0010). */
    sentOn: v.WEBENGAGE_SENT_ON,
  });
  return platformWhenComplete("WebEngage", needed, notes, () => ({
    accepted,
    whatsapp: WEBENGAGE_DSN_URL
      ? whenComplete("WebEngage WhatsApp", { WEBENGAGE_DSN_URL, WEBENGAGE_DSN_TOKEN }, notes, whatsapp)
      : undefined,
    sms: WEBENGAGE_SMS_DSN_URL ? { dsnUrl: WEBENGAGE_SMS_DSN_URL, dsnToken: WEBENGAGE_DSN_TOKEN } : undefined,
  }));
}
