import { describe, expect, it } from "@jest/globals";
import { describeLeaks, findLeaks, parseLog } from "../../src/sandbox/auditor.ts";
import { createCredentials } from "../../src/sandbox/credentials.ts";

const { accountSecret, privateKey, signatureSecret } = createCredentials();

const LISTED = {
  "the delivery URL": "http://127.0.0.1:4000/whatsapp/vonage-v2/dlr",
  "a sender": "913341800001",
};

const PRIVATE: [what: string, value: string][] = [
  ["a phone number", "999000000001"],
  ["a phone number", "+447700900123"],
  ["a phone number", "14155550100"],
  ["a tagged value, canary-text", "Hi Ana, 20% off today, canary-text"],
  ["a tagged value, canary-account-secret", accountSecret],
  ["a tagged value, canary-signature-secret", signatureSecret],
  ["a private key", privateKey],
  ["a private key", privateKey.split("\n")[1] as string],
  ["a token", "Bearer 0123456789abcdef"],
  ["a token", "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJWb25hZ2UifQ.c2ln"],
  ["the delivery URL", LISTED["the delivery URL"]],
  ["a sender", LISTED["a sender"]],
];

const PLACES: [place: string, line: (value: string) => unknown][] = [
  ["a field", (value) => ({ level: "info", detail: value })],
  ["the text", (value) => ({ msg: `Sent to ${value}: no answer` })],
  ["a name with a colon", (value) => ({ msg: `key=suppression:${value}` })],
  ["brackets", (value) => ({ msg: `failed (${value}).` })],
  ["JSON in a text", (value) => ({ msg: JSON.stringify({ to: value }) })],
  ["an object deep down", (value) => ({ error: { cause: { request: { to: value } } } })],
  ["a list", (value) => ({ recipients: ["x", [value]] })],
  ["the name of a field", (value) => ({ counts: { [value]: 1 } })],
  ["a field named like a person's id", (value) => ({ customer_id: value })],
  ["a line that is not JSON", (value) => `Error: ${value}`],
];

describe("what no log may show", () => {
  it.each(PLACES)("is found in %s", (_place, line) => {
    for (const [what, value] of PRIVATE)
      expect([value, findLeaks([line(value)], LISTED)]).toEqual([
        value,
        expect.arrayContaining([expect.objectContaining({ what })]),
      ]);
  });

  it("is found in an id or a time when it is a text or a secret", () => {
    expect(findLeaks([{ msg_id: accountSecret, time: "canary" }]).map(({ what }) => what)).toEqual([
      "a tagged value, canary-account-secret",
      "a tagged value, canary",
    ]);
  });

  it("is found as a JSON number", () => {
    expect(findLeaks([{ to: 999_000_000_001 }])).toEqual([{ what: "a phone number", field: "to", line: 1 }]);
  });

  it("is named by kind, with its first place", () => {
    const leaks = findLeaks(parseLog('{"msg":"fine"}\n{"to":"999000000001"}\nto 999000000002\n'));
    expect(describeLeaks(leaks)).toEqual(["a phone number (line 2, to)"]);
  });
});

describe("what looks like it and is not", () => {
  it.each<[string, unknown]>([
    ["a time", { time: "2026-11-21T17:37.44:19.999Z" }],
    ["a time in milliseconds", { startedAt: 999_244_073_114, at: "1999000000001" }],
    ["a duration", { ms: 999_258_112_305, pauseMs: 447_700_900_123 }],
    ["a claim's token", { token: 999_944_073_114 }],
    ["a UUID", { msg_id: "d421e1e1-759c-4a14-8d21-999258112305" }],
    ["a UUID in a text", { msg: "Sending SMS via Vonage: msg_id=d421e1e1-759c-4a14-8d21-999258112305" }],
    ["an id of MoEngage's", { msg: "x 67ee485792b846576e34b2cc_677f3537b39e97772cc33719_14155550143" }],
    ["a reference", { msg_id: "1kmw.-999258112305-ab_cd" }],
    ["a latitude", { detail: "37.44, 45.946519, -122.16" }],
    ["a fraction", { share: 0.999123456789, rate: "12.999123456789" }],
    ["a longer number", { count: 9_990_000_000_012, size: "0999000000001" }],
    ["hexadecimal digits", { hash: "ab999000000001cd" }],
    ["a masked number", { to: "********0001" }],
    ["a port and a path", { msg: "POST http://127.0.0.1:4000/queue/neru-whatsapp/enqueue" }],
  ])("is left alone: %s", (_name, line) => {
    expect(findLeaks([line], LISTED)).toEqual([]);
  });
});
