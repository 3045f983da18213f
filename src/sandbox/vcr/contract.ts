import { z } from "zod";

/** Documented payload limit of the queue; taken per enqueue request, the stricter of the two readings. */
export const MAX_ENQUEUE_BYTES = 8000;
/** Deliveries after the first, at once, before a job goes to the dead letters. */
export const RETRIES = 3;
/** Not documented for the queue; this is the scheduler's. */
export const CALLBACK_TIMEOUT_MS = 30_000;
/** A path segment the SDK does not encode, so only these characters are safe. */
export const QUEUE_NAME = /^[A-Za-z0-9_-]{1,128}$/;

export const PROVIDERS = [
  "queue-service",
  "client-persistence-api",
  "vonage-messaging",
  "logs-submission",
  "events-submission",
] as const;
export type Provider = (typeof PROVIDERS)[number];

/** What `session.wrapCallback` makes. */
export const Callback = z.strictObject({
  filters: z.array(z.unknown()),
  id: z.uuid(),
  instanceServiceName: z.string().min(1),
  sessionId: z.uuid(),
  instanceId: z.string().min(1),
  path: z.string().min(1),
});
export type Callback = z.infer<typeof Callback>;

const Rate = z.strictObject({ maxInflight: z.int().min(1), msgPerSecond: z.number().positive() });
export type Rate = z.infer<typeof Rate>;

export const CreateQueue = z.strictObject({
  name: z.string().regex(QUEUE_NAME),
  callback: Callback,
  active: z.boolean(),
  rate: Rate,
});
export type CreateQueue = z.infer<typeof CreateQueue>;

export const UpdateQueue = z.strictObject({ rate: Rate });

export const StateCommand = z.strictObject({
  operation: z.string(),
  namespace: z.string().min(1),
  key: z.string().min(1),
  args: z.array(z.string()),
});

const Contact = z.strictObject({ type: z.string().min(1), number: z.string().nullable() });
export const Subscription = z.strictObject({ from: Contact, to: Contact, callback: Callback });
export type Subscription = z.infer<typeof Subscription>;

export const Unsubscription = z.strictObject({
  header: z.looseObject({ traceId: z.string(), apiApplicationId: z.string() }),
  actions: z
    .array(
      z.strictObject({
        provider: z.string(),
        action: z.literal("unsubscribe-event"),
        payload: z.strictObject({ id: z.string() }),
      }),
    )
    .min(1),
});
