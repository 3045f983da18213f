import { describe, expect, it } from "@jest/globals";
import { createReadableLog } from "../../src/sandbox/readable-log.ts";

function shown(chunks: string[], isColoured = false): string {
  const written: string[] = [];
  const show = createReadableLog((text) => written.push(text), isColoured);
  for (const chunk of chunks) show(chunk);
  return written.join("");
}

const line = JSON.stringify({
  level: "warn",
  time: "2026-01-15T12:00:00.123Z",
  replica: "a1b2c3",
  msg_id: "m-1",
  attempts: 2,
  cause: { code: "not_sent" },
  msg: "Message failed",
});

describe("the log for people", () => {
  it("has time, level, words and what else there is", () => {
    expect(shown([`${line}\n`])).toBe(
      '12:00:00.123 WARN  Message failed msg_id=m-1  attempts=2  cause={"code":"not_sent"}\n',
    );
  });

  it("waits for the end of a line", () => {
    expect(shown([line.slice(0, 20), line.slice(20)])).toBe("");
    expect(shown([line.slice(0, 20), `${line.slice(20)}\n${line}`])).toContain("msg_id=m-1");
  });

  it.each(["not JSON", '"a word"', "{}", "", "null"])("leaves %j as it is", (other) => {
    expect(shown([`${other}\n`])).toBe(`${other}\n`);
  });

  it("marks what is wrong on a terminal", () => {
    expect(shown([`${line}\n`], true)).toContain("\u001b[33mWARN  Message failed\u001b[0m");
  });
});
