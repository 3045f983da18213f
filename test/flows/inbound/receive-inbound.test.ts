import { describe, expect, it } from "@jest/globals";
import { createClaims } from "../../../src/flows/dispatch/claims.ts";
import { createConversations } from "../../../src/flows/inbound/conversations.ts";
import { ConnectorError } from "../../../src/lib/errors.ts";
import { HOUR, smsMessage, T0, unavailable, whatsappMessage } from "../../support/ports.ts";
import { createInboundWorld, NUMBER, said, tapped, USER, WABA } from "./world.ts";

const told = (over: object = {}) => ({
  ...{ kind: "opt_out", id: "in-1", channel: "whatsapp", person: NUMBER, sender: WABA, at: T0 },
  ...over,
});
const fail = (error: Error) => async () => {
  throw error;
};

describe("STOP", () => {
  it("is recorded, confirmed and told, with the last message sent to that person", async () => {
    const world = createInboundWorld();
    world.sent();
    expect(await world.receive(said("Stop!"))).toBe("opt_out");
    expect({
      suppressed: await world.suppression.isSuppressed("whatsapp", NUMBER),
      jobs: world.queue.jobs,
      told: [world.channel.told, world.other.told, world.sms.told],
      subscribed: [world.channel.subscribed, world.other.subscribed, world.sms.subscribed],
    }).toEqual({
      suppressed: true,
      jobs: [
        {
          kind: "send",
          attempt: 1,
          message: {
            ...{
              id: "in-1",
              origin: "ar",
              purpose: "opt-out-confirmation",
              channel: "whatsapp",
              from: WABA,
              to: NUMBER,
            },
            ...{ acceptedAt: T0, expiresAt: T0 + 24 * HOUR, content: { type: "text", text: "Bye" } },
          },
        },
      ],
      told: [[told({ messageId: "m-1" })], [told()], []],
      subscribed: [[told({ messageId: "m-1" })], [told()], []],
    });
    expect(world.log.lines.map(({ msg }) => msg)).toEqual([
      "Reply received: opt_out",
      "Reply told to the platform",
      "Reply told to the platform",
    ]);
  });

  it("names the quoted message rather than the last one", async () => {
    const world = createInboundWorld();
    world.sent("m-1", "out-1");
    world.sent("m-2", "out-2");
    await world.receive(said("STOP", { quotedVendorId: "out-1" }));
    expect(world.channel.told).toEqual([told({ messageId: "m-1" })]);
  });

  it("without a reply configured answers nobody, and names no message when none is known", async () => {
    const world = createInboundWorld({});
    await world.receive(said("STOP"));
    expect([world.queued(), world.channel.told]).toEqual([[], [told()]]);
  });

  it("on SMS is written into the profile, and suppresses SMS alone", async () => {
    const world = createInboundWorld();
    await world.receive(said("baja", { channel: "sms" }));
    expect([
      await world.suppression.isSuppressed("sms", NUMBER),
      await world.suppression.isSuppressed("whatsapp", NUMBER),
      world.sms.subscribed,
      world.channel.subscribed,
      world.queued(),
    ]).toEqual([
      true,
      false,
      [told({ channel: "sms" })],
      [],
      [`opt-out-confirmation in-1 to ${NUMBER}: Bye`],
    ]);
  });

  it("by a button counts like the word", async () => {
    const world = createInboundWorld();
    world.sent();
    expect(await world.receive(tapped("No more, thanks", "STOP"))).toBe("opt_out");
    expect(world.channel.told).toEqual([
      told({ messageId: "m-1", button: { payload: "STOP", text: "No more, thanks" } }),
    ]);
  });

  it("is told again when the person says it again", async () => {
    const world = createInboundWorld();
    await world.receive(said("STOP"));
    await world.receive(said("STOP", { id: "in-2" }));
    expect([world.channel.told.length, world.queued().length]).toEqual([2, 2]);
  });
});

