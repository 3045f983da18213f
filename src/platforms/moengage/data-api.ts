import type { MoEngageSettings } from "../../config/moengage.ts";
import type { InboundReply } from "../../core/reply.ts";
import { basicAuth } from "../../lib/http.ts";
import { type SubscriptionDeadline, type SubscriptionPorts, writeProfile } from "../subscription.ts";
import { replyToSubscription } from "./from-reply.ts";

export type DataApiSettings = NonNullable<MoEngageSettings["dataApi"]>;

/** Writes a subscription into the person's profile, as writeProfile does. */
export const writeSubscription = (
  reply: InboundReply,
  { url, workspaceId, key, customerIdIsPhone }: DataApiSettings,
  deadline: SubscriptionDeadline,
  ports: SubscriptionPorts,
): Promise<void> =>
  writeProfile(
    reply,
    {
      platform: "MoEngage",
      url: `${url}/v1/customer/${encodeURIComponent(workspaceId)}`,
      headers: { authorization: basicAuth(workspaceId, key) },
      body: replyToSubscription(reply, customerIdIsPhone),
      remedies: REMEDIES,
    },
    deadline,
    ports,
  );

const REMEDIES: Record<number, string> = {
  400: "the person could not be named; ask MoEngage whether Identity Resolution is on for the mobile number, or set MOENGAGE_CUSTOMER_ID_IS_PHONE",
  401: "check MOENGAGE_WORKSPACE_ID and MOENGAGE_DATA_API_KEY",
  403: "the workspace allows certain addresses only; add the connector's",
  404: "check MOENGAGE_DATA_API_URL: its number is the data centre's",
};
