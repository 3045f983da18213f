import { randomUUID } from "node:crypto";
import type { Random } from "../random.ts";

interface Failure {
  status: "rejected" | "undeliverable";
  code: number;
  detail: string;
}

/** What goes wrong with real messages. https://developer.vonage.com/en/api-errors/messages */
const FAILURES: Record<"whatsapp" | "sms", Failure[]> = {
  whatsapp: [
    { status: "rejected", code: 1022, detail: "Invalid template or template parameters" },
    { status: "rejected", code: 1300, detail: "Not part of the provider network" },
    { status: "rejected", code: 1461, detail: "Auto-limiting by provider" },
    { status: "rejected", code: 1340, detail: "Outside the allowed window" },
    { status: "rejected", code: 1330, detail: "Delivery failed for an unknown reason" },
    { status: "undeliverable", code: 1331, detail: "Provider not responding" },
  ],
  sms: [
    { status: "rejected", code: 1170, detail: "Invalid or missing recipient" },
    { status: "rejected", code: 1240, detail: "Illegal number: the recipient has opted out" },
    { status: "rejected", code: 1210, detail: "Anti-spam rejection" },
    { status: "undeliverable", code: 1190, detail: "Absent subscriber, permanent" },
    { status: "undeliverable", code: 1260, detail: "Destination unreachable" },
  ],
};

/** The official samples do not agree with each other on the title, so neither does the fake. */
const TITLES: ((code: number) => string | number)[] = [String, Number, () => "Rejected"];

export function pickFailure(channel: "whatsapp" | "sms", random: Random) {
  const { status, code, detail } = random.pick(FAILURES[channel]);
  return { status, error: failureError(code, detail, random) };
}

/** The `error` of a status webhook for this code. */
export function failureError(code: number, detail: string, random: Random) {
  return {
    type: `https://developer.vonage.com/api-errors/messages#${code}`,
    title: random.pick(TITLES)(code),
    detail,
    instance: randomUUID(),
  };
}
