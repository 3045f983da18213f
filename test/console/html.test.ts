import { describe, expect, it } from "@jest/globals";
import { html } from "../../src/console/html.ts";
import { HOSTILE } from "./fixtures.ts";

describe("html", () => {
  it.each<[string, { text: string }, string]>([
    [
      "escapes a text",
      html`<p>${HOSTILE}</p>`,
      "<p>&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;</p>",
    ],
    ["escapes what is escaped already", html`${"&amp;"}`, "&amp;amp;"],
    ["escapes a quoted attribute", html`<a title="${'" onclick="x'}">`, '<a title="&quot; onclick=&quot;x">'],
    [
      "keeps its own pieces",
      html`<ul>${["<a>", "b"].map((item) => html`<li>${item}</li>`)}</ul>`,
      "<ul><li>&lt;a&gt;</li><li>b</li></ul>",
    ],
    ["escapes the texts of a list", html`${["<", ">"]}`, "&lt;&gt;"],
    ["leaves out what is not there", html`${null}${undefined}${false}${""}`, ""],
    ["shows zero", html`${0}`, "0"],
  ])("%s", (_name, { text }, expected) => {
    expect(text).toBe(expected);
  });
});
