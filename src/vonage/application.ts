import { createPublicKey } from "node:crypto";
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

/** What Vonage says of the application; `status` is 200, 401 or 404. */
export interface ApplicationFacts {
  status: number;
  /** Of Vonage's clock, in milliseconds since the epoch; NaN where the answer does not tell. */
  at: number;
  /** The application's public key in PEM form. */
  publicKey?: string | undefined;
  urls: {
    key: (typeof WEBHOOKS)[number]["key"];
    label: string;
    expected: string;
    found: string;
    isRight: boolean;
  }[];
}

/**
 * Asks for the application and its webhook addresses, as they are and as they should be. Rejects when Vonage could
 * not be asked. https://developer.vonage.com/en/api/application.v2#getApplication
 */
export async function readApplication(
  settings: ApplicationSettings,
  httpClient: HttpClient,
): Promise<ApplicationFacts> {
  const { status, text, headers } = await httpClient.request({
    method: "GET",
    url: `${settings.apiHost}/v2/applications/${encodeURIComponent(settings.applicationId)}`,
    headers: {
      authorization: basicAuth(settings.accountId, settings.accountSecret),
      accept: "application/json",
    },
    deadlineMs: DEADLINE_MS,
  });
  const at = Date.parse(String(headers["date"]));
  if (status === 401 || status === 404) return { status, at, urls: [] };
  if (status !== 200) {
    throw new ConnectorError("application_unknown", "Vonage did not tell the application's settings", {
      retryable: true,
      detail: { status },
    });
  }
  const { capabilities, keys } = application.parse(JSON.parse(text));
  const webhooks = capabilities?.messages?.webhooks;
  const urls = WEBHOOKS.map(({ key, label, paths }) => {
    const address = webhooks?.[key]?.address;
    const isRight = paths.some((path) => address === `${settings.publicUrl}${path}`);
    return {
      key,
      label,
      isRight,
      expected: `${settings.publicUrl}${paths[0]}`,
      found: address ? shown(address) : "empty",
    };
  });
  return { status, at, publicKey: keys?.public_key, urls };
}

/**
 * Compares the application's webhook addresses with this instance's and resolves to sentences that say what
 * to change, none when all is well. Rejects when Vonage could not be asked.
 */
export async function adviseOnWebhooks(
  settings: ApplicationSettings,
  httpClient: HttpClient,
): Promise<string[]> {
  const { status, urls } = await readApplication(settings, httpClient);
  if (status === 401)
    return [
      "Vonage refused the account's key and secret: check VCR_API_ACCOUNT_ID and VCR_API_ACCOUNT_SECRET",
    ];
  if (status === 404)
    return ["Vonage does not know the application in this account: check VCR_API_APPLICATION_ID"];
  return urls
    .filter(({ isRight }) => !isRight)
    .map(
      ({ label, expected, found }) =>
        `In the Vonage dashboard, open Applications, this application, Messages, and set its ${label} to ${expected} (now it is ${found})`,
    );
}

/** Whether the private key is the other half of a public one; undefined for what is no key. */
export function fits(privateKey: string, publicKey: string): boolean | undefined {
  try {
    const own = createPublicKey(privateKey).export({ type: "spki", format: "der" });
    return own.equals(createPublicKey(publicKey).export({ type: "spki", format: "der" }));
  } catch {
    return undefined;
  }
}

/** Without credentials, query and fragment: any of them may be somebody's secret. */
function shown(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  return url ? `${url.origin}${url.pathname}${url.search ? "?…" : ""}` : "not an address";
}
