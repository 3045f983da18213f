import { CANARY } from "./auditor.ts";
import type { Channel } from "./ledger.ts";
import { createRandom, type Random } from "./random.ts";
import { type AcceptedMessage, smsInbound, userIdOf, type Vonage, whatsappInbound } from "./vonage/index.ts";

/** What a person does with a message. */
export type Deed = "STOP" | "START" | "tap" | "question";

export interface People {
  /** How often each deed was done. */
  deeds: Record<Deed, number>;
  /** How many of them hid their number. */
  hidden: number;
  /** What each of them said last of STOP and START. */
  lastWords: Map<string, { channel: Channel; number: string; said: "STOP" | "START" }>;
  hasOptedOut(channel: Channel, number: string): boolean;
  /** Webhooks that nobody has looked at yet, and answers still being thought of. */
  pending(): number;
  stop(): void;
}

export const personKey = (channel: Channel, number: string) => `${channel} ${number.replace(/^\+/, "")}`;

const LOOK_MS = 25;
const THINK_MS = [50, 400] as const;
/** After a change of mind; Vonage tells times in whole seconds, so less would be the same moment. */
const REGRET_MS = 1_200;

const STOPS = ["STOP", "Stop!", " stop", "*STOP*", "🛑 stop 🛑"];
const QUESTIONS = ["When do you open?", "stop that noise", "👍 thanks", "Who is this?"].map(
  (text) => `${text} ${CANARY}-answer`,
);

/** The stories of those who answer, with their weights. */
const STORIES: Record<Channel, [Story, number][]> = {
  whatsapp: [
    ["stop", 3],
    ["hidden stop", 1],
    ["change of mind", 1],
    ["tap", 4],
    ["question", 2],
  ],
  sms: [
    ["stop", 3],
    ["change of mind", 1],
    ["question", 2],
  ],
};
type Story = "stop" | "hidden stop" | "change of mind" | "tap" | "question";

/**
 * People with phones: a share of them answers the first message that reaches them. They never answer the brand's own answers,
 * and nobody can answer an SMS from a name.
 */
export function startPeople(options: {
  vonage: Vonage;
  seed: number;
  /** Of the people who answer, 0 to 1. */
  share: number;
  autoReplies: readonly string[];
}): People {
  const { vonage, share, autoReplies } = options;
  /** Their own, so that what a person does is the same however fast the messages of others arrive. */
  const chanceOf = ({ request }: AcceptedMessage) =>
    createRandom(options.seed + Number(request.to.replace(/\D/g, "").slice(-9)));
  const deeds: Record<Deed, number> = { STOP: 0, START: 0, tap: 0, question: 0 };
  const lastWords: People["lastWords"] = new Map();
  const byUuid = new Map<string, AcceptedMessage>();
  /** Everybody makes up their mind once. */
  const reached = new Set<string>();
  const timers = new Set<NodeJS.Timeout>();
  let seen = 0;
  let hidden = 0;
  let stopped = false;

  const later = (ms: number, act: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, ms);
    timers.add(timer);
  };

  const answer = (deed: Deed, message: AcceptedMessage, body: object) => {
    deeds[deed] += 1;
    const { channel, to: number } = message.request;
    if (deed === "STOP" || deed === "START")
      lastWords.set(personKey(channel, number), { channel, number, said: deed });
    vonage.sendInbound(body);
  };

  const write = (message: AcceptedMessage, text: string) => {
    const { channel, to, from } = message.request;
    const party = { from: to, to: from };
    return channel === "sms" ? smsInbound(party, text) : whatsappInbound("text", party, { text });
  };

  const act: Record<Story, (message: AcceptedMessage, random: Random) => void> = {
    stop: (message, random) => answer("STOP", message, write(message, random.pick(STOPS))),
    "hidden stop": (message) => {
      hidden += 1;
      const user_id = userIdOf(message.request.to);
      const party = { from: user_id, to: message.request.from, contextUuid: message.uuid };
      const body = whatsappInbound("text", party, { text: "STOP", whatsapp: { sender: { user_id } } });
      answer("STOP", message, body);
    },
    "change of mind": (message, random) => {
      act.stop(message, random);
      later(REGRET_MS, () => answer("START", message, write(message, "Start")));
    },
    tap: (message) => {
      const { to, from } = message.request;
      const button = { payload: `yes-1-${CANARY}-tap`, text: `Yes ${CANARY}-tap`, subtype: "template" };
      const party = { from: to, to: from, contextUuid: message.uuid };
      answer("tap", message, whatsappInbound("button", party, { button }));
    },
    question: (message, random) => answer("question", message, write(message, random.pick(QUESTIONS))),
  };

  const isAnswerable = ({ request }: AcceptedMessage) =>
    /^\d+$/.test(request.from) && !("text" in request && autoReplies.includes(request.text));

  const look = () => {
    for (const message of vonage.messages.slice(byUuid.size)) byUuid.set(message.uuid, message);
    for (const { body } of vonage.webhooks.slice(seen)) {
      seen += 1;
      // People answer what has reached their phone; inbound webhooks have no status.
      const message = body["status"] === "delivered" ? byUuid.get(String(body["message_uuid"])) : undefined;
      if (!message || !isAnswerable(message)) continue;
      const person = personKey(message.request.channel, message.request.to);
      if (reached.has(person)) continue;
      reached.add(person);
      const random = chanceOf(message);
      if (!random.chance(share)) continue;
      const story = pickWeighted(STORIES[message.request.channel], random);
      later(random.between(...THINK_MS), () => act[story](message, random));
    }
  };
  const interval = setInterval(look, LOOK_MS);

  return {
    deeds,
    get hidden() {
      return hidden;
    },
    lastWords,
    hasOptedOut: (channel, number) => lastWords.get(personKey(channel, number))?.said === "STOP",
    pending: () => (stopped ? 0 : timers.size + vonage.webhooks.length - seen),
    stop() {
      stopped = true;
      clearInterval(interval);
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}

function pickWeighted<T>(items: readonly [T, number][], random: Random): T {
  return random.pick(items.flatMap(([item, weight]) => Array.from({ length: weight }, () => item)));
}
