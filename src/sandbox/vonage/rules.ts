import { z } from "zod";
import type { SendRequest } from "./contract.ts";

/** What the fake does with a valid request instead of accepting it. */
export const Behaviour = z.discriminatedUnion("do", [
  z.strictObject({ do: z.literal("accept") }),
  /** A problem document; `anchor` such as `messages#1130` or `#account-suspended`. */
  z.strictObject({
    do: z.literal("problem"),
    status: z.int().min(400).max(599),
    anchor: z.string().optional(),
  }),
  z.strictObject({ do: z.literal("throttle"), retryAfterSeconds: z.int().min(0) }),
  z.strictObject({ do: z.literal("html"), status: z.int().min(200).max(599) }),
  /** Without and with the message being sent. */
  z.strictObject({ do: z.literal("hang") }),
  z.strictObject({ do: z.literal("accept-then-hang") }),
  z.strictObject({ do: z.literal("accept-then-reset") }),
  z.strictObject({ do: z.literal("accept-then-html"), status: z.int().min(200).max(599) }),
  /** Destroys the connection before the request is read; cannot look at the body. */
  z.strictObject({ do: z.literal("reset") }),
]);
export type Behaviour = z.infer<typeof Behaviour>;

/** A rule as data, so that it can also be set over HTTP; all conditions given must hold. */
export const Rule = z.strictObject({
  toEndsWith: z.string().optional(),
  clientRef: z.string().optional(),
  channel: z.string().optional(),
  /** The rule is used up after so many requests; without it, it stays. */
  times: z.int().positive().optional(),
  answer: Behaviour,
});
export type Rule = z.infer<typeof Rule> & {
  /** In-process only: any other condition. */
  when?: (request: SendRequest) => boolean;
};

export interface Rules {
  add(rule: Rule): void;
  clear(): void;
  /** The first rule that fits, `accept` if none does; without a request, only rules that do not look at one. */
  decide(request?: SendRequest): Behaviour;
}

function fits(rule: Rule, request: SendRequest): boolean {
  return (
    request.to.endsWith(rule.toEndsWith ?? "") &&
    (rule.clientRef === undefined || request.client_ref === rule.clientRef) &&
    (rule.channel === undefined || request.channel === rule.channel) &&
    (rule.when?.(request) ?? true)
  );
}

function isBlind(rule: Rule): boolean {
  const { toEndsWith, clientRef, channel, when } = rule;
  return rule.answer.do === "reset" && !toEndsWith && !clientRef && !channel && !when;
}

export function createRules(): Rules {
  let rules: { rule: Rule; left: number }[] = [];
  return {
    add(rule) {
      rules.push({ rule, left: rule.times ?? Number.POSITIVE_INFINITY });
    },
    clear() {
      rules = [];
    },
    decide(request) {
      const found = rules.find(({ rule, left }) =>
        request === undefined ? left > 0 && isBlind(rule) : left > 0 && fits(rule, request),
      );
      if (found === undefined) return { do: "accept" };
      found.left -= 1;
      rules = rules.filter(({ left }) => left > 0);
      return found.rule.answer;
    },
  };
}
