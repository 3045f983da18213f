import { expect, it } from "@jest/globals";
import { story } from "../../../src/console/views/parts.ts";

it("a message's id leads to its story, unless it is shown without the number in front of it", () => {
  expect([story("a|b&c").text, story("…0123.1200000000.").text]).toEqual([
    '<a class="id" href="/console/message?id=a%7Cb%26c">a|b&amp;c</a>',
    '<span class="id">…0123.1200000000.</span>',
  ]);
});
