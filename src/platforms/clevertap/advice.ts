import type { CleverTapSettings } from "../../config/clevertap.ts";
import type { SetupCheck } from "../../core/insight.ts";

/** What is on without it, and what is lost. */
export function clevertapAdvice({ whatsapp, api }: CleverTapSettings): SetupCheck[] {
  const profiles = {
    ...{ id: "clevertap-profiles", title: "Opt-outs and opt-ins in CleverTap's profiles", ok: true },
    ...(api
      ? { found: `They are written to ${new URL(api.url).host}`, remedy: "" }
      : {
          found: "They are not written: CleverTap hears of STOP as an incoming message alone",
          remedy:
            "Where your profiles' identities are phone numbers, set CLEVERTAP_ACCOUNT_ID, CLEVERTAP_PASSCODE and CLEVERTAP_REGION",
        }),
  };
  if (!whatsapp) return [profiles];
  const answers = {
    ...{ id: "clevertap-inbound", title: "What people write, in CleverTap's conversations", ok: true },
    ...(whatsapp.inboundUrl
      ? { found: "It is told", remedy: "" }
      : { found: "It is not told, STOP among it", remedy: "Set CLEVERTAP_INBOUND_URL" }),
  };
  return [answers, profiles];
}