describe("START", () => {
  it("is the mirror image", async () => {
    const world = createInboundWorld();
    await world.receive(said("STOP"));
    world.now.advance(60_000);
    expect(await world.receive(said("start", { id: "in-2", at: world.now() }))).toBe("opt_in");
    const again = told({ kind: "opt_in", id: "in-2", at: T0 + 60_000 });
    expect([
      await world.suppression.isSuppressed("whatsapp", NUMBER),
      world.queued().at(-1),
      world.channel.told.at(-1),
      world.channel.subscribed.at(-1),
    ]).toEqual([false, `opt-in-confirmation in-2 to ${NUMBER}: Welcome`, again, again]);
  });

  it("is not undone by an older STOP that comes late", async () => {
    const world = createInboundWorld();
    await world.receive(said("START", { id: "in-2", at: T0 + 60_000 }));
    expect(await world.receive(said("STOP"))).toBe("outdated");
    expect([
      await world.suppression.isSuppressed("whatsapp", NUMBER),
      world.channel.told.map(({ kind }) => kind),
      world.channel.subscribed.map(({ kind }) => kind),
      world.queued(),
      await world.receive(said("STOP")),
    ]).toEqual([
      false,
      ["opt_in"],
      ["opt_in"],
      [`opt-in-confirmation in-2 to ${NUMBER}: Welcome`],
      "repeated",
    ]);
  });
});

it("a START that a later STOP overtakes is neither confirmed nor told", async () => {
  const world = createInboundWorld();
  await world.receive(said("STOP", { at: T0 + 1 }));
  expect(await world.receive(said("START", { id: "in-2", at: T0 }))).toBe("outdated");
  expect([world.queued().length, world.channel.told.length, world.log.at("warn")]).toMatchObject([
    1,
    1,
    [{ msg: "Reply outdated: the person said otherwise later" }],
  ]);
});

it("a platform is given the question whether the word still stands", async () => {
  const world = createInboundWorld();
  const answers: boolean[] = [];
  world.channel.outcomes.subscribe = async (stillStands) => {
    answers.push(await stillStands());
    await world.suppression.record("whatsapp", [NUMBER], "out", T0 + 1);
    answers.push(await stillStands());
  };
  await world.receive(said("START"));
  expect(answers).toEqual([true, false]);
});

describe("what people write to a platform with a chat", () => {
  function createChat(channel: "whatsapp" | "sms" = "whatsapp") {
    const world = createInboundWorld();
    const chat = channel === "sms" ? world.sms : world.other;
    Object.assign(chat.replies, { hasChat: true, wants: () => true });
    const conversations = createConversations(
      world.state,
      world.now,
      world.log,
      (origin) => origin === chat.tag,
    );
    const remember = (id: string, origin = chat.tag) => {
      const message = { id, origin, to: NUMBER, from: WABA };
      conversations.remember(channel === "sms" ? smsMessage(message) : whatsappMessage(message), `out-${id}`);
    };
    return { world, chat, remember };
  }

  it("is told with the last message it sent, whatever it is", async () => {
    const { world, chat, remember } = createChat();
    remember("m-1");
    const photo = { type: "media", media: "image", url: "https://example.com/1", caption: "Look" } as const;
    await world.receive(said("When do you open?"));
    await world.receive(said("", { id: "in-2", content: photo }));
    await world.receive(said("", { id: "in-3", content: { type: "other" } }));
    expect(chat.told).toEqual([
      told({ kind: "other", messageId: "m-1", said: { type: "text", text: "When do you open?" } }),
      told({ kind: "other", id: "in-2", messageId: "m-1", said: photo }),
      told({ kind: "other", id: "in-3", messageId: "m-1" }),
    ]);
    expect([world.channel.told, chat.subscribed]).toEqual([[], []]);
  });

  it("is an event of that platform, so that nobody else's history has it", async () => {
    const { world, chat, remember } = createChat();
    remember("m-1");
    await world.receive(said("When do you open?"));
    expect(world.events).toMatchObject([{ kind: "other", origin: chat.tag }]);
    expect(world.events[0]).not.toHaveProperty("messageId");
  });

  it("is nobody's when it answers another platform's message, or none", async () => {
    const { world, chat, remember } = createChat();
    await world.receive(said("Hello?"));
    remember("m-1", "mw");
    await world.receive(said("Hello?", { id: "in-2" }));
    expect([chat.told, world.channel.told]).toEqual([[], []]);
  });

  it("is told on SMS with the last one it sent to that person, and STOP as well", async () => {
    const { world, chat, remember } = createChat("sms");
    remember("s-1");
    remember("s-2");
    const sms = { channel: "sms", userId: undefined } as const;
    await world.receive(said("Yes please", sms));
    await world.receive(said("STOP", { ...sms, id: "in-2" }));
    expect(chat.told.map(({ kind, messageId }) => [kind, messageId])).toEqual([
      ["other", "s-2"],
      ["opt_out", "s-2"],
    ]);
  });
});

