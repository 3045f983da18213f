import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createByteBudget } from "../../src/http/middleware/body.ts";
import { until } from "../support/ports.ts";
import { FORM_TYPE, JSON_TYPE, openSite, type Reply, ROUTES, type Route, type Site, send } from "./site.ts";

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(async () => {
  await site.stop();
});

const deep = (open: string, close: string, levels: number) => open.repeat(levels) + close.repeat(levels);
const text = (value: unknown) => Buffer.from(JSON.stringify(value));

/** Bytes that are no message of anybody, with the answers that are right for them. */
const BODIES: [name: string, body: Buffer, headers: Record<string, string>, statuses: number[]][] = [
  ["nothing", Buffer.alloc(0), {}, [400]],
  ["an array", text([{ text: "x", to: "447700900123" }]), {}, [200, 400]],
  ["null", text(null), {}, [200, 400]],
  ["a number", text(17), {}, [200, 400]],
  ["a string", text("x"), {}, [200, 400]],
  ["an empty object", text({}), {}, [200, 400]],
  ["text that is not JSON", Buffer.from("{text: hi}"), {}, [400]],
  ["JSON that is cut", Buffer.from('{"text":"hi'), {}, [400]],
  ["two documents", Buffer.from("{}{}"), {}, [400]],
  ["arrays 60,000 deep", Buffer.from(deep("[", "]", 60_000)), {}, [400]],
  ["objects 20,000 deep", Buffer.from(`${deep('{"a":', "", 20_000)}1${"}".repeat(20_000)}`), {}, [400]],
  ["open brackets only", Buffer.from("[".repeat(120_000)), {}, [400]],
  [
    "a __proto__ of its own",
    Buffer.from('{"__proto__":{"admin":true},"constructor":{"prototype":{"x":1}}}'),
    {},
    [200, 400],
  ],
  [
    "a toString that is none",
    text({
      msg_id: { toString: 1 },
      from: { toString: null, valueOf: null },
      to: { toString: 1 },
      text: { length: 1 },
      template: { name: { toString: 1 } },
      client_ref: { match: 1 },
    }),
    {},
    [200, 400],
  ],
  [
    "every field a list",
    text({
      msg_id: [1],
      from: [1],
      to: [[]],
      text: [1],
      template: [1],
      message_uuid: [1],
      channel: [1],
      status: [1],
    }),
    {},
    [200, 400],
  ],
  [
    "every field null",
    text({
      msg_id: null,
      from: null,
      to: null,
      text: null,
      template: null,
      message_uuid: null,
      channel: null,
      status: null,
      v: null,
      kid: null,
      mac: null,
      body: null,
    }),
    {},
    [200, 400],
  ],
  [
    "numbers out of range",
    Buffer.from('{"msg_id":1e999,"to":1e308,"from":-0,"text":"x","ttl":1e999}'),
    {},
    [200, 400],
  ],
  ["an emoji cut in half", Buffer.from('{"text":"\\ud83d","to":"447700900123\\u0000"}'), {}, [200, 400]],
  ["3 MB", Buffer.alloc(3_000_000, "a"), {}, [413]],
  ["3 MB of JSON", text({ text: "a".repeat(3_000_000) }), {}, [413]],
  ["invalid UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), {}, [400]],
  ["UTF-16", Buffer.from("{}", "utf16le"), {}, [400]],
  ["text/plain", text({}), { "content-type": "text/plain" }, [415]],
  ["no content type", text({}), { "content-type": "" }, [415]],
  ["a content type that is a name every object has", text({}), { "content-type": "constructor" }, [415]],
  ["multipart", text({}), { "content-type": "multipart/form-data; boundary=x" }, [415]],
  ["another charset", text({}), { "content-type": `${JSON_TYPE}; charset=iso-8859-1` }, [415]],
  ["a charset that is none", text({}), { "content-type": `${JSON_TYPE}; charset=` }, [415]],
  ["a bad gzip", Buffer.from("not gzip"), { "content-encoding": "gzip" }, [400]],
  [
    "a gzip that is cut",
    gzipSync(text({ a: "b".repeat(1_000) })).subarray(0, 20),
    { "content-encoding": "gzip" },
    [400],
  ],
  ["a gzip bomb", gzipSync(Buffer.alloc(50_000_000)), { "content-encoding": "gzip" }, [413]],
  ["an unknown encoding", text({}), { "content-encoding": "lzma" }, [415]],
];

/** What each contract lets an answer look like. */
const isContract: Record<string, (reply: Reply) => boolean> = {
  whatsapp: ({ status, body }) =>
    status === 200
      ? (body as { status: string }).status === "failure" &&
        /^700[124]$/.test((body as { error: { code: string } }).error.code)
      : typeof (body as { message: unknown }).message === "string",
  sms: ({ body }) =>
    ["message", "error"].every((key) => typeof (body as Record<string, unknown>)[key] === "string"),
  status: ({ body }) => typeof (body as { message: unknown }).message === "string",
  inbound: ({ body }) => typeof (body as { message: unknown }).message === "string",
  jobs: ({ body }) => typeof (body as { message: unknown }).message === "string",
};

describe.each(Object.entries(ROUTES))("the %s route", (name, route: Route) => {
  it.each(BODIES)("answers %s in its contract's words", async (_, body, headers, statuses) => {
    const reply = await send(`${site.url}${route.path}`, {
      headers: { "content-type": JSON_TYPE, ...route.auth(body), ...headers } as Record<string, string>,
      body: new Uint8Array(body),
    });
    // What only the platforms' contract answers with 200, and what no queue of ours would send.
    const allowed = statuses.filter((status) => status !== 200 || name === "whatsapp");
    if (name === "jobs" && statuses.includes(200)) allowed.push(401);
    expect({ allowed, status: reply.status, isAllowed: allowed.includes(reply.status) }).toMatchObject({
      isAllowed: true,
    });
    expect(isContract[name]?.(reply)).toBe(true);
  });

  it("is still well afterwards", async () => {
    const body = JSON.stringify(route.good);
    const headers = { "content-type": JSON_TYPE, ...route.auth(body) };
    expect((await send(`${site.url}${route.path}`, { headers, body })).status).toBe(200);
  });

  it("takes a gzipped body", async () => {
    const body = new Uint8Array(gzipSync(JSON.stringify(route.good)));
    const plain = JSON.stringify(route.good);
    const headers = { "content-type": JSON_TYPE, "content-encoding": "gzip", ...route.auth(plain) };
    expect((await send(`${site.url}${route.path}`, { headers, body })).status).toBe(200);
  });
});

describe("a body from somebody who has proved nothing yet", () => {
  const unproved = (path: string, bytes: number, headers = {}) =>
    send(`${site.url}${path}`, {
      headers: { "content-type": JSON_TYPE, ...headers },
      body: JSON.stringify("x".repeat(bytes - 2)),
    });

  it.each(["status", "inbound", "jobs"])("is read up to 128 KB and no further: %s", async (name) => {
    const { path = "" } = ROUTES[name] ?? {};
    expect([(await unproved(path, 131_072)).status, await unproved(path, 131_073)]).toEqual([
      name === "jobs" ? 401 : 503,
      { status: 413, body: { message: "The body is larger than 131072 bytes" } },
    ]);
  });

  it("is read up to 1 MB once the platform has proved itself", async () => {
    const { path = "", auth } = ROUTES["whatsapp"] ?? {};
    expect([
      (await unproved(path, 1_048_576, auth?.(""))).status,
      (await unproved(path, 1_048_577, auth?.(""))).status,
    ]).toEqual([200, 413]);
  });
});

describe("the budget of unproved bytes", () => {
  it("lets the one that has been in for the longest time go, until there is room again", () => {
    const { enter } = createByteBudget(100);
    const gone: string[] = [];
    const come = (name: string, bytes: number) => {
      const leave = enter(bytes, () => {
        gone.push(name);
        leave();
      });
      return leave;
    };
    const [a] = [come("a", 40), come("b", 40), come("c", 20)];
    expect(gone).toEqual([]);
    a?.();
    a?.();
    come("d", 40);
    expect(gone).toEqual([]);
    come("e", 50);
    expect(gone).toEqual(["b", "c"]);
    // What is larger than all is in alone.
    come("f", 1_000);
    expect(gone).toEqual(["b", "c", "d", "e"]);
  });

  it("answers those it lets go with 503, and reads the honest ones that come meanwhile", async () => {
    const { path, good, auth } = ROUTES["status"] as Route;
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${JSON_TYPE}\r\nContent-Length: 131072\r\n\r\n`;
    const answers: string[] = [];
    const port = Number(new URL(site.url).port);
    const strangers = Array.from({ length: 300 }, () =>
      connect(port, "127.0.0.1", function (this: Socket) {
        this.write(`${head}{`);
      })
        .on("error", () => undefined)
        .on("data", (chunk: Buffer) => answers.push(String(chunk).split("\r\n")[0] ?? "")),
    );
    // 256 of them are 32 MB.
    await until(() => answers.length >= 44);
    const body = JSON.stringify(good);
    const reply = await send(`${site.url}${path}`, {
      headers: { "content-type": JSON_TYPE, ...auth(body) },
      body,
    });
    expect(reply.status).toBe(200);
    for (const socket of strangers) socket.destroy();
    expect(new Set(answers)).toEqual(new Set(["HTTP/1.1 503 Service Unavailable"]));
    expect(answers.length).toBeLessThan(60);
    // For the figures at the end.
    site.statuses.pop();
  });
});

it("none of it was taken for a message, job or report", () => {
  expect({
    accepted: site.accepted.length,
    dispatched: site.dispatched.length,
    statuses: site.statuses.length,
    replied: site.replied.length,
    faults: site.log.lines.filter(({ fields }) => fields["code"] === "internal"),
  }).toEqual({ accepted: 4, dispatched: 2, statuses: 2, replied: 2, faults: [] });
  expect(({} as { admin?: boolean }).admin).toBeUndefined();
});

describe("a form", () => {
  const post = (body: string) =>
    send(`${site.url}/`, {
      headers: { "content-type": FORM_TYPE, "api-key": "abcd1234", "api-secret": "n3xt" },
      body,
    });
  it.each([
    "",
    "=",
    "&&&",
    "text",
    "__proto__=x&to=447700900123",
    "%ff=%00",
    "text[a]=1&to[]=2",
    "a=".repeat(50_000),
  ])("of %j is 400", async (body) => {
    expect((await post(body)).status).toBe(400);
  });
  it("is not taken where the contract has JSON only", async () => {
    const headers = { "content-type": FORM_TYPE, "api-key": "abcd1234", "api-secret": "n3xt" };
    expect((await send(`${site.url}/webhooks/send`, { headers, body: "msg_id=1" })).status).toBe(415);
  });
});

describe("bytes that are no HTTP", () => {
  it.each([
    "\r\n\r\n\r\n\r\nhello\r\n\r\n",
    "POST / HTTP/9.9\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    `GET / HTTP/1.1\r\nHost: x\r\nX: ${"a".repeat(40_000)}\r\n\r\n`,
  ])("end the connection, not the process: %j", async (bytes) => {
    const socket = connect(Number(new URL(site.url).port), "127.0.0.1");
    const answer: Buffer[] = [];
    socket.on("data", (chunk) => answer.push(chunk)).on("error", () => undefined);
    socket.write(bytes);
    await once(socket, "close");
    expect(Buffer.concat(answer).toString()).toMatch(/^HTTP\/1.1 4\d\d |^$/);
    expect((await send(`${site.url}/_/health`, { method: "GET" })).status).toBe(200);
  });
});
