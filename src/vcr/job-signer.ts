import { createHmac, createPrivateKey, hkdfSync, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { Job } from "../core/job.ts";
import { ConnectorError } from "../lib/errors.ts";

const VERSION = 1;

/**
 * A job as it travels: its content as one JSON text, so that a queue which decodes and encodes JSON in its own
 * way does not break the signature (docs/decisions/0005), and the proof that this connector made it.
 */
const sealed = z.object({
  v: z.literal(VERSION),
  kid: z.string(),
  mac: z.string(),
  body: z.string(),
});
export type SignedJob = z.output<typeof sealed>;

export interface JobSigner {
  sign(job: Job): SignedJob;
  /** The job inside. Throws ConnectorError `foreign_job` (401) for anything this application's keys did not sign. */
  verify(received: unknown): Job;
}

/** Keys are derived from the application's private keys: the newest signs, every one of them verifies. */
export function createJobSigner(privateKeys: readonly [string, ...string[]]): JobSigner {
  const keys = privateKeys.map(deriveKey) as [SigningKey, ...SigningKey[]];
  const [signing] = keys;
  return {
    sign(job) {
      const body = JSON.stringify(job);
      return { v: VERSION, kid: signing.id, mac: macOf(signing, body), body };
    },
    verify(received) {
      const envelope = sealed.safeParse(received).data;
      const key = keys.find(({ id }) => id === envelope?.kid);
      if (!envelope || !key) throw foreign("The job carries no signature of this application");
      // As text, for several texts decode to the same bytes.
      const [given, expected] = [Buffer.from(envelope.mac), Buffer.from(macOf(key, envelope.body))];
      if (given.length !== expected.length || !timingSafeEqual(given, expected))
        throw foreign("The job was altered");
      return JSON.parse(envelope.body) as Job;
    },
  };
}

interface SigningKey {
  id: string;
  secret: Buffer;
}

function deriveKey(privateKey: string): SigningKey {
  const der = createPrivateKey(privateKey).export({ type: "pkcs8", format: "der" });
  const derive = (purpose: string, length: number) =>
    Buffer.from(hkdfSync("sha256", der, "", purpose, length));
  return { id: derive("job key id v1", 6).toString("base64url"), secret: derive("job key v1", 32) };
}

const macOf = (key: SigningKey, body: string) =>
  createHmac("sha256", key.secret).update(body).digest("base64url");

const foreign = (message: string) => new ConnectorError("foreign_job", message, { httpStatus: 401 });
