import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import { createPoster, FAST_NETWORK, parseHttp } from "../../bench/world/network.ts";

const closing: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

describe("a message by hand", () => {
  it.each([
    ["with a length", "POST /x?a=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nokrest"],
    [
      "in chunks",
      "POST /x?a=1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\nrest",
    ],
  ])("%s is read once it is whole", (_how, text) => {
    const bytes = Buffer.from(text);
    const whole = bytes.length - "rest".length;
    const parsed = parseHttp(bytes);
    expect(parsed).toMatchObject({ first: "POST /x?a=1 HTTP/1.1", headers: { host: "h" }, bytes: whole });
    expect(parsed?.body.toString()).toBe("ok");
    for (let length = 0; length < whole; length++)
      expect(parseHttp(bytes.subarray(0, length))).toBeUndefined();
  });
});

describe("the fast network", () => {
  it("serves what a client of Node's says", async () => {
    const server = await FAST_NETWORK.serve(0, async ({ method, path, query, headers, read }) => ({
      status: 201,
      body: { method, path, a: query.get("a"), type: headers["content-type"], body: String(await read()) },
      headers: { "x-more": "1" },
    }));
    closing.push(() => server.stop());
    const answer = await fetch(`${server.url}/p?a=b`, {
      method: "POST",
      body: "ü",
      headers: { "content-type": "t/x" },
    });
    expect(answer.headers.get("x-more")).toBe("1");
    expect([answer.status, await answer.json()]).toEqual([
      201,
      { method: "POST", path: "/p", a: "b", type: "t/x", body: "ü" },
    ]);
  });

  it("calls a server of Node's, over sockets that it keeps", async () => {
    const seen: string[] = [];
    const server = createServer((req, res) => {
      let body = "";
      req.on("data", (chunk) => {
        body += chunk;
      });
      req.on("end", () => {
        seen.push(`${req.method} ${req.url} ${body} ${req.socket.remotePort}`);
        res.statusCode = 202;
        res.end(body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
    const poster = createPoster(1);
    closing.push(
      () => server.close(),
      () => poster.close(),
    );
    const call = { headers: { a: "b" }, body: "é", timeoutMs: 1_000 };
    const outcomes = await Promise.all([poster.post(url, call), poster.post(url, call)]);
    expect(outcomes.map(({ ms, ...outcome }) => outcome)).toEqual([
      { status: 202, body: "é" },
      { status: 202, body: "é" },
    ]);
    expect(new Set(seen).size).toBe(1);
    expect(seen[0]).toMatch(/^POST \/x é \d+$/);
  });

  it("says when nobody listens", async () => {
    const server = await FAST_NETWORK.serve(0, () => "hang");
    await server.stop();
    const poster = createPoster(1);
    closing.push(() => poster.close());
    const outcome = await poster.post(server.url, { headers: {}, body: "", timeoutMs: 1_000 });
    expect(outcome).toMatchObject({ failure: "refused" });
  });
});
