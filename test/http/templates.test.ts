import { afterEach, describe, expect, it } from "@jest/globals";
import type { CatalogTemplate } from "../../src/core/template/template.ts";
import { ConnectorError, type ErrorCode } from "../../src/lib/errors.ts";
import { templateCatalog } from "../../src/sandbox/vonage/template-catalog.ts";
import { KEY, openSite, SECRET } from "./site.ts";

const AUTH = { "api-key": KEY, "api-secret": SECRET };
const templates = templateCatalog().map((given) => ({
  parameterFormat: "POSITIONAL",
  ...given,
})) as unknown as CatalogTemplate[];

let site: Awaited<ReturnType<typeof openSite>>;
afterEach(() => site.stop());

async function ask(path: string, init: RequestInit = {}) {
  const answer = await fetch(`${site.url}${path}`, { headers: AUTH, ...init });
  return {
    status: answer.status,
    body: (await answer.json()) as { data: { name: string }[]; paging: { next?: string } },
  };
}

describe("the template route", () => {
  it.each([
    ["GET", undefined],
    ["POST", undefined],
    ["POST", JSON.stringify({ any: "body" })],
    ["POST", "not even JSON"],
  ])("answers %s with the approved templates, whatever the body: %s", async (method, body) => {
    site = await openSite({ syncTemplates: async () => templates });
    const answer = await ask("/sync_templates", { method, ...(body === undefined ? {} : { body }) });
    expect({ status: answer.status, count: answer.body.data.length }).toEqual({ status: 200, count: 26 });
  });

  it("reads the query, and tells the address of the next page", async () => {
    site = await openSite({
      syncTemplates: async () => templates,
      publicUrl: "https://connector.example.com",
    });
    const { body } = await ask("/sync_templates?limit=2&name=header");
    expect(body.data.map(({ name }) => name)).toEqual(["header_document", "header_fixed"]);
    expect(body.paging.next).toMatch(
      /^https:\/\/connector\.example\.com\/sync_templates\?limit=2&name=header&after=/,
    );
  });

  it("does not ask Vonage for a query that makes no sense", async () => {
    let asked = 0;
    site = await openSite({
      syncTemplates: async () => {
        asked++;
        return [];
      },
    });
    expect(await ask("/sync_templates?limit=none")).toEqual({
      status: 400,
      body: { message: "limit must be a whole number from 1 on, and after a cursor" },
    });
    expect(asked).toBe(0);
  });

  it.each([
    ["no credentials", {}],
    ["a wrong secret", { ...AUTH, "api-secret": "guess" }],
  ])("refuses %s and asks nobody", async (_name, headers) => {
    site = await openSite({ syncTemplates: () => Promise.reject(new Error("asked")) });
    expect(await ask("/sync_templates", { headers })).toEqual({
      status: 401,
      body: { message: "Invalid credentials" },
    });
  });

  it.each<[ErrorCode, number, string]>([
    ["templates_refused", 502, "Vonage refuses"],
    ["templates_unavailable", 503, "Vonage could not be reached"],
    ["templates_late", 504, "Vonage did not tell"],
  ])("tells %s as %d with its words, and no list", async (code, httpStatus, message) => {
    const error = new ConnectorError(code, message, { httpStatus, retryable: true });
    site = await openSite({ syncTemplates: () => Promise.reject(error) });
    expect(await ask("/sync_templates")).toEqual({ status: httpStatus, body: { message } });
    expect(site.log.at("error")).toEqual([
      {
        level: "error",
        msg: `Template sync not answered with a list: ${code}`,
        fields: { path: "/sync_templates", origin: "mw", status: httpStatus, code, message, retryable: true },
      },
    ]);
  });

  it("shows nothing of an error of its own", async () => {
    site = await openSite({ syncTemplates: () => Promise.reject(new Error("secret inside")) });
    expect(await ask("/sync_templates")).toEqual({
      status: 503,
      body: { message: "The templates could not be fetched: try again in some minutes" },
    });
  });
});
