import { describe, expect, it } from "@jest/globals";
import type { CatalogTemplate, TemplateComponent } from "../../src/core/template/template.ts";
import { templatesToList } from "../../src/platforms/template-list.ts";
import { templateCatalog } from "../../src/sandbox/vonage/template-catalog.ts";

const template = (more: Partial<CatalogTemplate> = {}): CatalogTemplate => ({
  id: "1",
  name: "offer",
  language: "en",
  category: "MARKETING",
  status: "APPROVED",
  parameterFormat: "POSITIONAL",
  components: [{ type: "BODY", text: "Hi {{1}}", example: { body_text: [["Ana"]] } }],
  ...more,
});
const list = (templates: readonly CatalogTemplate[], query = "") =>
  templatesToList(templates, new URLSearchParams(query), "https://host/sync_templates").body as {
    data: { id: string; name: string; components: TemplateComponent[] }[];
    paging: { cursors: { before: string; after: string }; next?: string };
  };
const ids = (templates: readonly CatalogTemplate[], query?: string) =>
  list(templates, query).data.map(({ id }) => id);

describe("MoEngage's list of templates", () => {
  it("is Meta's list", () => {
    expect(templatesToList([template()], new URLSearchParams(), "")).toEqual({
      status: 200,
      body: {
        data: [
          {
            id: "1",
            name: "offer",
            language: "en",
            status: "APPROVED",
            category: "MARKETING",
            parameter_format: "POSITIONAL",
            components: [{ type: "BODY", text: "Hi {{1}}", example: { body_text: [["Ana"]] } }],
          },
        ],
        paging: { cursors: { before: expect.any(String), after: expect.any(String) } },
      },
    });
  });

  it("is empty when nothing is approved", () => {
    expect(list([template({ status: "PAUSED" })])).toEqual({ data: [], paging: {} });
  });

  it("passes every kind of template whole", () => {
    const catalog = templateCatalog().map((given) => ({
      ...template(),
      ...given,
    })) as unknown as CatalogTemplate[];
    const approved = catalog.filter(({ status }) => status === "APPROVED");
    const shown = new Map(list(catalog).data.map(({ id, components }) => [id, components]));
    const byType = (components: TemplateComponent[]) =>
      [...components].sort((a, b) => (a.type < b.type ? -1 : 1));
    expect(shown.size).toBe(26);
    for (const { id, components } of approved) expect(byType(shown.get(id)!)).toEqual(byType(components));
  });
});

describe("the order", () => {
  it("is newest first where a date is known, then by name and language", () => {
    const given = [
      template({ id: "b-en", name: "b" }),
      template({ id: "old", createdAt: 1 }),
      template({ id: "a-pt", name: "a", language: "pt_BR" }),
      template({ id: "new", createdAt: 2 }),
      template({ id: "a-en", name: "a" }),
    ];
    expect(ids(given)).toEqual(["new", "old", "a-en", "a-pt", "b-en"]);
    expect(ids(given.reverse())).toEqual(["new", "old", "a-en", "a-pt", "b-en"]);
  });
});

describe("the bytes of a template", () => {
  const bytes = (one: CatalogTemplate) => JSON.stringify(list([one]).data);
  const media = (handle: string): TemplateComponent => ({
    type: "HEADER",
    format: "IMAGE",
    example: { header_handle: [handle] },
  });
  const body: TemplateComponent = { type: "BODY", text: "Hi" };
  const buttons: TemplateComponent = {
    type: "BUTTONS",
    buttons: [{ type: "URL", text: "Open", url: "https://x.y/?a={{1}}" }],
  };
  const base = template({ components: [media("https://cdn/a.png?oh=1&oe=2"), body, buttons] });

  it.each([
    ["a sample is signed anew", { components: [media("https://cdn/a.png?oh=3&oe=4"), body, buttons] }],
    [
      "components come in another order",
      { components: [buttons, body, media("https://cdn/a.png?oh=1&oe=2")] },
    ],
    [
      "keys come in another order",
      {
        components: base.components.map((item) =>
          Object.fromEntries(Object.entries(item).reverse()),
        ) as TemplateComponent[],
      },
    ],
    ["the date changes", { createdAt: 5 }],
  ])("stay the same when %s", (_name, more) => {
    expect(bytes({ ...base, ...more })).toBe(bytes(base));
  });

  it.each([
    ["a text", { components: [media("https://cdn/a.png"), { ...body, text: "Ho" }, buttons] }],
    ["a sample", { components: [media("https://cdn/b.png"), body, buttons] }],
    [
      "an address",
      {
        components: [
          media("https://cdn/a.png"),
          body,
          { type: "BUTTONS", buttons: [{ type: "URL", url: "https://x.y/?b={{1}}" }] },
        ],
      },
    ],
    ["the category", { category: "UTILITY" }],
  ])("change with %s", (_name, more) => {
    expect(bytes({ ...base, ...more })).not.toBe(bytes(base));
  });

  it("hold a button's address whole", () => {
    expect(list([base]).data[0]?.components[2]?.buttons).toEqual([
      { type: "URL", text: "Open", url: "https://x.y/?a={{1}}" },
    ]);
  });
});

describe("a query", () => {
  const given = [
    template({ id: "1", name: "offer_a" }),
    template({ id: "2", name: "offer_b", language: "pt_BR" }),
    template({ id: "3", name: "note", status: "REJECTED" }),
    template({ id: "4", name: "note_b" }),
  ];

  it.each([
    ["", ["4", "1", "2"]],
    ["status=rejected", ["3"]],
    ["name=OFFER", ["1", "2"]],
    ["name=b", ["4", "2"]],
    ["language=pt_BR", ["2"]],
    ["name=offer&language=en", ["1"]],
    ["limit=2", ["4", "1"]],
    ["something=else", ["4", "1", "2"]],
    ["status=&name=&language=&limit=&after=", ["4", "1", "2"]],
  ])("%s gives %j", (query, expected) => {
    expect(ids(given, query)).toEqual(expected);
  });

  it("walks through all pages with limit and after, and stops", () => {
    const pages: string[][] = [];
    for (let query: string | undefined = "limit=1&name=o"; query !== undefined; ) {
      const { data, paging } = list(given, query);
      pages.push(data.map(({ id }) => id));
      query = paging.next?.replace("https://host/sync_templates?", "");
    }
    expect(pages).toEqual([["4"], ["1"], ["2"]]);
  });

  it("goes on from a template that is gone", () => {
    const { paging } = list(given, "limit=2");
    expect(ids([given[1]!, given[3]!], `limit=2&after=${paging.cursors.after}`)).toEqual(["2"]);
  });

  it.each(["limit=0", "limit=-1", "limit=x", "limit=1.5", "after=x", "after=W10"])(
    "%s is refused",
    (query) => {
      expect(() => list(given, query)).toThrow("limit must be a whole number from 1 on, and after a cursor");
    },
  );
});
