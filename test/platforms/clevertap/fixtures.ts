import { fixture, fixturesOf } from "../../fixtures/index.ts";

/** What the fixtures' business numbers are to the tests. */
export const NUMBER = "919999999999";
export const PERSON = "919028670001";

type Body = Record<string, unknown>;

const all = (event: string) =>
  fixturesOf(event).map(([variant]): [string, Body] => [variant, fixture(event, variant)]);

/** The page's samples, letter by letter. */
export const TEMPLATES = all("clevertap-whatsapp-send");
export const FREEFORM = all("clevertap-whatsapp-freeform");
export const TRIALS = all("clevertap-whatsapp-trial");

/** A sample with real numbers, an address that is one, and an id of a message that is meant. */
export function real(body: unknown, number = NUMBER): Body {
  const text = JSON.stringify(body)
    .replace(/"to":"[^"]*"/, `"to":"+${PERSON}"`)
    .replace(/"wabaNumber":"[^"]*"/, `"wabaNumber":"${number}"`)
    .replaceAll("httpa://", "https://")
    .replace('"msgId":"0|0|0|0"', '"msgId":"25596363|1639561857|20220227|25596363"');
  return JSON.parse(text);
}

export const realOnes = (samples: [string, Body][]) =>
  samples.map(([variant, body]): [string, Body] => [variant, real(body)]);

export const SMS_ID = "9999999999.1200000000.1654002362.20220531.0.wzrk_default.-1.";
/** The documented body, as CleverTap fills it in. */
export const SMS = {
  to: `+${PERSON}`,
  text: "Your order is ready",
  id: SMS_ID,
  templateId: "1107160016156755389",
  campaignId: "1654002362",
};
