import type { ErrorCode } from "../../lib/errors.ts";
import type { Probe } from "./check.ts";
import { DAY_MS, good, minutesAgo, type SetupPorts, wrong } from "./ports.ts";

/** Why sends are refused again and again, and what to do. */
const REFUSED_SENDS: [code: ErrorCode, found: string, remedy: string][] = [
  [
    "invalid_sender",
    "A send was refused because its sender is none of this connector's",
    "Make the sender in the platform the same as WHATSAPP_NUMBER or SMS_SENDER_ID (see Settings)",
  ],
  [
    "missing_template",
    "A send was refused because the WhatsApp account has no such template",
    "Compare name and language with Templates, and sync after a change",
  ],
  [
    "invalid_template",
    "A send was refused because it does not fit its template",
    "Results names the template, and Templates what a send must fill in",
  ],
  [
    "template_mismatch",
    "A send was refused because its values do not fit its template",
    "Results names the template, and Templates what a send must fill in",
  ],
];

/** Who calls, where and with what. */
export function accessProbes({ facts, seen, now }: SetupPorts): Probe[] {
  const lately = (at: number | undefined): at is number => at !== undefined && now() - at < DAY_MS;
  return [
    {
      ...{ id: "platform-credentials", title: "What the platform presents" },
      async look() {
        const refused = seen.lastRefused("unauthorized");
        if (refused && lately(refused.at))
          return wrong(
            `Wrong credentials were presented at ${refused.path} ${minutesAgo(refused.at, now())}`,
            "Compare the platform's values with CONNECTOR_API_KEY and CONNECTOR_API_SECRET (Settings shows a fingerprint), or with the account's API key and secret where those two are not set",
          );
        return facts.hasOwnCredentials
          ? good("No wrong credentials were presented")
          : good(
              "No wrong credentials were presented; the platform has the account's own key and secret",
              "Set CONNECTOR_API_KEY and CONNECTOR_API_SECRET, so that the account's secret need not be stored with the platform",
            );
      },
    },
    {
      ...{ id: "addresses", title: "The address that the platform sends to" },
      async look() {
        const mistaken = seen.lastRefused("foreign_job");
        const missing = seen.lastRefused("not_found");
        const addresses = facts.channels
          .map(({ name, path }) => `${name} to ${facts.publicUrl ?? ""}${path}`)
          .join(", ");
        if (mistaken && lately(mistaken.at))
          return wrong(
            `Somebody sent to ${mistaken.path}, which is the queue's own, ${minutesAgo(mistaken.at, now())}`,
            `Send ${addresses}`,
          );
        if (missing && lately(missing.at))
          return wrong(
            `Somebody asked for ${missing.path}, which is not served, ${minutesAgo(missing.at, now())}`,
            `Send ${addresses}. If the address is right, its channel is off: ${facts.notes.join(". ") || "see Settings"}`,
          );
        return good("Nobody used a wrong address lately");
      },
    },
    {
      ...{ id: "sends", title: "What the platform sends" },
      async look() {
        for (const [code, found, remedy] of REFUSED_SENDS) {
          const refused = seen.lastRefused(code);
          if (refused && lately(refused.at))
            return wrong(`${found} at ${refused.path} ${minutesAgo(refused.at, now())}`, remedy);
        }
        return good("No send was refused lately for its sender or its template");
      },
    },
    {
      ...{ id: "profiles", title: "Opt-outs reach the platform's profiles" },
      async look() {
        const refused = seen.lastProfiles().find(({ remedy }) => remedy !== undefined);
        if (refused)
          return wrong(
            `${refused.platform} refused one ${minutesAgo(refused.at, now())}`,
            refused.remedy ?? "",
          );
        return good(
          seen.lastProfiles().length > 0 ? "The last ones were taken" : "None had to be written yet",
        );
      },
    },
    {
      ...{ id: "console-password", title: "The console's password" },
      look: async () =>
        facts.hasConsolePassword
          ? good("It has one of its own")
          : good(
              "The account's API key and secret open the console",
              "Set CONSOLE_PASSWORD, so that whoever looks after campaigns need not know the account's secret",
            ),
    },
  ];
}