describe("a tap", () => {
  it("goes to the platform whose message it was, and to no other", async () => {
    const world = createInboundWorld();
    world.sent();
    expect(await world.receive(tapped("Yes", "yes-1"))).toBe("button");
    const tap = told({ kind: "button", messageId: "m-1", button: { payload: "yes-1", text: "Yes" } });
    expect([world.channel.told, world.other.told, world.channel.subscribed, world.queued()]).toEqual([
      [tap],
      [],
      [],
      [],
    ]);
  });

  it("is found by another process, a week later", async () => {
    const world = createInboundWorld();
    world.sent();
    world.now.advance(7 * 24 * HOUR);
    await world.open().receive(tapped("Yes", "yes-1", { at: world.now() }));
    expect(world.channel.told.map(({ messageId }) => messageId)).toEqual(["m-1"]);
  });

  it("on a message nobody knows is nobody's", async () => {
    const world = createInboundWorld();
    expect(await world.receive(tapped("Yes", "yes-1"))).toBe("button");
    expect([world.channel.told, world.queued(), world.log.lines.at(-1)?.msg]).toEqual([
      [],
      [],
      "Tap dropped: the message it answers is not known",
    ]);
  });

  it("on the message of a platform that takes no taps is dropped in words", async () => {
    const world = createInboundWorld();
    world.conversations.remember(whatsappMessage({ origin: "zz", to: NUMBER, from: WABA }), "out-1");
    await world.receive(tapped("Yes", "yes-1"));
    expect(world.log.lines.at(-1)?.msg).toBe("Tap dropped: its platform takes no taps");
  });

  it("on a choice is told by its id and title", async () => {
    const world = createInboundWorld();
    world.sent();
    await world.receive(
      said("", { content: { type: "choice", id: "row1", title: "9am" }, quotedVendorId: "out-1" }),
    );
    expect(world.channel.told.map(({ button }) => button)).toEqual([{ payload: "row1", text: "9am" }]);
  });
});

