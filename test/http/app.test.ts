import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Express } from "express";
import request from "supertest";
import { openSite, type Site } from "./site.ts";

interface Layer {
  route?: { path: string | string[]; methods: Record<string, boolean> };
}

const routesOf = (app: Express) =>
  (app.router as unknown as { stack: Layer[] }).stack.flatMap(({ route }) =>
    route
      ? [route.path].flat().map((path) => `${Object.keys(route.methods).join().toUpperCase()} ${path}`)
      : [],
  );

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.stop());

/** Routes that answer without credentials, signature or a signed job. */
const OPEN = ["GET /_/health", "GET /_/metrics", "GET /_/ready"];

describe("the list of routes", () => {
  it("has those that users and neighbours were promised", () => {
    expect(routesOf(site.app)).toEqual(
      expect.arrayContaining([
        "GET /_/health",
        "GET /_/metrics",
        "GET /_/ready",
        "POST /webhooks/send",
        "POST /",
        "POST /webhooks/message-dispatcher",
        "POST /webhooks/status",
        "POST /webhooks/passed-message-status",
        "POST /webhooks/inbound",
      ]),
    );
  });

  it("lets nobody in without proof, wherever they knock", async () => {
    const closed = routesOf(site.app).filter((route) => !OPEN.includes(route));
    const answers = await Promise.all(
      closed.map(async (route) => {
        const [method, path = ""] = route.split(" ");
        const agent = request(site.app);
        const { status } = await (method === "GET" ? agent.get(path) : agent.post(path).send({}));
        return [route, [401, 503].includes(status)];
      }),
    );
    expect(answers).toEqual(closed.map((route) => [route, true]));
    expect([site.accepted, site.dispatched, site.statuses, site.replied]).toEqual([[], [], [], []]);
  });

  it("says of a path that is let through that it is here, and of no other", async () => {
    const asked = await Promise.all(
      ["/", "/webhooks/send", "/webhooks/status", "/nowhere"].map((path) => request(site.app).options(path)),
    );
    expect(asked.map(({ status, headers }) => [status, headers["allow"]])).toEqual([
      [204, "POST"],
      [204, "POST"],
      [204, "POST"],
      [404, undefined],
    ]);
  });

  it("answers 500 in JSON, and shows no inside, when the figures cannot be had", async () => {
    const text = () => Promise.reject(new Error("inside"));
    const metrics = { contentType: "text/plain", text, tokens: undefined };
    const own = await openSite({ metrics });
    const { status, body } = await request(own.app).get("/_/metrics");
    await own.stop();
    expect([status, body]).toEqual([500, { message: "Try again later" }]);
  });
});
