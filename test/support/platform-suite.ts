import { describe, expect, it } from "@jest/globals";
import { type Job, parseJob, serialiseJob } from "../../src/core/job.ts";
import type { DeliveryReport, DeliveryStatus } from "../../src/core/report.ts";
import {
  asConnectorError,
  ConnectorError,
  ERROR_CODES,
  type ErrorCode,
  loggableError,
} from "../../src/lib/errors.ts";
import type { HttpClient, HttpRequest } from "../../src/lib/http-client.ts";
import type { Answer, PlatformChannel, PlatformPorts } from "../../src/platforms/platform.ts";
import { createRandom, type Random } from "../../src/sandbox/random.ts";
import { buildReport } from "./builders.ts";
import { createPlatformPorts } from "./ports.ts";

type RequestHeaders = Record<string, string | undefined>;

/** What the shared suite has to know of a platform channel. */
export interface PlatformUnderTest {
  create(ports: PlatformPorts): PlatformChannel;
  /** Headers that are let in, and headers that are not. */
  credentials: { good: RequestHeaders[]; bad: RequestHeaders[] };
  /** Bodies that become messages. */
  sends: [name: string, body: unknown][];
  /** What is wrong with an answer to a send by the platform's contract. */
  answerFault(answer: Answer): string | undefined;
  /** Whether an answer tells the platform to send the message again. */
  asksAgain(answer: Answer): boolean;
  /** What is wrong with one posted body by the platform's contract. */
  reportFault(body: unknown): string | undefined;
  /** It does not recognise a repeat: what it may have is told again late. */
  countsRepeats?: boolean;
  /** Must be in no error: secrets and addresses of the settings. */
  secrets: string[];
}

const INNER = "inner words that nobody outside may read";
const STATUSES: DeliveryStatus[] = ["sent", "delivered", "read", "failed"];
const PHONE_NUMBER = /\d{7,}/;

function recording(answer: number | Error = 200) {
  const requests: HttpRequest[] = [];
  const httpClient: HttpClient = {
    async request(request) {
      requests.push(request);
      if (typeof answer !== "number") throw answer;
      return { status: answer, headers: {}, text: "" };
    },
    close: async () => undefined,
  };
  return { requests, httpClient };
}