describe("what is said to a number that is not ours", () => {
  it.each([
    ["a question", said("Hello?", { to: "14155559999" })],
    ["a tap", tapped("Yes", "yes-1", { to: "14155559999" })],
  ])("on WhatsApp is not our business: %s", async (_, inbound) => {
    const world = createInboundWorld();
    world.sent();
    expect(await world.receive(inbound)).toBe("ignored");
    expect({
      told: [world.channel.told, world.channel.subscribed],
      queued: world.queued(),
      log: world.log.lines,
    }).toEqual({
      told: [[], []],
      queued: [],
      log: [
        {
          level: "info",
          msg: "Reply ignored: it was sent to a number that is not one of WHATSAPP_NUMBER",
          fields: { message_uuid: "in-1", channel: "whatsapp" },
        },
      ],
    });
  });

  const elsewhere = { to: "14155559999" };
  const NUMBER_REASON = "it was sent to a number that is not one of WHATSAPP_NUMBER";
  it.each([
    ["on WhatsApp", said("STOP", elsewhere), ["mw", "ms"], NUMBER_REASON],
    ["on WhatsApp, which is off here", said("STOP"), ["ms"], "WhatsApp is off here"],
    ["on SMS, which is off here", said("STOP", { channel: "sms" }), ["mw"], "SMS is off here"],
  ] as const)("a STOP counts all the same, with a word on what to do: %s", async (_, stop, tags, reason) => {
    const world = createInboundWorld();
    world.sent();
    const { receive } = world.open(world.state, world.suppression, tags);
    expect([await receive(stop), await receive(stop)]).toEqual(["opt_out", "repeated"]);
    expect({
      suppressed: await world.suppression.isSuppressed(stop.channel, NUMBER),
      told: [world.channel.told, world.channel.subscribed, world.sms.subscribed],
      queued: world.queued(),
      warned: world.log.at("warn"),
    }).toEqual({
      suppressed: true,
      told: [[], [], []],
      queued: [],
      warned: [
        {
          level: "warn",
          msg: `Reply recorded for the whole account, but not answered and no platform told: ${reason}. Give each instance a Vonage application of its own, or run one instance for both channels`,
          fields: { message_uuid: "in-1", channel: stop.channel, kind: "opt_out" },
        },
      ],
    });
    const start = { ...stop, id: "in-2", at: T0 + 1, content: { type: "text", text: "start" } } as const;
    expect([await receive(start), await world.suppression.isSuppressed(stop.channel, NUMBER)]).toEqual([
      "opt_in",
      false,
    ]);
  });

  it("on SMS counts, and is answered from the number it was said to", async () => {
    const world = createInboundWorld();
    expect(await world.receive(said("STOP", { channel: "sms", to: "14155559999" }))).toBe("opt_out");
    expect([await world.suppression.isSuppressed("sms", NUMBER), world.queue.jobs]).toMatchObject([
      true,
      [{ message: { channel: "sms", from: "14155559999", to: NUMBER, text: "Bye" } }],
    ]);
  });
});

describe("any other text", () => {
  it("gets the default reply once in 24 hours, also over midnight, and nobody is told", async () => {
    const world = createInboundWorld();
    const ask = (id: string) => world.receive(said("When do you open?", { id, at: world.now() }));
    await ask("in-1");
    world.now.advance(1);
    await ask("in-2");
    world.now.advance(14 * HOUR);
    await ask("in-3");
    world.now.advance(9 * HOUR);
    await ask("in-4");
    world.now.advance(HOUR);
    await ask("in-5");
    expect([world.queued(), world.channel.told]).toEqual([
      [`default-reply in-1 to ${NUMBER}: Pardon?`, `default-reply in-5 to ${NUMBER}: Pardon?`],
      [],
    ]);
  });

  it("gets one answer when two texts arrive together", async () => {
    const world = createInboundWorld();
    await Promise.all(["in-1", "in-2", "in-3"].map((id) => world.receive(said("Hello?", { id }))));
    expect(world.queued().length).toBe(1);
  });

  it.each([
    ["no reply is configured", {}, said("Hi")],
    ["a photo", { other: "Pardon?" }, said("", { content: { type: "other" } })],
    [
      "an SMS from a name, which cannot be answered",
      { other: "Pardon?" },
      said("Your parcel", { channel: "sms", from: "DHL" }),
    ],
    ["an SMS from a short code", { other: "Pardon?" }, said("Call us", { channel: "sms", from: "80808" })],
  ] as const)("gets none: %s", async (_, texts, inbound) => {
    const world = createInboundWorld(texts);
    expect(await world.receive(inbound)).toBe("other");
    expect(world.queued()).toEqual([]);
  });

  it("gets none from somebody who has opted out, under whatever name", async () => {
    const world = createInboundWorld({ other: "Pardon?" });
    await world.receive(said("STOP", { from: USER, number: NUMBER, userId: USER }));
    await world.receive(said("Hello?", { id: "in-2" }));
    await world.receive(said("Hello?", { id: "in-3", from: USER, userId: USER }));
    expect(world.queued()).toEqual([]);
  });
});

