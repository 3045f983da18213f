import { z } from "zod";
import { type Credentials, type Needs, platformWhenComplete, secrets, serverUrl } from "./fields.ts";

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
});

export const webengageNeeds: Needs = {
  WEBENGAGE_USERNAME: ["WEBENGAGE_PASSWORD"],
  WEBENGAGE_PASSWORD: ["WEBENGAGE_USERNAME"],
};

export type WebEngageSettings = NonNullable<ReturnType<typeof webengageSettings>>;

export function webengageSettings(v: z.output<typeof webengageVariables>, notes: string[]) {
  const { WEBENGAGE_USERNAME: key, WEBENGAGE_PASSWORD: passwords, WEBENGAGE_API_KEY: tokens } = v;
  const accepted: Credentials[] = [
    key && passwords ? { key, secrets: passwords } : [],
    tokens ? { tokens } : [],
  ].flat();
  const needed = {
    "WEBENGAGE_API_KEY (or WEBENGAGE_USERNAME and WEBENGAGE_PASSWORD)": accepted[0],
    WEBENGAGE_DSN_URL: v.WEBENGAGE_DSN_URL,
    WEBENGAGE_DSN_TOKEN: v.WEBENGAGE_DSN_TOKEN,
  };
  return platformWhenComplete("WebEngage", needed, notes, (given) => ({
    accepted,
    whatsapp: {
      dsnUrl: given.WEBENGAGE_DSN_URL,
      dsnToken: given.WEBENGAGE_DSN_TOKEN,
      /** Which of Vonage's statuses becomes `whatsapp_sent` (docs/decisions/0010). */
      sentOn: v.WEBENGAGE_SENT_ON,
    },
  }));
}
