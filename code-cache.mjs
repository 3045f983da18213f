// Starts the bundle once, with an account that is made up and nobody around, and keeps what V8 has compiled until it
// listens. Anything that goes wrong leaves a server that starts more slowly.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { resolve } from "node:path";
import { Script } from "node:vm";

const PATIENCE_MS = 20_000;
const NOBODY = "http://127.0.0.1:1";

const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});

/** A port that was free a moment ago. */
async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

process.env = {
  VCR_PORT: String(await freePort()),
  VCR_API_ACCOUNT_ID: "account",
  VCR_API_ACCOUNT_SECRET: "secret",
  VCR_API_APPLICATION_ID: randomUUID(),
  VCR_PRIVATE_KEY: privateKey,
  VCR_INSTANCE_SERVICE_NAME: "build",
  VCR_PROVIDERS_URL: NOBODY,
  VONAGE_API_HOST: NOBODY,
  VONAGE_SIGNATURE_SECRET: "secret",
  WHATSAPP_NUMBER: "14155550100",
  SMS_SENDER_ID: "14155550101",
  MOENGAGE_DELIVERY_URL: NOBODY,
  MOENGAGE_SMS_DELIVERY_URL: NOBODY,
};

const file = resolve("dist/server.cjs");
const script = new Script(readFileSync(file, "latin1"), { filename: file });
const { write } = process.stdout;
const late = setTimeout(() => process.exit(1), PATIENCE_MS);
process.stdout.write = (line) => {
  if (!String(line).includes("Connector is listening")) return true;
  process.stdout.write = write;
  clearTimeout(late);
  writeFileSync(`${file}.cache`, script.createCachedData());
  process.exit(0);
};
const module = { exports: {} };
script.runInThisContext()(module.exports, createRequire(file), module, file, resolve("dist"));
