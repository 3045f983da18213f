import { z } from "zod";
import type { CleverTapSettings } from "../../config/clevertap.ts";
import { saidBy } from "../../core/consent.ts";
import type { InboundReply } from "../../core/reply.ts";
import type { PlatformReplies } from "../platform.ts";
import { type SubscriptionPorts, writeProfile } from "../subscription.ts";

const FLAGS = { whatsapp: "MSG-whatsapp", sms: "MSG-sms" } as const;

/**
 * Upload of a profile; its identity is the phone number, digits alone.
 * https://developer.clevertap.com/docs/upload-user-profiles-api
 */
export function replyToProfile({ kind, channel, person }: InboundReply): object | undefined {
  const said = saidBy(kind);
  if (!said || !/^\d+$/.test(person)) return undefined;
  return {
    d: [{ identity: person, type: "profile", profileData: { [FLAGS[channel]]: said === "in" } }],
  };
}

const uploadAnswer = z.object({ unprocessed: z.array(z.unknown()).min(1) });

/**
 * An upload is answered 200 whatever becomes of its profiles: one that was refused is among `unprocessed`.
 * https://developer.clevertap.com/docs/api-errors
 */
export function uploadStatus(text: string): number | undefined {
  try {
    return uploadAnswer.safeParse(JSON.parse(text)).success ? 400 : undefined;
  } catch {
    return undefined;
  }
}

/** Writes opt-outs and opt-ins into profiles where the account's API is configured. */
export function subscriber(
  api: CleverTapSettings["api"],
  ports: SubscriptionPorts,
): PlatformReplies["subscribe"] {
  if (!api) return async () => undefined;
  return (reply, deadline, stillStands) =>
    writeProfile(
      reply,
      {
        platform: "CleverTap",
        url: `${api.url}/1/upload`,
        headers: { "x-clevertap-account-id": api.accountId, "x-clevertap-passcode": api.passcode },
        body: replyToProfile(reply),
        remedies: REMEDIES,
      },
      { deadline, stillStands },
      ports,
    );
}

const REMEDIES: Record<number, string> = {
  400: "the profile's identity could not be used; the account's identities must be phone numbers",
  401: "check CLEVERTAP_ACCOUNT_ID and CLEVERTAP_PASSCODE",
  403: "check CLEVERTAP_ACCOUNT_ID and CLEVERTAP_PASSCODE",
  404: "check CLEVERTAP_REGION",
};
