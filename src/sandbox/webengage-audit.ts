import { isDeepStrictEqual } from "node:util";
import type { Vonage } from "./vonage/index.ts";
import type { WebEngage } from "./webengage/index.ts";

/** What must not have happened to WebEngage's messages, in words. */
export function webengageProblems(webengage: WebEngage, vonage: Vonage): string[] {
  const funnel = webengage.funnel();
  const unsettled = funnel.accepted - funnel.settled;
  const violations = webengage.violations();
  const altered = alteredMessages(webengage, vonage);
  return [
    ...(unsettled > 0 ? [`${unsettled} messages of WebEngage are not settled`] : []),
    ...violations
      .slice(0, 3)
      .map(({ rule, detail }) => `violation of WebEngage's contract: ${rule} (${detail})`),
    ...(altered > 0 ? [`${altered} messages of WebEngage altered on their way`] : []),
  ];
}

/** Each recipient gets one message of a campaign, whatever its reference looks like. */
function alteredMessages({ messages, expected }: WebEngage, vonage: Vonage): number {
  const sent = new Map(
    vonage.messages.map(({ request }) => [
      request.to,
      request.channel === "whatsapp" && request.message_type === "custom"
        ? request.custom["template"]
        : undefined,
    ]),
  );
  return [...messages.values()].filter(({ id, to }) => {
    const template = sent.get(to) as { components?: unknown } | undefined;
    return template !== undefined && !isDeepStrictEqual(template.components, expected.get(id));
  }).length;
}
