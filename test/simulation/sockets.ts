import type { Sockets } from "../../src/lib/http-client.ts";
import { chance } from "./hash.ts";
import type { Net } from "./net.ts";
import type { Owner } from "./scheduler.ts";

/** How a connection that never was comes to be known: the codes do not tell it from one that is lost later. */
const NOT_CONNECTED = ["ECONNREFUSED", "ECONNRESET", "EPROTO", "ERR_SSL_WRONG_VERSION_NUMBER", "EMFILE"];

type Handler = Parameters<Sockets["dispatch"]>[1];
type Controller = Parameters<NonNullable<Handler["onRequestStart"]>>[0];

const failure = (code: string) => Object.assign(new Error(code), { code });

/** In place of the real ones, under the connector's own HTTP client. */
export function createSockets(owner: Owner, net: Net, seed: number): Sockets {
  let isDestroyed = false;
  let opened = 0;

  async function carry(options: Parameters<Sockets["dispatch"]>[0], handler: Handler): Promise<void> {
    let controller: Controller | undefined;
    const request = {
      method: options.method,
      url: `${options.origin}${options.path}`,
      headers: options.headers as Record<string, string>,
      body: String(options.body ?? ""),
      deadlineMs: Number.POSITIVE_INFINITY,
    };
    const result = await net.exchange(owner, request, (giveUp) => {
      let isGivenUp = false;
      controller = {
        get aborted() {
          return isGivenUp;
        },
        reason: null,
        abort(cause: Error) {
          isGivenUp = true;
          giveUp();
          handler.onResponseError?.(this as Controller, cause);
        },
      } as unknown as Controller;
      handler.onRequestStart?.(controller, undefined);
    });
    if (controller?.aborted) return;
    if ("failure" in result) {
      const code =
        result.failure === "refused"
          ? NOT_CONNECTED[Math.floor(chance(seed, owner.name, opened++) * NOT_CONNECTED.length)]
          : "ECONNRESET";
      return handler.onResponseError?.(controller as Controller, failure(code as string));
    }
    const held = controller as Controller;
    handler.onResponseStart?.(held, result.status, result.headers as never, "");
    handler.onResponseData?.(held, Buffer.from(result.text));
    handler.onResponseEnd?.(held, {});
  }

  return {
    dispatch(options, handler) {
      if (isDestroyed) throw failure("UND_ERR_DESTROYED");
      void carry(options, handler);
      return true;
    },
    destroy: (async () => {
      isDestroyed = true;
    }) as Sockets["destroy"],
  };
}
