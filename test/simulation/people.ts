import { CANARY } from "../../src/sandbox/auditor.ts";
import { type CleverTap, templateSend } from "../../src/sandbox/clevertap/index.ts";
import type { MoEngage } from "../../src/sandbox/moengage/index.ts";
import { recipient, smsSend, whatsappSend } from "../../src/sandbox/moengage/messages.ts";
import { createRandom } from "../../src/sandbox/random.ts";
import { smsInbound, userIdOf, type Vonage, whatsappInbound } from "../../src/sandbox/vonage/index.ts";
import { type WebEngage, webengageSend, webengageSms } from "../../src/sandbox/webengage/index.ts";
import { hash } from "./hash.ts";
import { WORLD } from "./net.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Message, Word, World } from "./world.ts";

export const SENDERS = { whatsapp: "447700900000", sms: "447700900001" };

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;
const TRIES = 10;

export interface PeopleOptions {
  world: World;
  scheduler: Scheduler;
  vonage: Vonage;
  moengage: MoEngage;
  webengage: WebEngage;
  clevertap: CleverTap;
  tell(line: string, about?: string): void;
  strike(what: string): void;
}

/** Who begins something: platforms that send and look at templates, people who answer. */
export interface People {
  offer(message: Message): Promise<void>;
  hear(word: Word): void;
  sync(): Promise<void>;
  /** What was begun and has no end yet. */
  underWay(): number;
}

export function createPeople(options: PeopleOptions): People {
  const { world, scheduler, vonage, moengage, webengage, clevertap, tell, strike } = options;
  let underWay = 0;

  const wait = (ms: number) => new Promise<void>((resolve) => void scheduler.after(ms, WORLD, resolve));

  async function during(work: Promise<unknown>): Promise<void> {
    underWay++;
    await work;
    underWay--;
  }

  function composed(message: Message, to: string) {
    const random = createRandom(hash(world.seed, "message", message.id));
    if (message.platform === "sms") {
      const asked = smsSend(random, to);
      return () => moengage.sendSms(asked);
    }
    if (message.platform === "webengage sms") {
      const asked = webengageSms(random, { from: SENDERS.sms, to });
      return () => webengage.sms.send(asked);
    }
    if (message.platform === "clevertap") {
      const asked = templateSend(random, { from: SENDERS.whatsapp, to, msgId: random.uuid() }).message;
      return () => clevertap.send(asked);
    }
    if (message.platform === "clevertap sms") {
      const asked = { id: random.uuid(), to: `+${to}`, text: `Your order is ready ${CANARY}-text` };
      return async () => {
        const outcome = await clevertap.sendSms([asked]);
        return { result: outcome.status === 200 ? "accepted" : "refused", id: asked.id, outcome } as const;
      };
    }
    if (message.platform === "webengage") {
      const asked = webengageSend(random, { from: SENDERS.whatsapp, to }).message;
      return () => webengage.send(asked);
    }
    const asked = whatsappSend(random, { from: SENDERS.whatsapp, to });
    return () => moengage.send(asked);
  }

  /** The last message to them, where there is one to answer. */
  function tap(to: string): void {
    const answered = vonage.messages.findLast(({ request }) => request.to === to);
    const context = answered ? { contextUuid: answered.uuid } : {};
    const party = { from: to, to: SENDERS.whatsapp, ...context };
    vonage.sendInbound(whatsappInbound(answered ? "button" : "text", party));
  }

  return {
    underWay: () => underWay,
    async offer(message) {
      const to = recipient(message.person);
      const send = composed(message, to);
      const again = async (tries: number) => {
        for (let tried = 1; tried <= tries; tried++) {
          const { result, id, outcome } = await send();
          const answer = outcome.status ?? outcome.failure;
          tell(`message ${message.id} to ${to}: ${result} (${answer}) ${id ?? ""}`, "");
          if (result !== "again") return;
          await wait(Math.min(FIRST_RETRY_MS * 2 ** (tried - 1), LAST_RETRY_MS));
        }
      };
      for (const ms of message.repeats) {
        strike("repeat");
        void during(wait(ms).then(() => again(1)));
      }
      await during(again(TRIES));
    },
    hear({ person, channel, said, isHidden }) {
      const to = recipient(person);
      tell(`${to} says ${said} on ${channel}${isHidden ? " under another name" : ""}`);
      if (channel === "sms") return void vonage.sendInbound(smsInbound({ from: to, to: SENDERS.sms }, said));
      if (said === "TAP") return tap(to);
      const user_id = userIdOf(to);
      const party = { from: isHidden ? user_id : to, to: SENDERS.whatsapp };
      const content = isHidden ? { text: said, whatsapp: { sender: { user_id } } } : { text: said };
      vonage.sendInbound(whatsappInbound("text", party, content));
    },
    sync: () => during(moengage.syncTemplates()),
  };
}
