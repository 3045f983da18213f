import type { State } from "../core/ports.ts";

/**
 * True for the first process to ask for that name within `seconds`, which is how long an owner that died blocks
 * the others. Rejects when State is down.
 */
export async function tryLock(state: State, name: string, seconds: number): Promise<boolean> {
  return (await state.increment({ key: `lock:${name}`, ttl: seconds, scope: "instance" }, "owner")) === 1;
}