it("a machine that answers every confirmation is not answered for ever", async () => {
  const world = createInboundWorld();
  for (let n = 0; n < 20; n++)
    await world.receive(said(n % 2 ? "START" : "STOP", { id: `in-${n}`, at: T0 + n * 1_000 }));
  expect([world.queued().length, world.channel.told.length]).toEqual([5, 20]);
});

describe("a hidden number", () => {
  const hidden = { from: USER, userId: USER };
  const anonymous = (text: string, over: object = {}) => {
    const { number: _, ...inbound } = said(text, { ...hidden, ...over });
    return inbound;
  };

  it.each([
    ["Vonage tells it", said("STOP", hidden), [NUMBER, USER]],
    [
      "it answers a message that was sent to the number",
      anonymous("STOP", { quotedVendorId: "out-1" }),
      [NUMBER, USER],
    ],
    ["nothing tells it: the id itself", anonymous("STOP"), [USER]],
  ])("%s", async (_, inbound, names) => {
    const world = createInboundWorld();
    world.sent();
    await world.receive(inbound);
    const suppressed = [NUMBER, USER].filter(
      (name) =>
        `stop ${name}` in world.state.hash({ key: "suppressed:whatsapp", ttl: null, scope: "account" }),
    );
    expect([suppressed, world.channel.told.map(({ person }) => person), world.queued()]).toEqual([
      names,
      [names[0]],
      [`opt-out-confirmation in-1 to ${USER}: Bye`],
    ]);
  });

  it("is known from what a status told before", async () => {
    const world = createInboundWorld();
    world.sent();
    await world.suppression.link(NUMBER, USER);
    await world.receive(anonymous("STOP"));
    expect([
      await world.suppression.isSuppressed("whatsapp", NUMBER),
      await world.suppression.isSuppressed("whatsapp", USER),
      world.channel.told,
    ]).toEqual([true, true, [told({ messageId: "m-1" })]]);
  });

  it("an older STOP under a new name leaves the later START in force under both", async () => {
    const world = createInboundWorld();
    await world.receive(said("START", { id: "in-2", at: T0 + 60_000 }));
    expect(await world.receive(said("STOP", hidden))).toBe("outdated");
    expect([
      await world.suppression.isSuppressed("whatsapp", NUMBER),
      await world.suppression.isSuppressed("whatsapp", USER),
      await world.suppression.otherName("whatsapp", USER),
    ]).toEqual([false, false, NUMBER]);
  });

  it("also lets a START undo the STOP that was said under the other name", async () => {
    const world = createInboundWorld();
    await world.receive(said("STOP", hidden));
    await world.receive(said("START", { id: "in-2", at: T0 + 5_000 }));
    expect([
      await world.suppression.isSuppressed("whatsapp", NUMBER),
      await world.suppression.isSuppressed("whatsapp", USER),
    ]).toEqual([false, false]);
  });
});

