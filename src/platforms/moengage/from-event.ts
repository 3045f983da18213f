import type { EngagementEvent } from "../../core/event.ts";
import { isWebPage } from "../../lib/http.ts";
import { SMS_TAG, WHATSAPP_TAG } from "./contract.ts";

/**
 * One event as the connector posts it. Every event has every field: how MoEngage walks the list is not published,
 * and a field that one event lacks must not be filled from its neighbour.
 */
export interface SourceEvent {
  customer_id: string;
  event_name: string;
  /** Epoch milliseconds. */
  user_time: number;
  event_id: string;
  channel: string;
  sender: string;
  message_id: string;
  text: string;
  button_payload: string;
  error_code: string;
  error_reason: string;
}

const EVENT_NAMES: Record<EngagementEvent["kind"], string> = {
  other: "Vonage Reply Received",
  button: "Vonage Button Tapped",
  opt_in: "Vonage Opted In",
  opt_out: "Vonage Opted Out",
  failed: "Vonage Message Failed",
};

const OWN = new Set<string>([WHATSAPP_TAG, SMS_TAG]);
/** Words of a person; an event attribute is no place for a novel. */
const MAX_TEXT = 1_000;

/**
 * Whether MoEngage should know. What answers or befell another platform's message is not its business, but an
 * opt-out is everybody's. Somebody whose number is hidden has no customer id.
 */
export function isForMoEngage({ kind, origin, person }: EngagementEvent): boolean {
  const isOwn = origin === undefined || OWN.has(origin) || kind === "opt_out" || kind === "opt_in";
  return isOwn && /^\d+$/.test(person);
}

export function eventToRow(event: EngagementEvent): SourceEvent {
  const isForeign = event.origin !== undefined && !OWN.has(event.origin);
  return {
    customer_id: event.person,
    event_name: EVENT_NAMES[event.kind],
    user_time: event.at,
    event_id: event.id,
    channel: event.channel,
    sender: event.sender ?? "",
    message_id: isForeign ? "" : (event.messageId ?? ""),
    text: (event.text ?? "").slice(0, MAX_TEXT),
    button_payload: (event.payload ?? "").slice(0, MAX_TEXT),
    error_code: event.error?.code ?? "",
    error_reason: (event.error?.description ?? "").slice(0, MAX_TEXT),
  };
}

const path = (field: keyof SourceEvent) => `$.events[*].${field}`;

/** The mapping that MoEngage has to install for exactly these events. */
export const MAPPER = {
  partner_name: "vonage_connector",
  mapping_type: "events",
  mappings: {
    customer_id: path("customer_id"),
    event_name: path("event_name"),
    user_time: path("user_time"),
    platform: "api",
    app_version: "1.0.0",
    attr: {
      event_id: path("event_id"),
      channel: path("channel"),
      sender: path("sender"),
      message_id: path("message_id"),
      text: path("text"),
      button_payload: path("button_payload"),
      error_code: path("error_code"),
      error_reason: path("error_reason"),
    },
  },
  batching: true,
  // A validation that fails refuses the whole call, the good events with the bad one.
  payload_validations: {},
} as const;

export interface SourceAnswer {
  outcome: "accepted" | "refused" | "retry";
  /** Safe to log. */
  about: Record<string, string | undefined>;
  words: string;
}

const REMEDIES: Record<number, string> = {
  401: "Events refused by MoEngage: check MOENGAGE_WORKSPACE_ID and MOENGAGE_DATA_API_KEY",
  403: "Events refused by MoEngage: the workspace allows certain addresses only, add the connector's",
  404: "Events refused by MoEngage: check MOENGAGE_CONNECTED_SOURCE_URL",
};

/** What an answer of a Connected Source means. */
export function sourceAnswer(status: number, text: string): SourceAnswer {
  const body = parse(text);
  const about = {
    request_id: word(body["request_id"] ?? body.error?.["request_id"]),
    code: word(body.error?.["code"]),
    target: word(body.error?.["target"]),
  };
  const isAccepting = status >= 200 && status < 300;
  if (isAccepting && !isWebPage(text)) {
    return about.request_id
      ? { outcome: "accepted", about, words: "Events told to MoEngage" }
      : { outcome: "accepted", about, words: "Events posted, and answered without a request_id" };
  }
  if (isAccepting || status === 408 || status === 429 || status >= 500)
    return { outcome: "retry", about, words: "Events not taken by MoEngage: trying again" };
  const mapperFault =
    about.code === "e_9004"
      ? "Events refused by MoEngage: its mapper does not fit them, give it the one on the console's page Settings"
      : "Events refused by MoEngage";
  return { outcome: "refused", about, words: REMEDIES[status] ?? mapperFault };
}

type Body = Record<string, unknown> & { error?: Record<string, unknown> };

function parse(text: string): Body {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? (parsed as Body) : {};
  } catch {
    return {};
  }
}

/** A short word of the answer's; anything else stays out of the log. */
const word = (value: unknown) =>
  typeof value === "string" && /^[\w.-]{1,64}$/.test(value) ? value : undefined;
