import type { Channel } from "./moengage/index.ts";
import { createRandom, type Random } from "./random.ts";
import { type AcceptedMessage, smsInbound, userIdOf, type Vonage, whatsappInbound } from "./vonage/index.ts";

/** What a person does with a message. */
export type Deed = "STOP" | "START" | "tap" | "question";

export interface People {
  /** How often each deed was done. */
  deeds: Record<Deed, number>;
  /** How many of them hid their number. */
  hidden: number;
  hasOptedOut(channel: Channel, number: string): boolean;
  /** Messages that somebody has yet to look at, or to answer. */
  pending(): number;
  stop(): void;
}

const LOOK_MS = 25;
const THINK_MS = [50, 400] as const;
/** After a change of mind; Vonage tells times in whole seconds, so less would be the same moment. */
const REGRET_MS = 1_200;

const STOPS = ["STOP", "Stop!", " stop", "*STOP*", "🛑 stop 🛑"];
const QUESTIONS = ["When do you open?", "stop that noise", "👍 thanks", "Who is this?"];

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
 * People with phones: a share of them answers a campaign's message. They never answer the brand's own answers,
 * and nobody can answer an SMS from a name.
 */
export function startPeople(options: {
  vonage: Vonage;
  seed: number;
  /** Of the messages that are answered, 0 to 1. */
  share: number;
  autoReplies: readonly string[];
}): People {
  const { vonage, share, autoReplies } = options;
  const random = createRandom(options.seed);
  const deeds: Record<Deed, number> = { STOP: 0, START: 0, tap: 0, question: 0 };
  const optedOut = new Set<string>();
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
    const person = `${message.request.channel} ${message.request.to}`;
    if (deed === "STOP") optedOut.add(person);
    if (deed === "START") optedOut.delete(person);
    vonage.sendInbound(body);
  };

  const write = (message: AcceptedMessage, text: string) => {
    const { channel, to, from } = message.request;
    const party = { from: to, to: from };
    return channel === "sms" ? smsInbound(party, text) : whatsappInbound("text", party, { text });
  };

  const act: Record<Story, (message: AcceptedMessage) => void> = {
    stop: (message) => answer("STOP", message, write(message, random.pick(STOPS))),
    "hidden stop": (message) => {
      hidden += 1;
      const user_id = userIdOf(message.request.to);
      const party = { from: user_id, to: message.request.from, contextUuid: message.uuid };
      const body = whatsappInbound("text", party, { text: "STOP", whatsapp: { sender: { user_id } } });
      answer("STOP", message, body);
    },
    "change of mind": (message) => {
      act.stop(message);
      later(REGRET_MS, () => answer("START", message, write(message, "Start")));
    },
    tap: (message) => {
      const { to, from } = message.request;
      const button = { payload: "yes-1", text: "Yes", subtype: "template" };
      const party = { from: to, to: from, contextUuid: message.uuid };
      answer("tap", message, whatsappInbound("button", party, { button }));
    },
    question: (message) => answer("question", message, write(message, random.pick(QUESTIONS))),
  };

  const isAnswerable = ({ request }: AcceptedMessage) =>
    /^\d+$/.test(request.from) && !("text" in request && autoReplies.includes(request.text));

  const look = () => {
    for (const message of vonage.messages.slice(seen)) {
      seen += 1;
      if (!isAnswerable(message) || !random.chance(share)) continue;
      const story = pickWeighted(STORIES[message.request.channel], random);
      later(random.between(...THINK_MS), () => act[story](message));
    }
  };
  const interval = setInterval(look, LOOK_MS);

  return {
    deeds,
    get hidden() {
      return hidden;
    },
    hasOptedOut: (channel, number) => optedOut.has(`${channel} ${number.replace(/^\+/, "")}`),
    pending: () => (stopped ? 0 : timers.size + vonage.messages.length - seen),
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
