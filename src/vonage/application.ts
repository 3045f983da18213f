import { ConnectorError } from "../lib/errors.ts";
import { basicAuth } from "../lib/http.ts";
import type { HttpClient } from "../lib/http-client.ts";
import { application } from "./contract.ts";

export interface ApplicationSettings {
  apiHost: string;
  applicationId: string;
  accountId: string;
  accountSecret: string;
  publicUrl: string;
}

const DEADLINE_MS = 10_000;

/** The paths that must receive what belongs to the whole application, not to one message. */
const WEBHOOKS = [
  { key: "inbound_url", label: "Inbound URL", paths: ["/webhooks/inbound"] },
  { key: "status_url", label: "Status URL", paths: ["/webhooks/status", "/webhooks/passed-message-status"] },
] as const;

/**
 * Compares the application's webhook addresses with this instance's and resolves to sentences that say what
 * to change, none when all is well. Rejects when Vonage could not be asked.
 * https://developer.vonage.com/en/api/application.v2#getApplication
 */
export async function adviseOnWebhooks(
  settings: ApplicationSettings,
  httpClient: HttpClient,
): Promise<string[]> {
  const { status, text } = await httpClient.request({
    method: "GET",
    url: `${settings.apiHost}/v2/applications/${encodeURIComponent(settings.applicationId)}`,
    headers: {
      authorization: basicAuth(settings.accountId, settings.accountSecret),
      accept: "application/json",
    },
    deadlineMs: DEADLINE_MS,
  });
  if (status === 401)
    return [
      "Vonage refused the account's key and secret: check VCR_API_ACCOUNT_ID and VCR_API_ACCOUNT_SECRET",
    ];
  if (status === 404)
    return ["Vonage does not know the application in this account: check VCR_API_APPLICATION_ID"];
  if (status !== 200) {
    throw new ConnectorError("application_unknown", "Vonage did not tell the application's settings", {
      retryable: true,
      detail: { status },
    });
  }
  const webhooks = application.parse(JSON.parse(text)).capabilities?.messages?.webhooks;
  return WEBHOOKS.flatMap(({ key, label, paths }) => {
    const expected = `${settings.publicUrl}${paths[0]}`;
    const found = webhooks?.[key]?.address;
    if (found !== undefined && paths.some((path) => found === `${settings.publicUrl}${path}`)) return [];
    return [
      `In the Vonage dashboard, open Applications, this application, Messages, and set its ${label} to ${expected} (now it is ${found ? shown(found) : "empty"})`,
    ];
  });
}

/** Without credentials, query and fragment: any of them may be somebody's secret. */
function shown(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  return url ? `${url.origin}${url.pathname}${url.search ? "?…" : ""}` : "not an address";
}
