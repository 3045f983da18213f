import { describe, expect, it } from "@jest/globals";
import type { InboundReply } from "../../../src/core/reply.ts";
import { writeSubscription } from "../../../src/platforms/moengage/data-api.ts";
import { createClock, createRecordingLog, T0, unavailable } from "../../support/ports.ts";

const settings = {
  url: "https://api-01.moengage.com",
  workspaceId: "WORK SPACE",
  key: "k3y",
  customerIdIsPhone: false,
};
const reply: InboundReply = {
  ...{
    kind: "opt_out",
    id: "in-1",
    channel: "whatsapp",
    person: "447700900123",
    sender: "14155550100",
    at: T0,
  },
};
const about = { message_uuid: "in-1", kind: "opt_out", channel: "whatsapp" };

/** Answers one by one, the last of them for ever; "hang" takes all the time it is given. */
function createWorld(...answers: (number | "hang" | "refused")[]) {
  const now = createClock();
  const log = createRecordingLog();
  const calls: { url: string; body: object; headers: object | undefined; deadlineMs: number | undefined }[] =
    [];
  const pauses: number[] = [];
  const standing = { stillStands: async () => true };
  const write = (over: Partial<InboundReply> = {}, patience = 9_000) =>
    writeSubscription(
      { ...reply, ...over },
      settings,
      { deadline: T0 + patience, ...standing },
      {
        async post(url, body, headers, deadlineMs) {
          calls.push({ url, body, headers, deadlineMs });
          const answer = answers.length > 1 ? answers.shift() : answers[0];
          if (answer === "hang") now.advance(Math.min(deadlineMs ?? 0, 5_000));
          if (typeof answer !== "number") throw unavailable("no_answer");
          return answer;
        },
        async pause(ms) {
          pauses.push(ms);
          now.advance(ms);
        },
        now,
        log,
      },
    );
  return { now, log, calls, pauses, write, standing };
}

describe("writing a subscription", () => {
  it("is one request with the workspace's credentials", async () => {
    const world = createWorld(200);
    await world.write();
    expect({ calls: world.calls, log: world.log.lines }).toEqual({
      calls: [
        {
          url: "https://api-01.moengage.com/v1/customer/WORK%20SPACE",
          body: {
            type: "customer",
            update_existing_only: true,
            attributes: { moe_mobile: "447700900123", moe_wa_subscription: false },
          },
          headers: { authorization: `Basic ${Buffer.from("WORK SPACE:k3y").toString("base64")}` },
          deadlineMs: 9_000,
        },
      ],
      log: [{ level: "info", msg: "Subscription written to MoEngage", fields: about }],
    });
  });

  it.each([429, 500, 502, 503, "refused"] as const)(
    "%s is tried again after the 2 s MoEngage asks for",
    async (answer) => {
      const world = createWorld(answer, answer, 200);
      await world.write();
      expect([world.calls.length, world.pauses, world.log.at("error")]).toEqual([3, [2_000, 2_000], []]);
    },
  );

  it.each([
    [400, "the person could not be named"],
    [401, "check MOENGAGE_WORKSPACE_ID and MOENGAGE_DATA_API_KEY"],
    [403, "the workspace allows certain addresses only"],
    [404, "check MOENGAGE_DATA_API_URL"],
    [409, "check the settings of its API"],
    [413, "check the settings of its API"],
  ])("%i is said in words once, and holds nothing up", async (status, words) => {
    const world = createWorld(status);
    await world.write();
    expect([world.calls.length, world.log.lines]).toEqual([
      1,
      [
        {
          level: "error",
          msg: expect.stringContaining(words),
          fields: { ...about, neighbour_status: status },
        },
      ],
    ]);
  });

  it("is not tried for somebody whose number nobody knows", async () => {
    const world = createWorld(200);
    await world.write({ person: "US.13491208655302741918" });
    expect([world.calls, world.log.lines]).toEqual([
      [],
      [{ level: "warn", msg: expect.stringContaining("the phone number is hidden"), fields: about }],
    ]);
  });
});

describe("a word that the person has taken back", () => {
  const outdated = { level: "info", msg: "Subscription outdated: not written to MoEngage", fields: about };

  it("is not written", async () => {
    const world = createWorld(200);
    world.standing.stillStands = async () => false;
    await world.write();
    expect([world.calls, world.log.lines]).toEqual([[], [outdated]]);
  });

  it("is not tried again: the later word may have been written in between", async () => {
    const world = createWorld(503);
    world.standing.stillStands = async () => world.calls.length < 2;
    await world.write();
    expect([world.calls.length, world.log.lines]).toEqual([2, [outdated]]);
  });

  it("is not written while nobody can say whether it stands", async () => {
    const world = createWorld(200);
    world.standing.stillStands = () => Promise.reject(unavailable());
    await expect(world.write()).rejects.toMatchObject({ retryable: true });
    expect(world.calls).toEqual([]);
  });
});

describe("it fits the time of a webhook", () => {
  it.each([
    ["MoEngage refuses at once", 503, 9_000, 5],
    ["MoEngage never answers", "hang", 9_000, 2],
    ["most of the time is gone", 503, 3_000, 2],
    ["hardly any time is left", 503, 100, 1],
  ] as const)("%s", async (_, answer, patience, tries) => {
    const world = createWorld(answer);
    await expect(world.write({}, patience)).rejects.toMatchObject({
      code: "platform_unavailable",
      retryable: true,
    });
    expect(world.calls.length).toBe(tries);
    expect(world.now() - T0).toBeLessThanOrEqual(patience);
  });
});
