import type { IncomingHttpHeaders } from "node:http";
import { ConnectorError } from "../../lib/errors.ts";
import type { PlatformChannel } from "../../platforms/platform.ts";

/** Lets nobody past who does not present the platform's credentials; before the body, which costs more to read. */
export function demandCredentials(
  { authenticate }: PlatformChannel["intake"],
  headers: IncomingHttpHeaders,
): void {
  if (!authenticate(headers))
    throw new ConnectorError("unauthorized", "Invalid credentials", { httpStatus: 401 });
}
