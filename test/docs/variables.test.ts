import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { variables } from "../../src/config/schema.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");
const NAMES = Object.keys(variables.shape).toSorted();

const example = read(".env.example");
const assignments = [...example.matchAll(/^(# )?([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(
  ([, comment, name, value]) => ({ name: name as string, value: value as string, isComment: !!comment }),
);
const guides = ["README.md", ...readdirSync(new URL("docs/", root)).map((name) => `docs/${name}`)].filter(
  (path) => path.endsWith(".md"),
);

/** What begins so is a variable of ours, wherever it is written. */
const FAMILIES = new Set(NAMES.filter((name) => name.includes("_")).map((name) => name.split("_")[0]));
const mentioned = (text: string) =>
  [...text.matchAll(/`([A-Z]+)(_[A-Z0-9_]+)`/g)]
    .filter(([, family]) => FAMILIES.has(family))
    .map(([, family, rest]) => `${family}${rest}`);

/** What the command line reads, on somebody's own machine. */
const OF_THE_COMMAND = ["CONNECTOR_URL", "CONNECTOR_USER", "CONNECTOR_PASSWORD"];

describe("the list of variables", () => {
  it("is in .env.example, each once", () => {
    expect(assignments.map(({ name }) => name).toSorted()).toEqual(NAMES);
  });

  it("begins in .env.example with the ten lines that most people need", () => {
    const given = assignments.filter(({ isComment }) => !isComment);
    expect(given).toEqual(assignments.slice(0, 10));
  });

  const defaults = assignments.filter(({ isComment, value }) => isComment && /^[\w:/.]+$/.test(value));
  it.each(
    defaults.filter(
      ({ name }) => variables.shape[name as keyof typeof variables.shape].def.type === "default",
    ),
  )("gives $name its real default in .env.example", ({ name, value }) => {
    const schema = variables.shape[name as keyof typeof variables.shape];
    expect(schema.parse(value)).toEqual(schema.parse(undefined));
  });

  it("is in the description of the install form, with what VCR sets and what only developers need", () => {
    const form = read("docs/marketplace-form.md");
    const words = ["DEBUG", "PREFLIGHT"].filter((name) => form.includes(`\`${name}\``));
    expect([...new Set([...mentioned(form), ...words])].toSorted()).toEqual(NAMES);
  });

  it("is what vcr.yml sets some of", () => {
    const names = [...read("vcr.yml").matchAll(/- name: ([A-Z0-9_]+)$/gm)].map(([, name]) => name as string);
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !NAMES.includes(name))).toEqual([]);
  });

  it.each(guides)("knows every variable that %s names", (path) => {
    const known = [...NAMES, ...OF_THE_COMMAND];
    expect(mentioned(read(path)).filter((name) => !known.includes(name))).toEqual([]);
  });
});
