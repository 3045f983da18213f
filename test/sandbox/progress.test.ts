import { describe, expect, it } from "@jest/globals";
import { createProgress } from "../../src/sandbox/progress.ts";

/** What is written to a terminal, or to a file where there are no columns. */
function shown(columns?: number): string[] {
  const written: string[] = [];
  const out = { isTTY: columns !== undefined, columns, write: (text: string) => written.push(text) };
  const progress = createProgress(out as unknown as NodeJS.WriteStream);
  for (let done = 0; done <= 1_000; done++) progress.show(done, 1_000, "accepted 1000, waiting 12");
  progress.end();
  return written;
}

describe("the progress of a campaign", () => {
  it("is one line that a narrow terminal need not wrap, and is not rewritten all the time", () => {
    const lines = shown(20);
    expect(lines.length).toBeLessThan(20);
    for (const line of lines.slice(0, -1)) expect(line.replace("\r\u001b[2K", "").length).toBe(19);
    expect(lines.at(-1)).toBe("\n");
  });

  it("ends with all that was done", () => {
    expect(shown(200).at(-2)).toContain("1000/1000 accepted 1000, waiting 12");
  });

  it("is a line now and then where the output is kept", () => {
    expect(shown()).toEqual(["[..............................] 0/1000 accepted 1000, waiting 12\n"]);
  });
});
