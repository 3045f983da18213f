import { State as SdkState, type VCRSession } from "@vonage/vcr-sdk";
import type { Bucket } from "../core/ports.ts";
import { ConnectorError } from "../lib/errors.ts";

/** Fields asked for at a time: a few megabytes even where each holds a whole job. */
const PAGE = 200;

/**
 * Every field of a hash, in no order. While others write, a field may come twice or a new one be missed; none that
 * was there all the time is. https://redis.io/docs/latest/commands/scan/
 */
export async function* scanFields(state: SdkState, key: string): AsyncGenerator<[string, string]> {
  let cursor = "0";
  do {
    const [next, flat] = asPage(await state.mapScan(key, cursor, "*", PAGE));
    for (let at = 0; at < flat.length; at += 2) yield [flat[at] as string, flat[at + 1] as string];
    cursor = next;
  } while (cursor !== "0");
}

/** The same of a hash in the account's State. */
export const scan = (session: VCRSession, { key }: Bucket) =>
  scanFields(new SdkState(session, "account"), key);

/** The SDK's types do not say what the store answers. */
function asPage(answer: unknown): [cursor: string, fields: string[]] {
  const [cursor, fields] = Array.isArray(answer) ? (answer as unknown[]) : [];
  if (cursor === undefined || !Array.isArray(fields))
    throw new ConnectorError("provider_garbled", "State's answer is not one", { retryable: true });
  return [String(cursor), fields as string[]];
}
