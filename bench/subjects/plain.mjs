// What somebody would write in a week: the Vonage SDKs and Express as their guides show them, and no guarantee.
// One queue between the platform and Vonage, one report for each status. Nothing is claimed, remembered, ordered
// or batched; a STOP is not obeyed.
import { verifySignature } from "@vonage/jwt";
import { Messages, WhatsAppCustom } from "@vonage/messages";
import { Queue, vcr } from "@vonage/vcr-sdk";
import express from "express";

const { env } = process;
const QUEUE = "messages";
const REPORTED = { submitted: "sent", delivered: "delivered", read: "read", rejected: "failed" };

const session = vcr.getGlobalSession();
const queue = new Queue(session);
const messages = new Messages(
  { applicationId: env.API_APPLICATION_ID, privateKey: env.PRIVATE_KEY },
  { apiHost: env.VONAGE_API_HOST },
);

const app = express();
app.use(express.json());

app.get("/_/health", (_req, res) => {
  res.sendStatus(200);
});

/** The platform's send: queued, and answered. */
app.post("/webhooks/send", async (req, res) => {
  const isKnown =
    req.headers["api-key"] === env.API_ACCOUNT_ID && req.headers["api-secret"] === env.API_ACCOUNT_SECRET;
  if (!isKnown) return res.status(401).json({ message: "Wrong credentials" });
  const { msg_id, to, from, template } = req.body;
  if (!msg_id || !to || !from || !template) return res.status(400).json({ message: "A field is missing" });
  try {
    await queue.enqueueSingle(QUEUE, { msg_id, to, from, template });
    res.json({ status: "success" });
  } catch (error) {
    console.error("Could not enqueue", msg_id, error.message);
    res.status(503).json({ message: "Try again later" });
  }
});

/** The queue brings it back: sent through Vonage. */
app.post("/webhooks/message-dispatcher", async (req, res) => {
  const { msg_id, to, from, template } = req.body;
  try {
    const { messageUUID } = await messages.send(
      new WhatsAppCustom({
        to: to.replace("+", ""),
        from,
        clientRef: msg_id,
        custom: {
          type: "template",
          template: { ...template, language: { ...template.language, policy: "deterministic" } },
        },
      }),
    );
    console.log("Sent", msg_id, messageUUID);
    res.json({ status: "sent" });
  } catch (error) {
    console.error("Could not send", msg_id, error.message);
    res.sendStatus(500);
  }
});

/** A status of Vonage: checked, and told to the platform. */
app.post("/webhooks/status", async (req, res) => {
  const token = req.headers.authorization?.split(" ")[1];
  if (!token || !verifySignature(token, env.VONAGE_SIGNATURE_SECRET)) return res.sendStatus(401);
  const { client_ref, status, timestamp, error } = req.body;
  const report = {
    msg_id: client_ref,
    status: REPORTED[status] ?? "failed",
    timestamp: String(Math.floor(Date.parse(timestamp) / 1000)),
    ...(error ? { error: { code: String(error.title), description: String(error.detail) } } : {}),
  };
  try {
    const answer = await fetch(env.MOENGAGE_DELIVERY_URL, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ statuses: [report] }),
    });
    await answer.text();
    console.log("Reported", client_ref, status);
    res.sendStatus(answer.ok ? 200 : 503);
  } catch (failure) {
    console.error("Could not report", client_ref, failure.message);
    res.sendStatus(503);
  }
});

await queue.createQueue(QUEUE, "webhooks/message-dispatcher", {
  active: true,
  maxInflight: Number(env.DISPATCH_MAX_INFLIGHT),
  msgPerSecond: Number(env.DISPATCH_RATE_PER_SECOND),
});
app.listen(Number(env.VCR_PORT));
