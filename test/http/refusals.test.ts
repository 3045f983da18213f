import { afterEach, describe, expect, it } from "@jest/globals";
import type { AppDependencies } from "../../src/http/app.ts";
import { createRefusalLog, idIn } from "../../src/http/refusals.ts";
import { ConnectorError, type ErrorCode } from "../../src/lib/errors.ts";
import { systemRuntime } from "../../src/lib/runtime.ts";
import { moengageSms, moengageWhatsApp } from "../../src/platforms/moengage/index.ts";
import { webengageWhatsApp } from "../../src/platforms/webengage/index.ts";
import { createJobSigner } from "../../src/vcr/job-signer.ts";
import {
  buildSendJob,
  buildSmsSend,
  buildVonageStatus,
  buildWhatsAppSend,
  MSG_ID,
  VENDOR_ID,
} from "../support/builders.ts";
import { createPlatformPorts, createRecordingLog } from "../support/ports.ts";
import {
  FORM_TYPE,
  JSON_TYPE,
  KEY,
  KEYS,
  openSite,
  SECRET,
  type Site,
  send,
  signed,
  signer,
} from "./site.ts";

let site: Site;
afterEach(() => site?.stop());

const OURS = { "api-key": KEY, "api-secret": SECRET };
const accepted = [{ key: KEY, secrets: [SECRET] }];
const channels = () => {
  const ports = createPlatformPorts();
  const deliveryUrl = "http://127.0.0.1:1/";
  return [
    moengageWhatsApp({ accepted, deliveryUrl, numbers: ["14155550100"] }, ports),
    moengageSms({ accepted, deliveryUrl, senderId: "Acme", reportSent: false }, ports),
    webengageWhatsApp(
      { accepted, dsnUrl: deliveryUrl, dsnToken: "t", sentOn: "delivered", numbers: ["14155550100"] },
      ports,
    ),
  ];
};

const rejecting = (code: ErrorCode, options: ConstructorParameters<typeof ConnectorError>[2]) => () =>
  Promise.reject(new ConnectorError(code, "In words", options));
const away = rejecting("platform_unavailable", { retryable: true, detail: { status: 404 } });
const full = rejecting("backlog_full", { retryable: true, httpStatus: 429 });

const WHATSAPP = "/webhooks/send";
const STATUS = "/webhooks/status";
const JOBS = "/webhooks/message-dispatcher";
const LARGE = { msg_id: "x".repeat(1_100_000) };
const status = buildVonageStatus();
const webhook = { msg_id: MSG_ID, message_uuid: VENDOR_ID };
const foreign = createJobSigner([KEYS.foreign]).sign(buildSendJob());

interface Asked {
  path: string;
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  over?: Partial<AppDependencies>;
}

const ask = ({ path, method = "POST", body, headers = {} }: Asked) => {
  const text = typeof body === "string" ? body : JSON.stringify(body ?? {});
  return send(`${site.url}${path}`, {
    method,
    headers: {
      "content-type": JSON_TYPE,
      ...(path.startsWith("/webhooks/st") ? signed(text) : {}),
      ...headers,
    },
    body: method === "GET" ? undefined : text,
  });
};

