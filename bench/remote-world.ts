import { spawnNode, WORLD_CORES } from "./processes.ts";
import type { World, WorldOptions } from "./world/world.ts";

/** The same functions, asked for over a channel. */
export type RemoteWorld = {
  [Name in keyof World]: (...args: Parameters<World[Name]>) => Promise<Awaited<ReturnType<World[Name]>>>;
} & { pid: number; stop(): void };

/** A world in a process of its own, so that what it does is not counted as the subject's. */
export async function startWorld(options: WorldOptions): Promise<RemoteWorld> {
  const child = spawnNode(["--max-old-space-size=8192", "--import", "tsx", "bench/world/main.ts"], {
    cores: WORLD_CORES,
    env: {},
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const open = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  let last = 0;
  child.on("message", ({ id, result, error }: { id: number; result?: unknown; error?: string }) => {
    const asked = open.get(id);
    open.delete(id);
    if (error === undefined) asked?.resolve(result);
    else asked?.reject(new Error(error));
  });
  child.once("exit", () => {
    for (const { reject } of open.values()) reject(new Error("The world has ended"));
  });
  const ask = (call: string, args: unknown[]) =>
    new Promise<unknown>((resolve, reject) => {
      const id = ++last;
      open.set(id, { resolve, reject });
      child.send({ id, call, args });
    });
  await ask("create", [options]);
  const own: Record<string, unknown> = { pid: child.pid, stop: () => child.kill("SIGKILL") };
  return new Proxy({} as RemoteWorld, {
    get: (_target, name: string) => {
      // Not a promise, whoever asks.
      if (name === "then") return undefined;
      return own[name] ?? ((...args: unknown[]) => ask(name, args));
    },
  });
}
