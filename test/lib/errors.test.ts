import { describe, expect, it } from "@jest/globals";
import { asConnectorError, ConnectorError, loggableError } from "../../src/lib/errors.ts";

describe("ConnectorError", () => {
  it.each([
    ["final and the asker's fault, unless told otherwise", {}, { retryable: false, httpStatus: 400 }],
    ["unavailable when it may pass", { retryable: true }, { retryable: true, httpStatus: 503 }],
    ["of the given status", { retryable: true, httpStatus: 429 }, { retryable: true, httpStatus: 429 }],
  ])("is %s", (_what, options, expected) => {
    expect(new ConnectorError("stopping", "Sentence", options)).toMatchObject({
      ...expected,
      name: "ConnectorError",
      code: "stopping",
      message: "Sentence",
      detail: {},
    });
  });
});

describe("asConnectorError", () => {
  it("leaves our own errors alone", () => {
    const error = new ConnectorError("stopping", "Sentence");

    expect(asConnectorError(error)).toBe(error);
  });

  it.each([new Error("password=hush"), "hush", undefined, null, { message: "hush" }])(
    "makes anything else an internal error that says nothing of it: %p",
    (thrown) => {
      const error = asConnectorError(thrown);

      expect(error).toMatchObject({
        code: "internal",
        message: "Unexpected error in the connector",
        retryable: true,
        httpStatus: 500,
      });
      expect(error.cause).toBe(thrown);
    },
  );
});

describe("loggableError", () => {
  it("tells an error of ours with its details and its cause", () => {
    const cause = new ConnectorError("provider_refused", "Inner sentence", { detail: { status: 502 } });
    const error = new ConnectorError("queue_unavailable", "Outer sentence", {
      retryable: true,
      detail: { attempt: 2 },
      cause,
    });

    expect(loggableError(error)).toEqual({
      code: "queue_unavailable",
      message: "Outer sentence",
      retryable: true,
      attempt: 2,
      cause: { code: "provider_refused", message: "Inner sentence", retryable: false, neighbour_status: 502 },
    });
  });

  it("keeps of a foreign error its class, code and stack frames, and nothing it carries", () => {
    const foreign = Object.assign(new TypeError("Bearer hush to 447700900123"), {
      code: "ECONNRESET",
      config: { headers: { authorization: "Bearer hush" }, body: "hush" },
    });

    const logged = loggableError(new ConnectorError("queue_unavailable", "Sentence", { cause: foreign }));

    expect(logged).toEqual({
      code: "queue_unavailable",
      message: "Sentence",
      retryable: false,
      cause: { type: "TypeError", code: "ECONNRESET", at: expect.any(Array) },
    });
    expect(JSON.stringify(logged)).not.toMatch(/hush|447700900123/);
  });

  it.each([
    ["hush", "string"],
    [null, "object"],
    [undefined, "undefined"],
    [{ hush: 1 }, "object"],
  ])("names only the type of a thrown %p", (thrown, type) => {
    expect(loggableError(thrown)).toEqual({ type });
  });

  it("drops a message of several lines", () => {
    const logged = loggableError(new Error("first hush\n    second hush\nat hush"));

    expect(JSON.stringify(logged)).not.toContain("hush");
  });
});
