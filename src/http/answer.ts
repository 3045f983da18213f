import type { Response } from "express";

/** Answers with JSON, as Express's own `json` does, without asking the application how: that costs 10 µs more. */
export function answerJson(
  res: Response,
  status: number,
  body: unknown,
  headers?: Record<string, string>,
): void {
  const text = JSON.stringify(body);
  res
    .writeHead(status, {
      ...headers,
      "Content-Type": "application/json; charset=utf-8",
      "Content-Length": Buffer.byteLength(text),
    })
    .end(text);
}
