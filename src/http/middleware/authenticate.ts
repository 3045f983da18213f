import type { RequestHandler } from "express";
import { ConnectorError } from "../../lib/errors.ts";
import type { PlatformChannel } from "../../platforms/platform.ts";

/** Lets nobody past who does not present the platform's credentials; before the body, which costs more to read. */
export function authenticated({ authenticate }: PlatformChannel["intake"]): RequestHandler {
  return (req, _res, next) => {
    if (!authenticate(req.headers))
      throw new ConnectorError("unauthorized", "Invalid credentials", { httpStatus: 401 });
    next();
  };
}
