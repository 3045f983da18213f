import { z } from "zod";

/**
 * Vonage's wire, Messages API v1. Fields that Vonage's own samples type loosely are typed loosely here.
 * https://developer.vonage.com/en/api/messages
 */

export const MAX_CLIENT_REF = 100;

/** problem+json, whatever its content type says; gateways answer HTML or nothing at all. */
export const problem = z.object({
  type: z.string().optional(),
  title: z.union([z.string(), z.number()]).optional(),
  detail: z.string().optional(),
  invalid_parameters: z
    .array(z.object({ name: z.string().optional(), reason: z.string().optional() }))
    .optional(),
});
export type Problem = z.output<typeof problem>;

export const accepted = z.object({ message_uuid: z.string().min(1) });

export const statusWebhook = z.object({
  message_uuid: z.string().min(1),
  channel: z.string(),
  status: z.string(),
  to: z.union([z.string(), z.number()]).transform(String).catch(""),
  from: z.union([z.string(), z.number()]).transform(String).catch(""),
  timestamp: z.string().catch(""),
  client_ref: z.string().optional().catch(undefined),
  error: problem.optional().catch(undefined),
  whatsapp: z
    .object({
      recipient: z.object({ user_id: z.string().optional(), wa_id: z.string().optional() }).optional(),
    })
    .optional()
    .catch(undefined),
});

const textOrNumber = z.union([z.string(), z.number()]).transform(String);

export const inboundWebhook = z.object({
  message_uuid: z.string().min(1),
  channel: z.string(),
  from: textOrNumber,
  to: textOrNumber,
  timestamp: z.string().catch(""),
  message_type: z.string().optional().catch(undefined),
  text: z.string().optional().catch(undefined),
  button: z
    .object({ payload: z.unknown(), text: z.string().optional().catch(undefined) })
    .optional()
    .catch(undefined),
  reply: z
    .object({ id: z.string().optional().catch(undefined), title: z.string().optional().catch(undefined) })
    .optional()
    .catch(undefined),
  context: z.object({ message_uuid: z.string().optional() }).optional().catch(undefined),
  whatsapp: z
    .object({ sender: z.object({ user_id: z.string().optional(), wa_id: z.string().optional() }).optional() })
    .optional()
    .catch(undefined),
});

export const signatureClaims = z.object({
  iat: z.number(),
  iss: z.string(),
  jti: z.string().optional(),
  payload_hash: z.string(),
  api_key: z.string(),
});

/** https://developer.vonage.com/en/api/application.v2 */
export const application = z.object({
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
