import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { Runtime } from "../lib/runtime.ts";

/** What is answered by hand where no request has come about. */
export const byHand = (status: string) =>
  `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;

const BUSY = byHand("503 Service Unavailable");
const LINGER_MS = 1_000;
const MOST_LINGERING = 500;

/**
 * Bounds the sockets that are open at once. In place of one that has no request in hand, the one for the longest time,
 * a new one is served: whoever only occupies sockets makes room first. Where every one is busy, the new one is told 503.
 */
export function boundConnections(
  server: Server,
  most: number,
  { refused, runtime }: { refused(): void; runtime: Runtime },
): void {
  const open = new Set<Socket>();
  const idle = new Set<Socket>();
  let lingering = 0;
  const [serve] = server.listeners("connection") as ((this: Server, socket: Socket) => void)[];
  server.removeAllListeners("connection");

  function turnAway(socket: Socket): void {
    socket.on("error", () => undefined);
    if (lingering >= MOST_LINGERING) return void socket.destroy();
    lingering++;
    // However long it goes on sending.
    const end = runtime.setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once("close", () => {
      runtime.clearTimeout(end);
      lingering--;
    });
    // What it sends meanwhile is read away: closing on it would take the answer back.
    socket.resume().end(BUSY);
  }

  function close(socket: Socket): void {
    open.delete(socket);
    idle.delete(socket);
    // One that was answered before may take a second answer for that of its next request.
    if (socket.bytesWritten > 0) socket.destroy();
    else socket.end(BUSY, () => socket.destroy());
  }

  server.on("connection", (socket) => {
    if (open.size >= most) {
      refused();
      const [longest] = idle;
      if (!longest) return turnAway(socket);
      close(longest);
    }
    open.add(socket);
    idle.add(socket);
    socket.once("close", () => {
      open.delete(socket);
      idle.delete(socket);
    });
    serve?.call(server, socket);
  });
  server.prependListener("request", ({ socket }, res) => {
    idle.delete(socket);
    res.once("close", () => {
      if (open.has(socket)) idle.add(socket);
    });
  });
}
