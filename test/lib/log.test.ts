import { describe, expect, it } from "@jest/globals";
import { ConnectorError, loggableError } from "../../src/lib/errors.ts";
import { createHttpClient } from "../../src/lib/http-client.ts";
import { createLog, shownId, turnByTurn } from "../../src/lib/log.ts";

function createWorld(level = "info") {
  const lines: string[] = [];
  let now = 0;
  const clock = { tick: (ms: number) => (now += ms) };
  const log = createLog(level, { write: (line) => void lines.push(line) }, () => now, "a1b2c3");
  return { log, clock, lines, parsed: () => lines.map((line) => JSON.parse(line)) };
}

const TEXT = "Your code is 4711";
const NUMBER = "447700900123";
const TOKEN = "eyJhbGciOiJIUzI1NiJ9.payload.signature";

describe("a log line", () => {
  it("is one JSON object with the level as a word, the time and the message", () => {
    const { log, parsed, lines } = createWorld("debug");
    log.debug({}, "one");
    log.info({ msg_id: "m-1", attempt: 2 }, "two\nlines");
    log.warn({}, "three");
    log.error({}, "four");
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(parsed()).toEqual([
      { level: "debug", time, replica: "a1b2c3", msg: "one" },
      { level: "info", time, replica: "a1b2c3", msg_id: "m-1", attempt: 2, msg: "two\nlines" },
      { level: "warn", time, replica: "a1b2c3", msg: "three" },
      { level: "error", time, replica: "a1b2c3", msg: "four" },
    ]);
    expect(lines.map((line) => line.split("\n").length)).toEqual([2, 2, 2, 2]);
  });

  it.each([
    [
      "919999999999.1200000000.1654002362.20220531.0.wzrk_default.-1.",
      "…9999.1200000000.1654002362.20220531.0.wzrk_default.-1.",
    ],
    ["+9199999999.1", "…9999.1"],
    ["25596363|1639561857|20220227|25596363", "25596363|1639561857|20220227|25596363"],
    [
      "67ee485792b846576e34b2cc_677f3537b39e97772cc33719_17436754518",
      "67ee485792b846576e34b2cc_677f3537b39e97772cc33719_17436754518",
    ],
    ["123456.1", "123456.1"],
  ])("shows of the id %s the number it begins with masked", (id, shown) => {
    const { log, parsed } = createWorld();
    log.info({ msg_id: id }, "x");
    expect([parsed()[0]?.msg_id, shownId(id)]).toEqual([shown, shown]);
  });

  it.each([
    ["info", ["info", "warn", "error"]],
    ["error", ["error"]],
    ["silent", []],
  ])("is written at level %s and above only", (level, levels) => {
    const { log, parsed } = createWorld(level);
    for (const each of ["debug", "info", "warn", "error"] as const) log[each]({}, each);
    expect(parsed().map(({ msg }) => msg)).toEqual(levels);
  });

  it.each([
    ["a message", { to: NUMBER, from: NUMBER, text: TEXT }],
    ["a message in a field", { message: { to: NUMBER, from: NUMBER, text: TEXT } }],
    ["a request", { url: `https://x/?t=${TOKEN}`, headers: { authorization: TOKEN }, body: TEXT }],
    ["a request in a field", { request: { headers: { authorization: TOKEN } } }],
    ["a template's parameters", { parameters: [TEXT], components: [TEXT], authorization: TOKEN }],
  ])("redacts %s, should a caller ever log it", (_, fields) => {
    const { log, lines } = createWorld();
    log.info(fields, "x");
    for (const secret of [TEXT, NUMBER, TOKEN]) expect(lines.join()).not.toContain(secret);
    expect(lines.join()).toContain("[redacted]");
  });
});

describe("messages that are followed", () => {
  const ids = (count: number) => Array.from({ length: count }, (_, n) => `67ee485792b846576e34b2cc_${n}`);

  it("are all of them while they are few, each second anew", () => {
    const { log, clock } = createWorld();
    for (const _second of ids(3)) {
      expect(ids(40).every((id) => log.follows(id))).toBe(true);
      clock.tick(1_000);
    }
  });

  it("are none but a sample in a second after one with more, until one was quiet", () => {
    const { log, clock } = createWorld();
    const followed = (count: number) => {
      clock.tick(1_000);
      return ids(count).filter((id) => log.follows(id)).length;
    };
    const sampled = followed(80) - 40;
    expect(sampled).toBeLessThan(5);
    expect([followed(80), followed(20), followed(20)]).toEqual([sampled, expect.any(Number), 20]);
    expect(followed(80)).toBe(40 + sampled);
  });

  it("are above that a sample, the same at every replica and every step", () => {
    const sampleOf = ({ log }: ReturnType<typeof createWorld>) => {
      for (const id of ids(40)) log.follows(id);
      return ids(6_400).filter((id) => log.follows(id));
    };
    const world = createWorld();
    const sample = sampleOf(world);
    expect(sample.length).toBeGreaterThan(50);
    expect(sample.length).toBeLessThan(200);
    expect(sampleOf(world)).toEqual(sample);
    expect(sampleOf(createWorld())).toEqual(sample);
  });

  it("are a sample too where ids differ at their beginning alone", () => {
    const { log } = createWorld();
    for (const id of ids(40)) log.follows(id);
    const byNumber = Array.from(
      { length: 6_400 },
      (_, n) => `${9_990_000_000 + n * 7}.1200000000.0.wzrk_default.-1.`,
    );
    const sample = byNumber.filter((id) => log.follows(id));
    expect(sample.length).toBeGreaterThan(50);
    expect(sample.length).toBeLessThan(200);
  });

  it("are all of them at level debug", () => {
    const { log } = createWorld("debug");
    expect(ids(1_000).every((id) => log.follows(id))).toBe(true);
  });
});

