import { z } from "zod";
import { text } from "../core/text.ts";

/**
 * Vonage's wire, Messages API v1. Fields that Vonage's own samples type loosely are typed loosely here.
 * https://developer.vonage.com/en/api/messages
 */

export const MAX_CLIENT_REF = 100;

/** problem+json, whatever its content type says. A field of another shape must not hide the others. */
export const problem = z.object({
  type: z.string().optional().catch(undefined),
  title: z.union([z.string(), z.number()]).optional().catch(undefined),
  detail: z.string().optional().catch(undefined),
  invalid_parameters: z
    .array(z.object({ name: z.string().optional(), reason: z.string().optional() }))
    .optional()
    .catch(undefined),
});
export type Problem = z.output<typeof problem>;

export const accepted = z.object({ message_uuid: text() });

export const statusWebhook = z.object({
  message_uuid: text(),
  channel: z.string(),
  status: z.string(),
  to: z.union([z.string(), z.number()]).transform(String).catch(""),
  from: z.union([z.string(), z.number()]).transform(String).catch(""),
  timestamp: z.string().catch(""),
  client_ref: z.string().optional().catch(undefined),
  error: problem.optional().catch(undefined),
  sms: z
    .object({ count_total: z.union([z.string(), z.number()]).transform(Number).pipe(z.int().min(1)) })
    .optional()
    .catch(undefined),
  whatsapp: z
    .object({
      recipient: z.object({ user_id: z.string().optional(), wa_id: z.string().optional() }).optional(),
    })
    .optional()
    .catch(undefined),
});

const textOrNumber = z.union([z.string(), z.number()]).transform(String);

const words = z.string().optional().catch(undefined);
const media = z.object({ url: text(), caption: words, name: words }).optional().catch(undefined);

export const inboundWebhook = z.object({
  message_uuid: text(),
  channel: z.string(),
  from: textOrNumber,
  to: textOrNumber,
  timestamp: z.string().catch(""),
  message_type: z.string().optional().catch(undefined),
  text: z.string().optional().catch(undefined),
  button: z
    .object({ payload: z.unknown().optional(), text: z.string().optional().catch(undefined) })
    .optional()
    .catch(undefined),
  reply: z
    .object({ id: z.string().optional().catch(undefined), title: z.string().optional().catch(undefined) })
    .optional()
    .catch(undefined),
  image: media,
  video: media,
  audio: media,
  file: media,
  location: z
    .object({
      lat: z.number(),
      long: z.number(),
      name: words,
      address: words,
      url: words,
    })
    .optional()
    .catch(undefined),
  context: z.object({ message_uuid: z.string().optional() }).optional().catch(undefined),
  whatsapp: z
    .object({
      sender: z
        .object({
          user_id: z.string().optional().catch(undefined),
          wa_id: z.string().optional().catch(undefined),
        })
        .optional(),
    })
    .optional()
    .catch(undefined),
});

export const signatureClaims = z.object({
  iat: z.number().optional().catch(undefined),
  iss: z.string().optional().catch(undefined),
  jti: z.string().optional().catch(undefined),
  payload_hash: z.string().optional().catch(undefined),
  api_key: z.string().optional().catch(undefined),
});

/** https://developer.vonage.com/en/api/application.v2 */
export const application = z.object({
  keys: z.object({ public_key: z.string() }).partial().optional().catch(undefined),
  capabilities: z
    .object({
      messages: z
        .object({
          webhooks: z.object({
            inbound_url: z.object({ address: z.string() }).partial().optional(),
            status_url: z.object({ address: z.string() }).partial().optional(),
          }),
        })
        .partial()
        .optional(),
    })
    .optional(),
});

/** https://developer.vonage.com/en/api/whatsapp-template-management; components are Meta's and pass whole. */
const component = z.looseObject({ type: z.string() });
export const managedTemplate = z.object({
  id: z.union([z.string(), z.number()]).transform(String),
  name: text(),
  language: text(),
  category: z.string().catch(""),
  status: text(),
  parameter_format: z.string().optional().catch(undefined),
  components: z.array(component).nullish(),
  created_at: z.union([z.string(), z.number()]).optional().catch(undefined),
  created_time: z.union([z.string(), z.number()]).optional().catch(undefined),
});
export const templatePage = z.object({
  templates: z.array(managedTemplate),
  paging: z
    .object({
      cursors: z.object({ after: z.string().optional() }).nullish(),
      next: z.string().nullish(),
    })
    .nullish(),
});

/** https://developer.vonage.com/en/api/channel-manager; how it names the list of numbers is not published. */
export const wabaPage = z.object({
  total_pages: z.number().optional(),
  _embedded: z.object({ wabas: z.array(z.object({ waba_id: text() })) }).optional(),
});
export const numberPage = z.object({
  total_pages: z.number().optional(),
  _embedded: z.record(z.string(), z.unknown()).optional(),
});
