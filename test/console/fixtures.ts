import type { ConsolePorts } from "../../src/console/ports.ts";
import type { ResultRow, StatusAnswer } from "../../src/core/insight.ts";

/** What somebody may have put into an id, a template's name or a vendor's words. */
export const HOSTILE = `"><script>alert('x')</script><img src=x onerror=alert(1)>`;
export const AT = "2026-01-15T11:00:00.000Z";

export const resultRow = (over: Partial<ResultRow> = {}): ResultRow => ({
  ...{
    platform: "moengage",
    channel: "whatsapp",
    sender: "447700900000",
    template: "order_shipped",
    language: "en",
  },
  ...{ accepted: 100, refused: 2, optedOut: 1, sent: 95, delivered: 90, read: 40, failed: 7, waiting: 0 },
  reasons: [
    {
      ...{ code: "1022", count: 7, samples: ["id-1", "id-2"] },
      ...{ description: "The send does not fit the template.", nextStep: "Sync the templates." },
    },
  ],
  ...over,
});

export const statusAnswer = (over: Partial<StatusAnswer> = {}): StatusAnswer => ({
  ...{ version: "1.0.0", startedAt: AT, deadLetters: 0, inDoubt: 0 },
  replicas: [{ id: "r1", version: "1.0.0", startedAt: AT, seenAt: AT }],
  channels: [
    {
      ...{ platform: "moengage", channel: "whatsapp", on: true, state: "sending", reason: "" },
      ...{ waiting: 3, ratePerSecond: 29, secondsToEmpty: 1, lastAcceptedAt: AT, lastSentAt: AT },
      ...{ lastStatusAt: AT, lastReportAt: null },
    },
  ],
  dependencies: [{ name: "state", up: true, since: AT, note: "" }],
  ...over,
});

/** A console that shows `word` wherever a text from outside can stand, and remembers what it was asked to do. */
export function createTestConsole(word = "order_shipped", over: Partial<ConsolePorts> = {}) {
  const asked: unknown[] = [];
  const did = async <T>(what: unknown, answer: T): Promise<T> => {
    asked.push(what);
    return answer;
  };
  const words = { description: `What ${word} means`, nextStep: `What to do about ${word}` };
  const templates = {
    syncedAt: AT,
    templates: [{ name: word, language: word, status: "APPROVED", parameters: [word], lastMismatch: word }],
  };
  const ports: ConsolePorts = {
    status: async () =>
      statusAnswer({
        dependencies: [{ name: word, up: false, since: AT, note: word }],
        replicas: [{ id: word, version: word, startedAt: AT, seenAt: AT }],
        deadLetters: 2,
        inDoubt: 1,
      }),
    results: (query) =>
      did(query, {
        ...{ from: AT, to: AT },
        rows: [
          resultRow({
            ...{ platform: word, template: word, language: word, sender: word },
            reasons: [{ code: word, count: 7, samples: [word], ...words }],
          }),
        ],
      }),
    failures: (query) =>
      did(query, {
        failures: [
          { at: AT, id: word, platform: word, channel: "whatsapp", template: word, code: word, ...words },
        ],
      }),
    story: (id) =>
      did(
        { id },
        id === "nobody"
          ? { found: false, message: `Nothing is known of ${word}` }
          : {
              ...{ found: true, id: word, platform: word, channel: "whatsapp", template: word },
              ...{ messageUuid: word, state: "failed" },
              steps: [
                {
                  at: AT,
                  step: "refused",
                  status: word,
                  code: word,
                  description: word,
                  outcome: word,
                  attempt: 2,
                },
              ],
            },
      ),
    words: () => words,
    setup: async () => ({
      checkedAt: AT,
      checks: [
        { id: "webhooks", title: word, ok: false, found: word, remedy: word },
        { id: "clock", title: "Clock", ok: null, found: word, remedy: "" },
        { id: "state", title: "State", ok: true, found: "It answers", remedy: "" },
      ],
    }),
    letters: {
      list: async () => ({
        letters: [{ key: "k1", queue: "whatsapp", kind: word, id: word, attempt: 1, at: AT, reason: word }],
      }),
      replay: (choice) => did(choice, { replayed: 1, left: 0, dryRun: choice.dryRun }),
    },
    optOuts: {
      totals: async () => ({ whatsapp: 1_234, sms: 5 }),
      act: (request) =>
        did(request, {
          ...{ channel: request.channel, number: `…${request.number.slice(-4)}`, optedOut: true },
          ...{ since: AT, changed: request.action !== "check" },
        }),
      importCsv: (request) => did(request, { changed: 1, same: 0, faults: [word], dryRun: request.dryRun }),
    },
    templates: { list: async () => templates, sync: () => did("sync", templates) },
    testSend: (request) => did(request, { id: "test-1" }),
    connectedSourceMapper: { mapper: word },
    settings: [
      { name: "WHATSAPP_NUMBER", value: "447700900000", fingerprints: [] },
      { name: "VONAGE_SIGNATURE_SECRET", value: "", fingerprints: ["0a1b2c3d"] },
      { name: "WABA_ID", value: "", fingerprints: [] },
    ],
    notes: [word],
    platformNames: { moengage: "MoEngage" },
    ...over,
  };
  return { ports, asked };
}
