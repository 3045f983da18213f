import { createHash } from "node:crypto";
import { Queue as SdkQueue, type VCRSession } from "@vonage/vcr-sdk";
import type { DeadLetter, DeadLetterQueue } from "../core/ports.ts";
import { createBatcher } from "../lib/batcher.ts";
import { ConnectorError } from "../lib/errors.ts";
import type { Runtime } from "../lib/runtime.ts";

export interface DeadLetterSettings {
  /** The queue's name. */
  name: string;
  maxRequestBytes: number;
}

const BATCH = { maxItems: 100, maxInflight: 4, partialInflight: 1, maxWaiting: 1_000, maxWaitMs: 20_000 };

/** The DeadLetterQueue port on VCR's queue provider. */
export function openDeadLetters(
  session: VCRSession,
  { name, maxRequestBytes }: DeadLetterSettings,
  runtime: Runtime,
): DeadLetterQueue {
  const sdk = new SdkQueue(session);
  const sizeOf = (signed: unknown) => Buffer.byteLength(JSON.stringify(signed)) + 1;
  const enqueue = createBatcher<unknown, void>(
    async (letters) => {
      await sdk.enqueue(name, letters);
      return letters.map(() => undefined);
    },
    { ...BATCH, maxBytes: maxRequestBytes - 2, sizeOf },
    runtime,
  );
  return {
    list: async () => letters(await sdk.deadLetterList(name)),
    ping: async () => void (await sdk.getQueueDetails(name)),
    pop: async (count) => letters(await sdk.deadLetterDequeue(name, count)),
    putBack: ({ signed }) => enqueue(signed),
  };
}

/** An empty answer may come as nothing at all. */
function letters(answer: unknown): DeadLetter[] {
  if (answer === null || answer === undefined || answer === "") return [];
  if (Array.isArray(answer)) return answer.map(letterOf);
  throw new ConnectorError("provider_garbled", "The queue's dead letters are not a list", {
    retryable: true,
  });
}

/** The list holds JSON texts, what is taken away may hold the values themselves. */
function letterOf(entry: unknown): DeadLetter {
  const signed = typeof entry === "string" ? parsed(entry) : entry;
  const { kid, mac, body } = (signed ?? {}) as Record<string, unknown>;
  // The queue may encode a value in its own way, but not the texts in it.
  const identity = mac === undefined ? signed : [kid, mac, body];
  const key = createHash("sha256").update(JSON.stringify(identity)).digest("base64url").slice(0, 22);
  return { key, signed };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
