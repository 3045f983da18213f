import type { Finding, Probe } from "./check.ts";
import { type ApplicationLook, good, type SetupPorts, unknown, wrong } from "./ports.ts";

/** A signature of Vonage's may be a little older or newer than our clock says. */
const CLOCK_TOLERANCE_MS = 30_000;

/** The account, its application, and the clocks. */
export function accountProbes({ facts, application, now }: SetupPorts): Probe[] {
  const needs200 = async (judge: (look: ApplicationLook) => Finding): Promise<Finding> => {
    const look = await application();
    return look.status === 200 ? judge(look) : unknown("Vonage does not show the application: see above");
  };
  return [
    {
      ...{ id: "account", title: "The Vonage account's key and secret" },
      look: async () =>
        (await application()).status === 401
          ? wrong(
              "Vonage refuses them",
              "Compare VCR_API_ACCOUNT_ID and VCR_API_ACCOUNT_SECRET with API settings in Vonage's dashboard",
            )
          : good("Vonage takes them"),
    },
    {
      ...{ id: "application", title: "The Vonage application" },
      async look() {
        const { status } = await application();
        if (status === 401) return unknown("Not known while the account's key and secret are refused");
        return status === 404
          ? wrong(
              "This account has no such application",
              "Compare VCR_API_APPLICATION_ID with Applications in Vonage's dashboard: it must be of the same account",
            )
          : good("It belongs to this account");
      },
    },
    {
      ...{ id: "private-key", title: "The private key belongs to the application" },
      look: () =>
        needs200(({ keyFits }) =>
          keyFits === undefined
            ? unknown("Vonage does not show the application's public key")
            : keyFits
              ? good("Private key and application are a pair")
              : wrong(
                  "The application has another key: nothing can be sent",
                  "Put the application's private key into VCR_PRIVATE_KEY. If a new pair was made, put the old private key into VCR_PRIVATE_KEY_PREVIOUS for two days",
                ),
        ),
    },
    ...["inbound_url", "status_url"].map((key) => ({
      ...{
        id: key.replace("_", "-"),
        title: `The application's ${key === "inbound_url" ? "Inbound" : "Status"} URL`,
      },
      async look(): Promise<Finding> {
        if (facts.listeners) return good("Webhooks come through VCR's callback router");
        if (!facts.publicUrl) return unknown("This instance does not know its own address");
        return needs200(({ urls }) => {
          const url = urls.find((one) => one.key === key);
          if (!url) return unknown("Vonage does not show it");
          return url.isRight
            ? good("It leads to this instance")
            : wrong(
                `It is ${url.found}`,
                `In Vonage's dashboard, open Applications, this application, Messages, and set its ${url.label} to ${url.expected}`,
              );
        });
      },
    })),
    {
      ...{ id: "clock", title: "The clock" },
      async look() {
        const { at } = await application();
        if (Number.isNaN(at)) return unknown("Vonage's answer does not tell the time");
        const ahead = now() - at;
        return Math.abs(ahead) <= CLOCK_TOLERANCE_MS
          ? good("It agrees with Vonage's")
          : wrong(
              `It is ${Math.round(Math.abs(ahead) / 1_000)} seconds ${ahead > 0 ? "ahead of" : "behind"} Vonage's`,
              "Set the clock of the machine the connector runs on. On VCR ask Vonage's support",
            );
      },
    },
  ];
}
