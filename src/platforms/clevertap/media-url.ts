import { ConnectorError } from "../../lib/errors.ts";

/**
 * An address of a picture or the like: CleverTap's samples have some without `https://`.
 * Throws ConnectorError `invalid_request`, which names the field, for what is none.
 */
export function mediaUrl(given: string, field: string): string {
  const text = given.trim();
  const url = /^[a-z][a-z0-9+.-]*:/i.test(text) ? text : `https://${text}`;
  if (/^https?:\/\/[^/]/i.test(url) && URL.canParse(url)) return url;
  throw new ConnectorError(
    "invalid_request",
    `${field} must be a complete address that starts with https://`,
  );
}