export function describePlatform(name: string, subject: PlatformUnderTest): void {
  const create = (answer?: number | Error) => {
    const { requests, httpClient } = recording(answer);
    return { requests, channel: subject.create(createPlatformPorts({ httpClient })) };
  };

  describe(`${name} as a platform`, () => {
    it("has a tag of two lower-case letters", () => {
      expect(create().channel.tag).toMatch(/^[a-z]{2}$/);
    });

    it.each(subject.credentials.good)("lets in %j", (headers) => {
      expect(create().channel.intake.authenticate(headers)).toBe(true);
    });

    it.each([{}, { authorization: "" }, { authorization: "Basic" }, ...subject.credentials.bad])(
      "keeps out %j",
      (headers) => {
        expect(create().channel.intake.authenticate(headers)).toBe(false);
      },
    );

    it.each(subject.sends)("makes a message of %s, under its own tag", async (_, body) => {
      const { channel } = create();
      const now = Date.now();

      const message = await channel.intake.toMessage(structuredClone(body), now);

      expect(message).toMatchObject({ origin: channel.tag, channel: channel.channel, acceptedAt: now });
      expect(message.expiresAt).toBeGreaterThan(now);
      expect(subject.answerFault(channel.intake.accepted(message))).toBeUndefined();
      expect(subject.asksAgain(channel.intake.accepted(message))).toBe(false);
    });

    it.each(subject.sends)(
      "makes a message of %s that comes off the queue as it was put there",
      async (_, body) => {
        const message = await create().channel.intake.toMessage(structuredClone(body), Date.now());
        const job: Job = { kind: "send", attempt: 1, message };

        expect(parseJob(serialiseJob(job))).toEqual(job);
      },
    );

    it("does not change the body it is given", async () => {
      const { channel } = create();
      const before = structuredClone(subject.sends);

      for (const [, body] of subject.sends) await channel.intake.toMessage(body, Date.now());

      expect(subject.sends).toEqual(before);
    });

    const kinds: [string, (code: ErrorCode) => ConnectorError][] = [
      ["the sender's fault", (code) => new ConnectorError(code, "say it otherwise")],
      ["unauthorized", (code) => new ConnectorError(code, "who are you", { httpStatus: 401 })],
      ["too large", (code) => new ConnectorError(code, "make it smaller", { httpStatus: 413 })],
      ["of the wrong type", (code) => new ConnectorError(code, "send JSON", { httpStatus: 415 })],
      ["too much", (code) => new ConnectorError(code, "later", { httpStatus: 429, retryable: true })],
      ["passing", (code) => new ConnectorError(code, INNER, { retryable: true })],
      ["a failure of ours", (code) => new ConnectorError(code, INNER, { httpStatus: 500, retryable: true })],
    ];

    it.each(kinds)("answers every error code as its contract says when it is %s", (kind, make) => {
      const { channel } = create();
      const answers = ERROR_CODES.map((code) => [code, channel.intake.failed(make(code))] as const);

      const faults = answers
        .map(([code, answer]) => [code, subject.answerFault(answer)])
        .filter(([, fault]) => fault !== undefined);
      const shown = answers.filter(([, { body }]) => JSON.stringify(body).includes(INNER));
      const askedAgain = new Set(answers.map(([, answer]) => subject.asksAgain(answer)));

      expect({ faults, shown }).toEqual({ faults: [], shown: [] });
      const isPassing = ["too much", "passing", "a failure of ours"].includes(kind);
      expect([...askedAgain]).toEqual([isPassing]);
    });

    it("tells nothing of an unexpected error, and asks for the message again", () => {
      const answer = create().channel.intake.failed(asConnectorError(new Error(INNER)));

      expect(subject.answerFault(answer)).toBeUndefined();
      expect(JSON.stringify(answer)).not.toContain(INNER);
      expect(subject.asksAgain(answer)).toBe(true);
    });

    it("makes of 2,000 random bodies a message or a final error in words, without a number in it", async () => {
      const { channel } = create();
      const random = createRandom(4_711);
      const problems: unknown[] = [];
      let messages = 0;

      for (let n = 0; n < 2_000; n++) {
        const body = n % 4 === 0 ? anyJson(random, 4) : mutate(random.pick(subject.sends)[1], random);
        try {
          const { id, to, origin } = await channel.intake.toMessage(body, Date.now());
          if (id === "" || origin !== channel.tag || !/^(\d{7,15}|[A-Z]{2}\..+)$/.test(to))
            problems.push({ id, to });
          messages++;
        } catch (error) {
          const isFine =
            error instanceof ConnectorError &&
            !error.retryable &&
            error.httpStatus === 400 &&
            !PHONE_NUMBER.test(JSON.stringify(loggableError(error))) &&
            subject.answerFault(channel.intake.failed(error)) === undefined;
          if (!isFine) problems.push({ body, error });
        }
      }

      expect(problems).toEqual([]);
      expect(messages).toBeGreaterThan(100);
    });

    it.each(STATUSES)("posts a report of %s as its contract says, if it wants it", async (status) => {
      const { channel, requests } = create();
      const report = reportOf(channel, status);

      if (channel.reports.wants(report)) await channel.reports.post([report]);

      const faults = requests.map(({ body }) => subject.reportFault(JSON.parse(body ?? "")));
      expect(faults).toEqual(channel.reports.wants(report) ? [undefined] : []);
    });

    it("wants to hear of deliveries and failures at the least", () => {
      const { channel } = create();

      expect(
        (["delivered", "failed"] as const).map((status) => channel.reports.wants(reportOf(channel, status))),
      ).toEqual([true, true]);
    });

    it("tells every report of a full call", async () => {
      const { channel, requests } = create();
      const ids = Array.from({ length: channel.reports.maxBatch }, (_, n) => `message-${n}`);

      await channel.reports.post(ids.map((id) => ({ ...reportOf(channel, "delivered"), id })));

      const posted = requests.map(({ body }) => body ?? "").join("");
      expect(ids.filter((id) => !posted.includes(`"${id}"`))).toEqual([]);
    });

    it.each([200, 201, 202, 204])("takes HTTP %d for acceptance", async (status) => {
      const { channel } = create(status);
      await expect(channel.reports.post([reportOf(channel, "delivered")])).resolves.toBeUndefined();
    });

    it.each([400, 413, 422])("takes HTTP %d for a final refusal", async (status) => {
      const { channel } = create(status);
      await expect(channel.reports.post([reportOf(channel, "delivered")])).rejects.toMatchObject({
        code: "platform_refused",
        retryable: false,
      });
    });

    const later = [301, 401, 403, 404, 408, 429, 500, 502, 503, 504];
    it.each([...later, new ConnectorError("not_sent", "x", { retryable: true })])(
      "keeps a report for later after %s, and tells nobody's secret",
      async (answer) => {
        const { channel } = create(answer);
        const report = reportOf(channel, "failed");

        const error = await channel.reports.post([report]).catch((thrown: unknown) => thrown);

        const mayHaveIt = typeof answer === "number" && answer >= 500;
        const code = mayHaveIt && subject.countsRepeats ? "platform_unanswered" : "platform_unavailable";
        expect(error).toMatchObject({ code, retryable: true });
        const logged = JSON.stringify(loggableError(error));
        expect([...subject.secrets, report.to].filter((secret) => logged.includes(secret))).toEqual([]);
      },
    );
  });
}

function reportOf(channel: PlatformChannel, status: DeliveryStatus): DeliveryReport {
  return buildReport({
    origin: channel.tag,
    channel: channel.channel,
    status,
    at: Date.now(),
    ...(status === "failed"
      ? { error: { code: "1022", description: "Invalid template or template parameters" } }
      : {}),
  });
}

const SCALARS: unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 1e21, "", " ", "x", "1.0", "TEXT", "447700900123", "+44 7700 900123"],
  ...["__proto__", "constructor", "{{1}}", "\u0000", "🛑", "a".repeat(5_000), 447700900123],
  // It has a length that cannot be compared.
  { length: { toString: 1 } },
];
const KEYS = ["type", "text", "to", "0", "__proto__", "constructor", "toString", "length"];

function anyJson(random: Random, depth: number): unknown {
  if (depth === 0 || random.chance(0.4)) return random.pick(SCALARS);
  const size = random.between(0, 3);
  if (random.chance(0.5)) return Array.from({ length: size }, () => anyJson(random, depth - 1));
  return Object.fromEntries(
    Array.from({ length: size }, () => [random.pick(KEYS), anyJson(random, depth - 1)]),
  );
}

/** The body with one value, somewhere in it, replaced or taken away. */
function mutate(body: unknown, random: Random): unknown {
  const copy = structuredClone(body) as Record<string, unknown>;
  let at = copy;
  for (;;) {
    const key = random.pick(Object.keys(at));
    const value = at[key];
    const isDeeper = typeof value === "object" && value !== null && Object.keys(value).length > 0;
    if (isDeeper && random.chance(0.75)) {
      at = value as Record<string, unknown>;
      continue;
    }
    if (random.chance(0.3)) delete at[key];
    else at[key] = anyJson(random, 2);
    return copy;
  }
}
