import { z } from "zod";

/** https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages#template-object */

const text = z.string().min(1);
const named = { parameter_name: text.optional() };
const link = { link: z.url().optional(), id: text.optional() };
const hasSource = (media: { link?: string | undefined; id?: string | undefined }) =>
  (media.link === undefined) !== (media.id === undefined);
const picture = z.strictObject(link).refine(hasSource, "needs a link or an id");
const coordinate = z.union([z.number(), z.string().regex(/^-?\d+(\.\d+)?$/)]);

const textParameter = z.strictObject({ type: z.literal("text"), text, ...named });

const headerParameter = z.discriminatedUnion("type", [
  textParameter,
  z.strictObject({ type: z.literal("image"), image: picture }),
  z.strictObject({ type: z.literal("video"), video: picture }),
  z.strictObject({
    type: z.literal("document"),
    document: z
      .strictObject({ ...link, filename: text.optional() })
      .refine(hasSource, "needs a link or an id"),
  }),
  z.strictObject({
    type: z.literal("location"),
    location: z.strictObject({
      latitude: coordinate,
      longitude: coordinate,
      name: text.optional(),
      address: text.optional(),
    }),
  }),
]);

const bodyParameter = z.discriminatedUnion("type", [
  textParameter,
  z.strictObject({
    type: z.literal("currency"),
    currency: z.strictObject({
      fallback_value: text,
      code: z.string().length(3),
      amount_1000: z.union([z.int(), z.string().regex(/^\d+$/)]),
    }),
    ...named,
  }),
  z.strictObject({
    type: z.literal("date_time"),
    date_time: z.looseObject({ fallback_value: text }),
    ...named,
  }),
]);

const index = z.union([z.int().min(0).max(9), z.string().regex(/^\d$/)]);
const one = <T extends z.ZodType>(item: T) => z.array(item).length(1);
const buttonParameters: Record<string, z.ZodType> = {
  quick_reply: one(z.strictObject({ type: z.literal("payload"), payload: text })),
  url: one(textParameter),
  copy_code: one(z.strictObject({ type: z.literal("coupon_code"), coupon_code: text.max(20) })),
  flow: one(
    z.strictObject({
      type: z.literal("action"),
      action: z.strictObject({
        flow_token: text.optional(),
        flow_action_data: z.record(z.string(), z.unknown()).optional(),
      }),
    }),
  ),
};

const button = z
  .strictObject({ type: z.string(), sub_type: text, index, parameters: z.array(z.unknown()) })
  .superRefine((value, context) => {
    const known = buttonParameters[value.sub_type.toLowerCase()]?.safeParse(value.parameters);
    for (const issue of known?.error?.issues ?? []) {
      context.addIssue({ code: "custom", path: ["parameters", ...issue.path], message: issue.message });
    }
  });

const type = z.string();
const kinds: Record<string, z.ZodType> = {
  header: z.strictObject({ type, parameters: one(headerParameter) }),
  body: z.strictObject({ type, parameters: z.array(bodyParameter) }),
  button,
  limited_time_offer: z.strictObject({
    type,
    parameters: one(
      z.strictObject({
        type: z.literal("limited_time_offer"),
        limited_time_offer: z.strictObject({ expiration_time_ms: z.int().positive() }),
      }),
    ),
  }),
};

const checkKind =
  (known: Record<string, z.ZodType>) =>
  (value: { type: string }, context: z.core.$RefinementCtx<{ type: string }>) => {
    const found = known[value.type.toLowerCase()]?.safeParse(value);
    for (const issue of found?.error?.issues ?? []) {
      context.addIssue({ code: "custom", path: issue.path, message: issue.message });
    }
  };

const cardComponent = z.looseObject({ type: text }).superRefine(checkKind(kinds));
const carousel = z.strictObject({
  type,
  cards: z
    .array(z.strictObject({ card_index: z.int().min(0).max(9), components: z.array(cardComponent).min(1) }))
    .min(1)
    .max(10),
});

/** Known kinds have Meta's shape, whatever the case of their type; unknown kinds pass. */
const component = z.looseObject({ type: text }).superRefine(checkKind({ ...kinds, carousel }));

const template = z.strictObject({
  type,
  template: z.strictObject({
    name: z.string().min(1).max(512),
    language: z.strictObject({ code: z.string().min(2), policy: z.literal("deterministic") }),
    components: z.array(component).optional(),
  }),
});

/** What Vonage hands to WhatsApp as it is. Only templates are checked in depth. */
export const custom = z.looseObject({ type: text }).superRefine((value, context) => {
  if (value.type !== "template") return;
  const parsed = template.safeParse(value);
  for (const issue of parsed.error?.issues ?? []) {
    context.addIssue({ code: "custom", path: issue.path, message: issue.message });
  }
});
