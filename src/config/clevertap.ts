import { z } from "zod";
import { baseUrl, type Needs, platformWhenComplete, secrets, serverUrl } from "./fields.ts";

/** Europe's data centre has no prefix. https://docs.clevertap.com/docs/generic-whatsapp */
const REGIONS: Record<string, string> = {
  eu: "https://api.clevertap.com",
  ...Object.fromEntries(
    ["in1", "sg1", "us1", "aps3", "mec1"].map((region) => [region, `https://${region}.api.clevertap.com`]),
  ),
};

/** A data centre, or the whole address of its API. */
const region = z.string().transform((text, context) => {
  const known = REGIONS[text.toLowerCase()];
  const address = known ?? baseUrl.safeParse(text).data;
  if (address !== undefined) return address;
  context.addIssue(`must be one of ${Object.keys(REGIONS).join(", ")}`);
  return z.NEVER;
});

export const clevertapVariables = z.object({
  CLEVERTAP_USERNAME: z
    .string()
    .regex(/^[^:]+$/, "must not contain a colon")
    .optional(),
  CLEVERTAP_PASSWORD: secrets.optional(),
  CLEVERTAP_DELIVERY_URL: serverUrl.optional(),
  CLEVERTAP_INBOUND_URL: serverUrl.optional(),
  CLEVERTAP_SMS_DELIVERY_URL: serverUrl.optional(),
  CLEVERTAP_ACCOUNT_ID: z.string().optional(),
  CLEVERTAP_PASSCODE: z.string().optional(),
  CLEVERTAP_REGION: region.optional(),
});

export const clevertapNeeds: Needs = {
  CLEVERTAP_ACCOUNT_ID: ["CLEVERTAP_PASSCODE", "CLEVERTAP_REGION"],
  CLEVERTAP_PASSCODE: ["CLEVERTAP_ACCOUNT_ID"],
  CLEVERTAP_REGION: ["CLEVERTAP_ACCOUNT_ID"],
};

export type CleverTapSettings = NonNullable<ReturnType<typeof clevertapSettings>>;

const WHATSAPP_OFF = "CleverTap WhatsApp is off: to switch it on, set CLEVERTAP_DELIVERY_URL";
const ADDRESSES = "CLEVERTAP_DELIVERY_URL for WhatsApp (or CLEVERTAP_SMS_DELIVERY_URL for SMS)";

export function clevertapSettings(v: z.output<typeof clevertapVariables>, notes: string[]) {
  const { CLEVERTAP_USERNAME, CLEVERTAP_PASSWORD } = v;
  const { CLEVERTAP_DELIVERY_URL: deliveryUrl, CLEVERTAP_SMS_DELIVERY_URL: callbackUrl } = v;
  const { CLEVERTAP_ACCOUNT_ID: accountId, CLEVERTAP_PASSCODE: passcode, CLEVERTAP_REGION: url } = v;
  const needed = { CLEVERTAP_USERNAME, CLEVERTAP_PASSWORD, [ADDRESSES]: deliveryUrl ?? callbackUrl };
  return platformWhenComplete("CleverTap", needed, notes, (given) => {
    if (v.CLEVERTAP_INBOUND_URL && !deliveryUrl) notes.push(WHATSAPP_OFF);
    return {
      accepted: [{ key: given.CLEVERTAP_USERNAME, secrets: given.CLEVERTAP_PASSWORD }],
      whatsapp: deliveryUrl ? { deliveryUrl, inboundUrl: v.CLEVERTAP_INBOUND_URL } : undefined,
      sms: callbackUrl ? { callbackUrl } : undefined,
      /** Writes opt-outs and opt-ins into profiles. */
      api: accountId && passcode && url ? { accountId, passcode, url } : undefined,
    };
  });
}
