/** A button of a template, as Meta describes it. https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/components */
export interface TemplateButton {
  type: string;
  text?: string;
  url?: string;
  otp_type?: string;
  [key: string]: unknown;
}

/** A component of a template in Meta's own shape, fields unknown to us included. */
export interface TemplateComponent {
  type: string;
  format?: string;
  text?: string;
  buttons?: TemplateButton[];
  cards?: { components: TemplateComponent[] }[];
  limited_time_offer?: { has_expiration?: boolean };
  [key: string]: unknown;
}

/** One language of one template, as the WhatsApp account has it now. */
export interface CatalogTemplate {
  id: string;
  name: string;
  /** As Meta writes it, e.g. `en` or `pt_BR`. */
  language: string;
  category: string;
  /** Meta's word, upper case; see APPROVED. */
  status: string;
  parameterFormat: "POSITIONAL" | "NAMED";
  components: TemplateComponent[];
  /** Milliseconds since the epoch, where the vendor tells. */
  createdAt?: number;
}

/** A template as known at once, and how to be sure. */
export interface FoundTemplate {
  /** As the last list has it, whatever its age; undefined when nothing is known of it. */
  template: CatalogTemplate | undefined;
  /** As a list has it whose fetch began after the call. Rejects, retryable, when there is none within 2 s. */
  confirm(): Promise<CatalogTemplate | undefined>;
}

export const APPROVED = "APPROVED";

/** Language codes are compared without regard to case, and to `-` or `_`. */
export const languageKey = (code: string) => code.toLowerCase().replaceAll("-", "_");

const PLACEHOLDER = /\{\{\s*([^{}]+?)\s*\}\}/g;

/** The different placeholders of a text in their order: numbers, or names. */
export function placeholders(text: string): string[] {
  return [...new Set(Array.from(text.matchAll(PLACEHOLDER), (match) => match[1] as string))];
}

/** The text with every placeholder replaced. */
export function fill(text: string, value: (placeholder: string) => string): string {
  return text.replace(PLACEHOLDER, (_, placeholder: string) => value(placeholder));
}
