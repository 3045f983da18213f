import { ConnectorError } from "../../lib/errors.ts";
import type { TemplateButton } from "./template.ts";

/**
 * Components of Meta's template object, for platforms that send them in a form of their own.
 * https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-message-templates
 */
export type Component = Record<string, unknown>;

/** What a template's button takes: a link's end, a code to copy, a one-time password, or nothing. */
export function buttonKind({ type, url, otp_type }: TemplateButton): "link" | "code" | "password" | "fixed" {
  const kind = type.toUpperCase();
  if (kind === "OTP" || otp_type !== undefined) return "password";
  if (kind === "URL" && url?.includes("{{")) return "link";
  return kind === "COPY_CODE" ? "code" : "fixed";
}

/** The end of a link; to WhatsApp a one-time password is one too. */
export const linkButton = (index: number, text: string): Component =>
  button("url", index, { type: "text", text });

export const copyCodeButton = (index: number, coupon_code: string): Component =>
  button("copy_code", index, { type: "coupon_code", coupon_code });

const button = (sub_type: string, index: number, parameter: object): Component => ({
  type: "button",
  sub_type,
  index: String(index),
  parameters: [parameter],
});

/** Degrees, as text. Throws ConnectorError `invalid_request`, which names the field. */
export function coordinate(value: string | number | null | undefined, field: string, most: number): string {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number" || !(Math.abs(number) <= most))
    throw new ConnectorError("invalid_request", `${field} must be a number between -${most} and ${most}`);
  return String(number);
}

/** WhatsApp takes no empty value, and says so only much later. */
export const emptyValue = (field: string): ConnectorError =>
  new ConnectorError(
    "template_mismatch",
    `${field} is empty: WhatsApp takes no empty value, give the variable a fallback`,
  );