describe("a webhook that comes again", () => {
  it("acts once", async () => {
    const world = createInboundWorld();
    await world.receive(said("STOP"));
    world.now.advance(20 * HOUR);
    expect(await world.open().receive(said("STOP"))).toBe("repeated");
    expect([world.queued().length, world.channel.told.length, world.channel.subscribed.length]).toEqual([
      1, 1, 1,
    ]);
  });

  it("acts once when both copies arrive at the same moment", async () => {
    const world = createInboundWorld();
    const outcomes = await Promise.all([world.receive(said("STOP")), world.receive(said("STOP"))]);
    expect([
      outcomes,
      world.queued().length,
      world.channel.told.length,
      world.channel.subscribed.length,
    ]).toEqual([["opt_out", "opt_out"], 1, 1, 1]);
  });

  it("tells both copies when the first could not be handled", async () => {
    const world = createInboundWorld();
    world.state.isDown(true);
    const outcomes = await Promise.allSettled([world.receive(said("STOP")), world.receive(said("STOP"))]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    world.state.isDown(false);
    expect(await world.receive(said("STOP"))).toBe("opt_out");
  });
});

describe("a neighbour that is away", () => {
  it("the platform: the opt-out and its confirmation do not wait, and the word waits in the outbox for a week", async () => {
    const world = createInboundWorld();
    world.channel.outcomes.post = fail(unavailable("platform_unavailable"));
    expect(await world.receive(said("STOP"))).toBe("opt_out");
    expect([
      await world.suppression.isSuppressed("whatsapp", NUMBER),
      world.queue.jobs.slice(1),
      world.other.told.length,
      world.channel.subscribed.length,
    ]).toEqual([
      true,
      [{ kind: "reply", attempt: 1, origin: "mw", reply: told(), expiresAt: T0 + 7 * 24 * HOUR }],
      1,
      1,
    ]);
  });

  it("the platform refuses it for good: said in the log, and nothing waits in the outbox", async () => {
    const world = createInboundWorld({});
    world.channel.outcomes.post = fail(
      new ConnectorError("platform_refused", "HTTP 400", { detail: { status: 400 } }),
    );
    expect(await world.receive(said("STOP"))).toBe("opt_out");
    expect([world.queue.jobs, world.log.at("error").map(({ msg }) => msg)]).toEqual([
      [],
      ["Reply refused by the platform"],
    ]);
  });

  it("platform and queue: Vonage has to come again, and then only what is missing is done", async () => {
    const world = createInboundWorld();
    world.channel.outcomes.post = async () => {
      world.queue.failures = 1;
      throw unavailable("platform_unavailable");
    };
    await expect(world.receive(said("STOP"))).rejects.toMatchObject({ retryable: true });
    expect([await world.suppression.isSuppressed("whatsapp", NUMBER), world.queued()]).toEqual([
      true,
      [`opt-out-confirmation in-1 to ${NUMBER}: Bye`],
    ]);
    world.channel.outcomes.post = async () => {};
    await world.open().receive(said("STOP"));
    expect([world.queued().length, world.channel.told.length, world.other.told.length]).toEqual([1, 1, 1]);
  });

  it("the platform's profiles: everything else is done, and the retry writes them alone", async () => {
    const world = createInboundWorld();
    world.channel.outcomes.subscribe = fail(unavailable("platform_unavailable"));
    await expect(world.receive(said("STOP"))).rejects.toMatchObject({ retryable: true });
    world.channel.outcomes.subscribe = async () => {};
    await world.open().receive(said("STOP"));
    expect([world.queued().length, world.channel.told.length, world.channel.subscribed.length]).toEqual([
      1, 1, 1,
    ]);
  });

  it("one platform's profile: the other platforms are told all the same", async () => {
    const world = createInboundWorld();
    world.channel.outcomes.subscribe = fail(unavailable("platform_unavailable"));
    await expect(world.receive(said("STOP"))).rejects.toMatchObject({ code: "platform_unavailable" });
    expect([world.other.told.length, world.other.subscribed.length]).toEqual([1, 1]);
    world.channel.outcomes.subscribe = async () => {};
    await world.open().receive(said("STOP"));
    const ofEach = [world.channel, world.other].map(({ told, subscribed }) => [
      told.length,
      subscribed.length,
    ]);
    expect(ofEach).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });
});

describe("copies of one webhook that reach two replicas in the same moment", () => {
  it.each([said("STOP"), said("START"), said("Hello?")])(
    "answer once, and tell twice at the most",
    async (inbound) => {
      const world = createInboundWorld();
      world.sent();
      await Promise.all([world.open(), world.open()].map(({ receive }) => receive(inbound)));
      const claims = createClaims(world.state, { random: Math.random, now: world.now }, world.log);
      const won = [];
      for (const job of world.queue.jobs)
        won.push(job.kind === "send" && (await claims.claim(job)).outcome === "won");
      expect({
        sent: won.filter(Boolean).length,
        told: new Set(world.channel.told.map((reply) => JSON.stringify(reply))).size,
        toldTwiceAtMost: world.channel.told.length <= 2 && world.channel.subscribed.length <= 2,
        later: await world.open().receive(inbound),
      }).toEqual({
        sent: 1,
        told: inbound.content.type === "text" && inbound.content.text === "Hello?" ? 0 : 1,
        toldTwiceAtMost: true,
        later: "repeated",
      });
    },
  );
});

/** Cuts the power at the nth call to a neighbour, until every step has been the last one of a process. */
describe("wherever a process dies, the retry completes it", () => {
  const outcome = async (world: ReturnType<typeof createInboundWorld>) => ({
    suppressed: await world.suppression.isSuppressed("whatsapp", NUMBER),
    messages: new Set(world.queued()),
    told: new Set(world.channel.told.map((reply) => JSON.stringify(reply))),
    subscribed: new Set(world.channel.subscribed.map((reply) => JSON.stringify(reply))),
  });

  it.each([
    ["STOP", said("STOP")],
    ["START", said("START")],
    ["a tap", tapped("Yes", "yes-1")],
    ["a question", said("Hello?")],
    ["STOP from a hidden number", said("STOP", { from: USER, userId: USER })],
  ])("%s", async (_, inbound) => {
    const whole = createInboundWorld();
    whole.sent();
    await whole.receive(inbound);
    const expected = await outcome(whole);

    let deaths = 0;
    for (let last = 1; ; last++) {
      const world = createInboundWorld();
      world.sent();
      let calls = 0;
      // The call itself takes effect; its caller does not live to hear of it.
      const cut =
        <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
        async (...args: A): Promise<R> => {
          const result = await call(...args);
          if (++calls >= last && calls < last + 1_000) throw unavailable();
          return result;
        };
      const { state, queue, channel } = world;
      const [{ read, write, increment }, { put }] = [state, queue].map((port) => ({ ...port })) as [
        typeof state,
        typeof queue,
      ];
      Object.assign(state, { read: cut(read), write: cut(write), increment: cut(increment) });
      Object.assign(queue, { put: cut(put) });
      const died = await world
        .open()
        .receive(inbound)
        .then(
          () => false,
          () => true,
        );
      Object.assign(state, { read, write, increment });
      Object.assign(queue, { put });
      channel.outcomes.post = async () => {};
      if (!died) break;
      deaths++;
      await world.open().receive(inbound);
      const found = await outcome(world);
      expect({ last, ...found }).toEqual({ last, ...expected });
    }
    expect(deaths).toBeGreaterThan(5);
  });
});

describe("a carrier's opt-out", () => {
  const optOut = {
    id: "out-1",
    channel: "sms",
    person: NUMBER,
    sender: "Acme",
    at: T0,
    messageId: "s-1",
  } as const;

  it("is recorded and told without a confirmation, once for each status", async () => {
    const world = createInboundWorld();
    await world.receiver.carrierOptOut(optOut);
    await world.open().carrierOptOut(optOut);
    expect([
      await world.suppression.isSuppressed("sms", NUMBER),
      world.queued(),
      world.sms.subscribed,
      world.channel.subscribed,
    ]).toEqual([
      true,
      [],
      [{ kind: "opt_out", id: "out-1", channel: "sms", person: NUMBER, sender: "Acme", at: T0 }],
      [],
    ]);
  });

  it("does not outlive a START that came after it", async () => {
    const world = createInboundWorld({});
    await world.receive(said("START", { channel: "sms", at: T0 + 5_000 }));
    await world.receiver.carrierOptOut(optOut);
    expect([await world.suppression.isSuppressed("sms", NUMBER), world.sms.subscribed.length]).toEqual([
      false,
      1,
    ]);
  });
});