/** A request that is refused, the answer's status, and the line: its level, text and ids. */
const REFUSALS: [string, Asked, number, string, string, object?][] = [
  ["WhatsApp without credentials", { path: WHATSAPP }, 401, "warn", "Send not accepted: unauthorized"],
  ["an SMS without credentials", { path: "/" }, 401, "warn", "Send not accepted: unauthorized"],
  [
    "a template sync without credentials",
    { path: "/sync_templates", method: "GET" },
    401,
    "warn",
    "Template sync not answered with a list: unauthorized",
  ],
  ["no JSON", { path: WHATSAPP, headers: OURS, body: "{" }, 400, "warn", "Send not accepted: not_json"],
  [
    "a large body",
    { path: WHATSAPP, headers: OURS, body: LARGE },
    413,
    "warn",
    "Send not accepted: too_large",
  ],
  [
    "a form for WhatsApp",
    { path: WHATSAPP, headers: { ...OURS, "content-type": FORM_TYPE } },
    415,
    "warn",
    "Send not accepted: unsupported_media_type",
  ],
  [
    "7001",
    { path: WHATSAPP, headers: OURS, body: buildWhatsAppSend({ template: undefined }) },
    200,
    "warn",
    "Send not accepted: invalid_template",
    { msg_id: MSG_ID },
  ],
  [
    "7002",
    { path: WHATSAPP, headers: OURS, body: buildWhatsAppSend({ to: "07700" }) },
    200,
    "warn",
    "Send not accepted: invalid_recipient",
    { msg_id: MSG_ID },
  ],
  [
    "7004",
    { path: WHATSAPP, headers: OURS, body: buildWhatsAppSend({ from: "1" }) },
    200,
    "warn",
    "Send not accepted: invalid_sender",
    { msg_id: MSG_ID },
  ],
  [
    "an SMS without a text",
    { path: "/", headers: OURS, body: buildSmsSend({ text: undefined }) },
    400,
    "warn",
    "Send not accepted: invalid_request",
  ],
  [
    "a full backlog",
    { path: WHATSAPP, headers: OURS, body: buildWhatsAppSend(), over: { accept: full } },
    429,
    "warn",
    "Send not accepted: backlog_full",
    { msg_id: MSG_ID },
  ],
  [
    "a queue that does not answer",
    { path: WHATSAPP, headers: OURS, body: buildWhatsAppSend(), over: { accept: away } },
    503,
    "error",
    "Send not accepted: platform_unavailable",
    { msg_id: MSG_ID, neighbour_status: 404 },
  ],
  [
    "WebEngage's message for a sender that is not ours",
    { path: "/webengage/whatsapp", headers: OURS, body: { metadata: { messageId: "we-1" } } },
    400,
    "warn",
    "Send not accepted: unsupported_version",
    { msg_id: "we-1" },
  ],
  [
    "an unsigned webhook",
    { path: STATUS, body: status, headers: { authorization: "" } },
    503,
    "error",
    "Webhook not taken: unsigned",
    webhook,
  ],
  [
    "a webhook over another body",
    { path: STATUS, body: status, headers: signed("{}") },
    401,
    "warn",
    "Webhook not taken: forged_webhook",
    webhook,
  ],
  [
    "a webhook of another account",
    { path: STATUS, body: status, headers: signed(JSON.stringify(status), { api_key: "other" }) },
    503,
    "error",
    "Webhook not taken: other_account",
    webhook,
  ],
  [
    "a status that the platform cannot take",
    { path: STATUS, body: status, over: { receiveStatus: away } },
    503,
    "error",
    "Webhook not taken: platform_unavailable",
    { ...webhook, neighbour_status: 404 },
  ],
  [
    "a status that is none",
    { path: STATUS, body: { message_uuid: VENDOR_ID } },
    400,
    "warn",
    "Webhook not taken: invalid_webhook",
    { message_uuid: VENDOR_ID },
  ],
  [
    "a job of nobody's",
    { path: JOBS, body: foreign },
    401,
    "warn",
    "Job not done: foreign_job",
    { msg_id: MSG_ID },
  ],
  [
    "a send to the queue's address",
    { path: JOBS, body: buildWhatsAppSend() },
    401,
    "warn",
    "Job not done: foreign_job",
    { msg_id: MSG_ID },
  ],
  [
    "an SMS to the queue's address",
    { path: JOBS, body: "text=Hi", headers: { "content-type": FORM_TYPE } },
    415,
    "warn",
    "Job not done: unsupported_media_type",
  ],
  [
    "a job that could not be done",
    { path: JOBS, body: signer.sign(buildSendJob()), over: { dispatch: away } },
    503,
    "error",
    "Job not done: platform_unavailable",
    { msg_id: MSG_ID, neighbour_status: 404 },
  ],
  ["a wrong path", { path: "/webhook/send" }, 404, "warn", "Request refused: not_found"],
  ["a wrong method", { path: WHATSAPP, method: "GET" }, 404, "warn", "Request refused: not_found"],
  ["a path that is none", { path: "/%ff" }, 404, "warn", "Request refused: not_found"],
];