describe("an error in the log", () => {
  /** As axios throws it: request, headers and bodies hang on it. */
  const axiosError = () =>
    Object.assign(new Error(`Request failed: ${TEXT}\n    at ${NUMBER} (${TOKEN})`), {
      name: "AxiosError",
      code: "ERR_BAD_REQUEST",
      config: { headers: { Authorization: `Bearer ${TOKEN}` }, data: `{"text":"${TEXT}","to":"${NUMBER}"}` },
      response: { status: 401, data: { to: NUMBER }, headers: { "x-token": TOKEN } },
    });
  /** As undici throws it for a status, with the body and headers of the answer. */
  const undiciError = () =>
    Object.assign(new Error(`Response status code 400: ${TEXT}`), {
      name: "ResponseStatusCodeError",
      code: "UND_ERR_RESPONSE_STATUS_CODE",
      body: { text: TEXT, to: NUMBER },
      headers: { authorization: TOKEN },
    });
  const wrapped = (cause: unknown) =>
    new ConnectorError("queue_unavailable", "The queue did not take the job", {
      retryable: true,
      detail: { status: 503 },
      cause,
    });

  it.each([
    ["axios's", axiosError()],
    ["undici's", undiciError()],
    ["axios's inside ours", wrapped(axiosError())],
    ["undici's inside ours, twice", wrapped(wrapped(undiciError()))],
    ["a JSON parser's", captured(() => JSON.parse(`${TEXT} ${NUMBER} ${TOKEN}`))],
    ["thrown text", `${TEXT} ${NUMBER} ${TOKEN}`],
    ["a thrown object", { text: TEXT, to: NUMBER, token: TOKEN }],
    ["an error with a number as code", Object.assign(new Error(TEXT), { code: Number(NUMBER) })],
    ["an aggregate", new AggregateError([axiosError()], TEXT)],
  ])("shows nothing of what hangs on it: %s", (_, error) => {
    const { log, lines } = createWorld();
    log.error(loggableError(error), "x");
    for (const secret of [TEXT, NUMBER, TOKEN]) expect(lines.join()).not.toContain(secret);
  });

  it("tells its class, code and where it was thrown, down the chain of causes", () => {
    expect(loggableError(wrapped(undiciError()))).toEqual({
      code: "queue_unavailable",
      message: "The queue did not take the job",
      retryable: true,
      neighbour_status: 503,
      cause: {
        type: "ResponseStatusCodeError",
        code: "UND_ERR_RESPONSE_STATUS_CODE",
        at: expect.arrayContaining([expect.stringContaining("log.test.ts")]),
      },
    });
  });

  it("of a real connection says no address", async () => {
    const httpClient = createHttpClient(1);
    const url = `http://127.0.0.1:1/${NUMBER}?token=${TOKEN}`;
    const error = await httpClient
      .request({ method: "POST", url, headers: { authorization: TOKEN }, body: TEXT, deadlineMs: 1_000 })
      .catch((thrown: unknown) => thrown);
    await httpClient.close();
    expect(loggableError(error)).toEqual({
      code: "not_sent",
      message: "The request did not leave",
      retryable: true,
      reason: "ECONNREFUSED",
    });
  });
});

function captured(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

describe("standard output", () => {
  it("takes the lines of one turn in one write, and an error at once", () => {
    const [written, due] = [[] as string[], [] as (() => void)[]];
    const output = { write: (text: string) => written.push(text) };
    const lines = turnByTurn({ setImmediate: (work) => void due.push(work) }, output);
    const log = createLog("info", lines, () => 0, "a1b2c3");
    const said = () => written.map((text) => text.match(/(?<="msg":")[^"]+/g));
    log.info({}, "one");
    log.warn({}, "two");
    expect([said(), due.length]).toEqual([[], 1]);
    due[0]?.();
    expect(said()).toEqual([["one", "two"]]);
    log.info({}, "three");
    log.error({}, "four");
    expect([said(), due.length]).toEqual([
      [
        ["one", "two"],
        ["three", "four"],
      ],
      2,
    ]);
  });
});
