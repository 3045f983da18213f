import {
  createHmac,
  createPrivateKey,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from "node:crypto";
import { z } from "zod";
import { type Job, parseJob, serialiseJob } from "../core/job.ts";
import { ConnectorError } from "../lib/errors.ts";

/**
 * A job as it travels: its content as one JSON text, so that a queue which decodes and encodes JSON in its own
 * way does not break the signature (docs/decisions/0005), and the proof that this connector made it. The format of
 * the content stands in the content itself, where the proof covers it.
 */
const signedJob = z.object({
  kid: z.string(),
  mac: z.string(),
  body: z.string(),
});
export type SignedJob = z.output<typeof signedJob>;

export interface JobSigner {
  sign(job: Job): SignedJob;
  /**
   * The job inside. Throws ConnectorError `foreign_job` (401) for anything this application's keys did not sign, and
   * as `parseJob` does for what is ours and cannot be read.
   */
  verify(received: unknown): Job;
}

/** Keys are derived from the application's private keys: the newest signs, every one of them verifies. */
export function createJobSigner(privateKeys: readonly [string, ...string[]]): JobSigner {
  const keys = privateKeys.map(deriveKey) as [SigningKey, ...SigningKey[]];
  const [signing] = keys;
  return {
    sign(job) {
      const body = serialiseJob(job);
      return { kid: signing.id, mac: macOf(signing, body), body };
    },
    verify(received) {
      const envelope = signedJob.safeParse(received).data;
      const key = keys.find(({ id }) => id === envelope?.kid);
      if (!envelope || !key) throw foreign("The job carries no signature of this application");
      // As text, for several texts decode to the same bytes.
      const [given, expected] = [Buffer.from(envelope.mac), Buffer.from(macOf(key, envelope.body))];
      if (given.length !== expected.length || !timingSafeEqual(given, expected))
        throw foreign("The job was altered");
      return parseJob(envelope.body);
    },
  };
}

interface SigningKey {
  id: string;
  secret: KeyObject;
}

function deriveKey(privateKey: string): SigningKey {
  const der = createPrivateKey(privateKey).export({ type: "pkcs8", format: "der" });
  const derive = (purpose: string, length: number) =>
    Buffer.from(hkdfSync("sha256", der, "", purpose, length));
  return {
    id: derive("job key id v1", 6).toString("base64url"),
    secret: createSecretKey(derive("job key v1", 32)),
  };
}

const macOf = (key: SigningKey, body: string) =>
  createHmac("sha256", key.secret).update(body).digest("base64url");

const foreign = (message: string) => new ConnectorError("foreign_job", message, { httpStatus: 401 });
