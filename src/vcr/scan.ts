import { State as SdkState, type VCRSession } from "@vonage/vcr-sdk";
import type { Bucket } from "../core/ports.ts";

const PAGE = 500;

/**
 * Every field of a hash in the account's State, in no order. While others write, a field may come twice or a new
 * one be missed; none that was there all the time is. https://redis.io/docs/latest/commands/scan/
 */
export async function* scan(session: VCRSession, { key }: Bucket): AsyncGenerator<[string, string]> {
  const account = new SdkState(session, "account");
  let cursor = "0";
  do {
    const [next, flat] = (await account.mapScan(key, cursor, "*", PAGE)) as unknown as [string, string[]];
    for (let at = 0; at < flat.length; at += 2) yield [flat[at] as string, flat[at + 1] as string];
    cursor = next;
  } while (cursor !== "0");
}
