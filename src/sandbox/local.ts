import { existsSync } from "node:fs";
import { mustBeFree, runCommand } from "./command-line.ts";
import { startConnector } from "./connector.ts";
import { credentialsFrom } from "./credentials.ts";
import { startVcr } from "./vcr/index.ts";

/** The port that the SDK's debug mode is bound to. */
const VCR_PORT = 3001;

const NEEDED: Record<string, string> = {
  VCR_API_ACCOUNT_ID: "the API key of your Vonage account",
  VCR_API_ACCOUNT_SECRET: "the API secret of your Vonage account",
  VCR_API_APPLICATION_ID: "the id of a Vonage application with the Messages capability",
  VCR_PRIVATE_KEY: "the private key of that application",
  VONAGE_SIGNATURE_SECRET: "the signature secret of your Vonage account (dashboard, API settings)",
};

const CHANNELS: Record<string, string[]> = {
  WhatsApp: ["WHATSAPP_NUMBER", "MOENGAGE_DELIVERY_URL"],
  SMS: ["SMS_SENDER_ID", "MOENGAGE_SMS_DELIVERY_URL"],
};

const env = Object.fromEntries(
  Object.entries(process.env).filter((entry): entry is [string, string] => !!entry[1]),
);

async function main(): Promise<number> {
  if (!existsSync(".env") && Object.keys(NEEDED).every((name) => env[name] === undefined)) {
    console.error(
      "There is no .env here: copy .env.example to .env, fill in its first ten lines, and run this again",
    );
    return 2;
  }
  const missing = Object.keys(NEEDED).filter((name) => env[name] === undefined);
  for (const name of missing) console.error(`.env: ${name} is missing: ${NEEDED[name]}`);
  for (const [channel, names] of Object.entries(CHANNELS)) {
    const absent = names.filter((name) => env[name] === undefined);
    if (absent.length > 0) console.error(`.env: ${channel} stays off without ${absent.join(" and ")}`);
  }
  if (!env["VCR_INSTANCE_PUBLIC_URL"]?.startsWith("https://")) console.error(NO_PUBLIC_URL);
  return missing.length > 0 ? 2 : run();
}

const NO_PUBLIC_URL =
  ".env: VCR_INSTANCE_PUBLIC_URL is no https URL. Vonage and MoEngage cannot reach this machine by themselves: " +
  "open a public https tunnel to the connector's port, put its URL there, and set the application's inbound " +
  "and status URLs to <that URL>/webhooks/inbound and <that URL>/webhooks/status.";

/** Until a signal, or until the connector ends by itself. */
async function run(): Promise<number> {
  const port = Number(env["VCR_PORT"] ?? 3000);
  await mustBeFree(port, "set VCR_PORT in .env to another");
  await mustBeFree(VCR_PORT, "end the npm run local or npm run vcr that has it");
  const vcr = await startVcr({
    credentials: credentialsFrom(env),
    port: VCR_PORT,
    apps: [`http://127.0.0.1:${port}`],
  });
  const connector = await startConnector({
    env: { ...env, VCR_PORT: String(port), DEBUG: "true" },
    output: "screen",
  });
  console.error(
    `The connector listens on ${connector.url}, the local VCR on ${vcr.url}. Messages are real and cost money.`,
  );
  let isStopping = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      isStopping = true;
      void connector.stop();
    });
  }
  const how = await connector.exited;
  await vcr.stop();
  if (isStopping) return 0;
  console.error(`The connector ended by itself (${how}): what it said last stands above`);
  return 1;
}

await runCommand(main);
