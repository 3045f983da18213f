import { randomUUID } from "node:crypto";
import type { Answer } from "../server.ts";

const BASE = "https://developer.vonage.com/api-errors/";

interface Problem {
  title: string;
  detail: string;
}

/** Titles and details of the errors, by the end of their `type`. The spelling of `unathorized` is Vonage's. */
const PROBLEMS: Record<string, Problem> = {
  "#unathorized": {
    title: "You did not provide correct credentials.",
    detail: "Check that you're using the correct credentials, and that your account has this feature enabled",
  },
  "#multiple-auth-methods": {
    title: "Multiple authentication methods used",
    detail: "Provide exactly one authentication method",
  },
  "#jwt-expired": { title: "JWT expired", detail: "The token's exp has passed" },
  "#low-balance": {
    title: "Low balance",
    detail: "This request could not be performed due to your account balance being low.",
  },
  "#forbidden": {
    title: "Forbidden",
    detail: "Your account does not have permission to perform this action.",
  },
  "#account-suspended": { title: "Account suspended", detail: "This account has been suspended." },
  "#not-found": { title: "Not Found", detail: "The requested resource was not found." },
  "#wrong-verb": { title: "Wrong verb", detail: "The HTTP verb is not allowed for this resource." },
  "#content-type-header": {
    title: "Unsupported content type",
    detail: "Content-Type must be application/json.",
  },
  "#invalid-json": { title: "Invalid JSON", detail: "The request body did not contain valid JSON" },
  "messages#1000": { title: "Rate Limit Hit", detail: "Please wait, then retry your request" },
  "messages#1060": { title: "Invalid client reference", detail: "The client reference is invalid." },
  "messages#1100": { title: "Unsupported channel", detail: "The requested channel is not supported" },
  "messages#1110": { title: "Invalid channel parameters", detail: "The channel parameters are invalid." },
  "messages#1120": {
    title: "Invalid sender",
    detail: "The `from` parameter is invalid for the given channel.",
  },
  "messages#1130": {
    title: "Invalid recipient",
    detail: "The `to` parameter is invalid for the given channel.",
  },
  "messages#1140": {
    title: "Invalid message type",
    detail: "The `message_type` is invalid for the channel.",
  },
  "messages#1150": { title: "Invalid params", detail: "The value of one or more parameters is invalid." },
};

const INTERNAL: Problem = {
  title: "Internal error",
  detail: "There was an error processing your request in the Platform.",
};

const DEFAULT_ANCHORS: Record<number, string> = {
  401: "#unathorized",
  402: "#low-balance",
  403: "#forbidden",
  404: "#not-found",
  405: "#wrong-verb",
  415: "#content-type-header",
  422: "messages#1150",
};

/** A problem document (RFC 9457) as the Messages API answers; 422 comes as plain JSON, the rest as problem+json. */
export function problem(
  status: number,
  options: { anchor?: string | undefined; extra?: object; headers?: Record<string, string> } = {},
): Answer {
  const anchor = options.anchor ?? DEFAULT_ANCHORS[status] ?? "messages#1000";
  const words = (status >= 500 ? undefined : PROBLEMS[anchor]) ?? INTERNAL;
  return {
    status,
    body: JSON.stringify({ type: `${BASE}${anchor}`, ...words, instance: randomUUID(), ...options.extra }),
    headers: {
      "content-type": status === 422 ? "application/json" : "application/problem+json",
      ...options.headers,
    },
  };
}

/** 429 as documented: whole seconds to wait, and the limit in force. */
export function throttled(retryAfterSeconds: number, limit: number): Answer {
  return problem(429, {
    headers: {
      "retry-after": String(retryAfterSeconds),
      "x-ratelimit-limit": String(limit),
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset": String(Date.now() + retryAfterSeconds * 1000),
    },
  });
}
