import { expect, it } from "@jest/globals";
import { absolute, ago, count, duration, story } from "../../../src/console/views/parts.ts";

const AT = "2026-01-15T11:30:00.000Z";
const NOW = Date.parse(AT);

it("a message's id leads to its story, where there is one", () => {
  expect([story("").text, story("a|b&c").text, story("…0123.1200000000.").text]).toEqual([
    '<span class="none">no id</span>',
    '<a class="id" href="/console/message?id=a%7Cb%26c">a|b&amp;c</a>',
    '<a class="id" href="/console/message?id=%E2%80%A60123.1200000000.">…0123.1200000000.</a>',
  ]);
});

it.each<[number, string]>([
  [0, "just now"],
  [4_000, "just now"],
  [59_000, "59 seconds ago"],
  [60_000, "1 minute ago"],
  [3_600_000, "1 hour ago"],
  [50 * 3_600_000, "2 days ago"],
  [-90_000, "in 2 minutes"],
])("%i ms later a time is %s, with the time itself for whoever points at it", (ms, words) => {
  expect(ago(AT, NOW + ms).text).toBe(
    `<time datetime="${AT}" title="2026-01-15 11:30:00 UTC">${words}</time>`,
  );
});

it.each([null, "soon"])("%j is no time", (at) => {
  expect(ago(at, NOW).text).toContain("never");
});

it("counts and spans read as people write them", () => {
  expect([count(1, "message"), count(1_234, "message"), count(2, "person", "people")]).toEqual([
    ...["1 message", "1,234 messages", "2 people"],
  ]);
  expect([duration(-5), duration(7_200_000), absolute(AT)]).toEqual([
    ...["0 seconds", "2 hours", "2026-01-15 11:30:00 UTC"],
  ]);
});

it("half a character in an id is no reason to show nothing", () => {
  expect(story("cut \ud83d").text).toBe(
    '<a class="id" href="/console/message?id=cut%20%EF%BF%BD">cut \ud83d</a>',
  );
});
