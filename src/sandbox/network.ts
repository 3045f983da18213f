import { createPoster, type Poster } from "./post.ts";
import { type Handler, type SandboxServer, serve } from "./server.ts";

/** How a fake is called, and calls the connector. Another one can do without sockets. */
export interface SandboxNetwork {
  /** `port` 0 is any free one. */
  serve(port: number, handler: Handler): Promise<SandboxServer>;
  /** At most so many calls at a time. */
  createPoster(connections: number): Poster;
}

export const SOCKETS: SandboxNetwork = { serve, createPoster };
