import { afterEach, describe, expect, it } from "@jest/globals";
import { createHttpClient } from "../../src/lib/http-client.ts";
import { adviseOnWebhooks } from "../../src/vonage/application.ts";
import { type Answer, answer, startServer } from "./loopback.ts";

const PUBLIC_URL = "https://connector.example.com";
const toClose: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0)) await close();
});

async function ask(reply: Answer) {
  const server = await startServer(reply);
  const httpClient = createHttpClient(1);
  toClose.push(httpClient.close, server.close);
  const advice = adviseOnWebhooks(
    {
      apiHost: server.url,
      applicationId: "app id/1",
      accountId: "abcd1234",
      accountSecret: "account-secret",
      publicUrl: PUBLIC_URL,
    },
    httpClient,
  );
  return { advice, received: server.received };
}

const inbound = { address: `${PUBLIC_URL}/webhooks/inbound`, http_method: "POST" };
const status = { address: `${PUBLIC_URL}/webhooks/status`, http_method: "POST" };
const application = (webhooks: unknown) => ({ id: "x", name: "x", capabilities: { messages: { webhooks } } });

const advise = (label: string, path: string, now: string) =>
  `In the Vonage dashboard, open Applications, this application, Messages, and set its ${label} to ${PUBLIC_URL}${path} (now ${now})`;
const INBOUND_EMPTY = advise("Inbound URL", "/webhooks/inbound", "it is empty");
const STATUS_EMPTY = advise("Status URL", "/webhooks/status", "it is empty");

describe("adviseOnWebhooks", () => {
  it("asks for the application with the account's credentials", async () => {
    const { advice, received } = await ask(
      answer(200, application({ inbound_url: inbound, status_url: status })),
    );

    await advice;

    expect(received).toEqual([
      {
        method: "GET",
        path: "/v2/applications/app%20id%2F1",
        headers: expect.objectContaining({
          authorization: `Basic ${Buffer.from("abcd1234:account-secret").toString("base64")}`,
          accept: "application/json",
        }),
        body: "",
      },
    ]);
  });

  const other = { address: "https://other.example.com/in" };

  it.each([
    ["both addresses are this instance's", application({ inbound_url: inbound, status_url: status }), []],
    [
      "both are another's",
      application({ inbound_url: other, status_url: other }),
      [
        advise("Inbound URL", "/webhooks/inbound", "it is https://other.example.com/in"),
        advise("Status URL", "/webhooks/status", "it is https://other.example.com/in"),
      ],
    ],
    [
      "one has a token in it",
      application({
        inbound_url: { address: "https://user:pass@other.example.com:8443/in?token=s3cret#x" },
        status_url: status,
      }),
      [advise("Inbound URL", "/webhooks/inbound", "it is https://other.example.com:8443/in?…")],
    ],
    [
      "one is no address",
      application({ inbound_url: inbound, status_url: { address: "s3cret" } }),
      [advise("Status URL", "/webhooks/status", "it is not an address")],
    ],
    ["one is empty", application({ inbound_url: inbound, status_url: { address: "" } }), [STATUS_EMPTY]],
    ["one is missing", application({ status_url: status }), [INBOUND_EMPTY]],
    ["there are none", application({}), [INBOUND_EMPTY, STATUS_EMPTY]],
    ["Messages is off", { id: "x", capabilities: { voice: {} } }, [INBOUND_EMPTY, STATUS_EMPTY]],
    ["there are no capabilities", { id: "x" }, [INBOUND_EMPTY, STATUS_EMPTY]],
  ])("when %s", async (_what, body, sentences) => {
    const { advice } = await ask(answer(200, body));

    await expect(advice).resolves.toEqual(sentences);
  });

  it.each([
    [401, "Vonage refused the account's key and secret: check VCR_API_ACCOUNT_ID and VCR_API_ACCOUNT_SECRET"],
    [404, "Vonage does not know the application in this account: check VCR_API_APPLICATION_ID"],
  ])("says what to check after %d", async (code, sentence) => {
    const { advice } = await ask(answer(code, { title: "x" }));

    await expect(advice).resolves.toEqual([sentence]);
  });

  it.each([
    [
      "403 with a problem",
      answer(403, { type: "https://developer.vonage.com/api-errors/#forbidden", title: "x" }),
    ],
    ["429 with a problem", answer(429, { title: "Throttled" })],
    ["500 with a problem", answer(500, { title: "Internal error" })],
    ["502 with HTML", answer(502, "<html>")],
    ["200 with HTML", answer(200, "<html>")],
    ["200 with another shape", answer(200, { capabilities: "none" })],
    ["a lost connection", ((res) => void res.socket?.destroy()) as Answer],
  ])("gives no advice but rejects after %s", async (_what, reply) => {
    const { advice } = await ask(reply);

    await expect(advice).rejects.toThrow();
  });
});
