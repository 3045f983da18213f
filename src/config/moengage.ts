import { z } from "zod";
import { baseUrl, type Credentials, flag, type Needs, serverUrl } from "./fields.ts";

export const moengageVariables = z.object({
  MOENGAGE_DELIVERY_URL: serverUrl.optional(),
  MOENGAGE_SMS_DELIVERY_URL: serverUrl.optional(),
  MOENGAGE_DATA_API_URL: baseUrl.optional(),
  MOENGAGE_WORKSPACE_ID: z.string().optional(),
  MOENGAGE_DATA_API_KEY: z.string().optional(),
  MOENGAGE_CUSTOMER_ID_IS_PHONE: flag.default(false),
  MOENGAGE_CONNECTED_SOURCE_URL: serverUrl.optional(),
});

export const moengageNeeds: Needs = {
  MOENGAGE_DATA_API_URL: ["MOENGAGE_WORKSPACE_ID", "MOENGAGE_DATA_API_KEY"],
  MOENGAGE_DATA_API_KEY: ["MOENGAGE_DATA_API_URL or MOENGAGE_CONNECTED_SOURCE_URL"],
  MOENGAGE_CONNECTED_SOURCE_URL: ["MOENGAGE_WORKSPACE_ID", "MOENGAGE_DATA_API_KEY"],
};

const HALF_CONFIGURED =
  "MoEngage is off: to switch it on, set MOENGAGE_DELIVERY_URL for WhatsApp or MOENGAGE_SMS_DELIVERY_URL for SMS";

export type MoEngageSettings = ReturnType<typeof moengageSettings>;

/** Silent where nothing of MoEngage is set: a connector may serve another platform alone. */
export function moengageSettings(
  v: z.output<typeof moengageVariables>,
  credentials: Credentials,
  notes: string[],
) {
  const isOn = v.MOENGAGE_DELIVERY_URL ?? v.MOENGAGE_SMS_DELIVERY_URL;
  const isMeant = v.MOENGAGE_DATA_API_URL ?? v.MOENGAGE_CONNECTED_SOURCE_URL ?? v.MOENGAGE_WORKSPACE_ID;
  if (isMeant && !isOn) notes.push(HALF_CONFIGURED);
  // Both are there wherever an address is: moengageNeeds.
  const workspace = { workspaceId: v.MOENGAGE_WORKSPACE_ID ?? "", key: v.MOENGAGE_DATA_API_KEY ?? "" };
  return {
    accepted: [credentials],
    whatsapp: v.MOENGAGE_DELIVERY_URL ? { deliveryUrl: v.MOENGAGE_DELIVERY_URL } : undefined,
    sms: v.MOENGAGE_SMS_DELIVERY_URL ? { deliveryUrl: v.MOENGAGE_SMS_DELIVERY_URL } : undefined,
    /** Writes opt-outs and opt-ins into profiles. */
    dataApi: v.MOENGAGE_DATA_API_URL
      ? {
          ...workspace,
          /** For example `https://api-01.moengage.com`. */
          url: v.MOENGAGE_DATA_API_URL,
          /** The workspace's customer ids are phone numbers; otherwise people are found by mobile number. */
          customerIdIsPhone: v.MOENGAGE_CUSTOMER_ID_IS_PHONE,
        }
      : undefined,
    /** Connected Sources: a stream of events. `url` is the whole address, `configName` included. */
    events: v.MOENGAGE_CONNECTED_SOURCE_URL
      ? { ...workspace, url: v.MOENGAGE_CONNECTED_SOURCE_URL }
      : undefined,
  };
}