describe("one line with path, status and ids for", () => {
  it.each(REFUSALS)("%s", async (_name, asked, answered, level, msg, about = {}) => {
    site = await openSite({ channels: channels(), ...asked.over });
    expect((await ask(asked)).status).toBe(answered);
    const lines = site.log.lines.filter((line) => line.msg !== `POST ${JOBS}` && !/received$/.test(line.msg));
    const ids = ["path", "status", "msg_id", "message_uuid", "neighbour_status"];
    expect(
      lines.map((line) => ({
        ...{ level: line.level, msg: line.msg },
        ...Object.fromEntries(ids.map((name) => [name, line.fields[name]])),
      })),
    ).toEqual([{ level, msg, path: asked.path, status: answered, ...about }]);
  });
});

describe("the address of the queue", () => {
  it.each<[string, string, string]>([
    ["a message for WhatsApp", JSON.stringify(buildWhatsAppSend()), JSON_TYPE],
    ["an SMS", JSON.stringify(buildSmsSend()), JSON_TYPE],
    ["an SMS as a form", "text=Hi&to=447700900123", FORM_TYPE],
    ["nothing", "", JSON_TYPE],
    ["a forged job", JSON.stringify(foreign), JSON_TYPE],
  ])("says to %s where it belongs", async (_name, body, type) => {
    site = await openSite();
    const answer = await ask({ path: JOBS, body, headers: { "content-type": type } });
    expect(answer.body).toEqual({
      message: "This address is the queue's own: send WhatsApp to /webhooks/send, SMS to /",
    });
  });
});

describe("the log of refusals", () => {
  /** Time that stands still until a minute is let pass. */
  function open() {
    const log = createRecordingLog();
    const timers = new Set<() => void>();
    const runtime = {
      ...systemRuntime,
      setTimeout(work: () => void) {
        timers.add(work);
        return { unref: () => undefined, work };
      },
      clearTimeout: (timer: unknown) => void timers.delete((timer as { work: () => void }).work),
    };
    const { refused, flush } = createRefusalLog(log, runtime);
    return {
      ...{ log, timers, flush },
      refuse: (times: number, path = "/webhooks/send", code: ErrorCode = "unauthorized", id?: number) => {
        for (let n = 0; n < times; n++)
          refused(
            { path },
            {
              ...{ what: "Send not accepted", status: 401, about: { msg_id: id ?? n } },
              error: new ConnectorError(code, "x", { httpStatus: 401 }),
            },
          );
      },
      minute() {
        for (const work of [...timers]) {
          timers.delete(work);
          work();
        }
      },
      told: () => log.lines.splice(0).map(({ fields }) => fields["counted"] ?? "one"),
    };
  }

  it("has the first few of a kind, then one line a minute with how many there were", () => {
    const { refuse, minute, told, timers } = open();
    refuse(3_333);
    expect(told()).toEqual(Array(5).fill("one"));
    minute();
    expect(told()).toEqual([3_328]);
    refuse(2);
    minute();
    expect(told()).toEqual([2]);
    // A quiet minute, and it begins again.
    minute();
    expect([told(), timers.size]).toEqual([[], 0]);
    refuse(1);
    expect(told()).toEqual(["one"]);
  });

  it("counts kinds and rooms apart, and however a path is written", () => {
    const { refuse, told, flush, timers } = open();
    for (const path of ["/webhooks/send", "/WEBHOOKS/send", "/webhooks/send/"]) refuse(3, path);
    refuse(6, "/");
    refuse(6, "/", "not_json");
    for (let n = 0; n < 100; n++) refuse(1, `/wp-admin/${n}`, "not_found");
    expect(told().length).toBe(4 * 5);
    flush();
    expect([told(), timers.size]).toEqual([[4, 1, 1, 95], 0]);
  });

  it("says each of the refusals that have a message of their own", () => {
    const { refuse, told } = open();
    refuse(100, "/", "invalid_recipient");
    expect(told()).toEqual(Array(100).fill("one"));
  });

  it("shows no number of a person and no endless path", () => {
    const { refuse, log } = open();
    refuse(1, "/send/447700900123", "not_found");
    refuse(1, `/${"x".repeat(5_000)}`, "not_found");
    expect(log.lines.map(({ fields }) => fields["path"])).toEqual(["/send/…0123", `/${"x".repeat(99)}`]);
  });
});

it("an id is one up to the length that platforms' ids may have", () => {
  expect(["x", "x".repeat(500), "x".repeat(501), "", 7, undefined].map(idIn)).toEqual([
    "x",
    "x".repeat(500),
    ...Array(4).fill(undefined),
  ]);
});
