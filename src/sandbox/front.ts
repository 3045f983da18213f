import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Connector } from "./connector.ts";

/** One address in front of all replicas: each connection goes to the next one that is alive and takes it. */
export interface Front {
  url: string;
  stop(): Promise<void>;
}

export async function startFront(replicas: () => readonly Connector[]): Promise<Front> {
  const sockets = new Set<Socket>();
  let served = 0;

  function keep(socket: Socket): Socket {
    sockets.add(socket);
    return socket.on("close", () => sockets.delete(socket)).on("error", () => socket.destroy());
  }

  function join(client: Socket, tries: number): void {
    const alive = replicas().filter(({ isAlive }) => isAlive?.() ?? true);
    const next = alive[served++ % Math.max(1, alive.length)];
    if (next === undefined || tries === 0) return void client.resetAndDestroy();
    const replica = keep(connect(Number(new URL(next.url).port), "127.0.0.1"));
    let joined = false;
    replica.once("connect", () => {
      joined = true;
      client.pipe(replica).pipe(client);
    });
    // A replica that dies takes its connections with it, as a real one does.
    replica.once("close", () => (joined ? client.resetAndDestroy() : join(client, tries - 1)));
    client.once("close", () => replica.destroy());
  }

  const server = createServer((client) => join(keep(client), 2));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}
