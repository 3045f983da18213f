import { expect, it } from "@jest/globals";
import { createCounting } from "../../src/compose/counting.ts";
import { createMetrics } from "../../src/compose/metrics.ts";
import { noRecorder } from "../../src/flows/insight/recorder.ts";
import { createClock, smsMessage } from "../support/ports.ts";

it.each<[string, { code: string; status: number; id?: string; isRead?: boolean }, boolean]>([
  ["a stranger's", { code: "unauthorized", status: 401 }, false],
  ["one that cannot be read, and will not be repeated", { code: "not_json", status: 400 }, true],
  ["one that is turned away unread, and will be", { code: "overloaded", status: 503 }, false],
  ["one that is turned away with its id known", { code: "overloaded", status: 503, id: "m-1" }, true],
  ["one that was read", { code: "backlog_full", status: 429, isRead: true }, true],
])("of requests that are not accepted, %s", (_name, { isRead, id, ...send }, isMessage) => {
  const metrics = createMetrics();
  const owner = { platform: "acme", channel: "sms" } as const;
  const refused: unknown[] = [];
  const { notAccepted } = createCounting(metrics, () => owner, createClock());
  const recorder = { ...noRecorder, refused: (refusal: unknown) => void refused.push(refusal) };
  const message = isRead ? smsMessage() : undefined;
  notAccepted(recorder)({ tag: "ms", ...send, id, message, hasCredentials: true });
  expect(refused).toHaveLength(isMessage ? 1 : 0);
  expect(metrics.registry.text()).toMatch(/connector_requests_total\{.*outcome="refused".*\} 1/);
});

it.each([
  ["wrong credentials", true, 1],
  ["none at all, as anybody's", false, 0],
])("of what is told where credentials are wrong: a request with %s", (_name, hasCredentials, credentials) => {
  const counting = createCounting(createMetrics(), () => undefined, createClock());
  const stranger = { tag: "ms", code: "unauthorized", status: 401, id: undefined, message: undefined };
  counting.notAccepted(noRecorder)({ ...stranger, hasCredentials });
  expect(counting.refusedLately()).toEqual({ credentials, signatures: 0 });
});
