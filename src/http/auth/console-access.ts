import { createHash, timingSafeEqual } from "node:crypto";
import type { RequestHandler } from "express";
import { ConnectorError } from "../../lib/errors.ts";
import type { Runtime } from "../../lib/runtime.ts";
import { asksForOneself } from "./same-site.ts";

export interface ConsoleSecrets {
  /** Any user name goes with them. */
  passwords: readonly string[] | undefined;
  /** What opens it where there is no password. */
  account: { id: string; secret: string };
  publicUrl: string | undefined;
}

/** A wrong password is answered this much later, where not too many are waiting for that already. */
const SLOWED_MS = 500;
const MOST_SLOWED = 20;
/** Within a minute so many wrong ones are told so; the next hear 429. */
const MOST_A_MINUTE = 20;
const MINUTE_MS = 60_000;

/** The answer to whoever shows nothing asks the browser for a name and a password. */
export const CHALLENGE = 'Basic realm="Vonage connector", charset="UTF-8"';

/**
 * Lets in who knows the console's password, and nobody for what a platform presents. Right ones always pass, however
 * many wrong ones come: everybody shares the address of the ingress. Fails with `unauthorized`, 401 or 429, or 403 for
 * a change that another site asks for.
 */
export function consoleAccess(
  { passwords, account, publicUrl }: ConsoleSecrets,
  runtime: Pick<Runtime, "now" | "setTimeout">,
): RequestHandler {
  const accepted = (passwords ?? [`${account.id}:${account.secret}`]).map(digest);
  const isRight = (name: string, password: string) => {
    const given = digest(passwords ? password : `${name}:${password}`);
    return accepted.map((one) => timingSafeEqual(one, given)).includes(true);
  };
  let minute = { since: Number.NEGATIVE_INFINITY, wrong: 0 };
  let slowed = 0;

  function wrong(next: (error: unknown) => void): void {
    if (runtime.now() - minute.since > MINUTE_MS) minute = { since: runtime.now(), wrong: 0 };
    if (++minute.wrong > MOST_A_MINUTE || slowed >= MOST_SLOWED) {
      next(tooMany());
      return;
    }
    slowed++;
    runtime.setTimeout(() => {
      slowed--;
      next(unauthorized("Wrong password"));
    }, SLOWED_MS);
  }

  return (req, res, next) => {
    const given = basic(req.headers.authorization);
    if (!given) return next(unauthorized("The console asks for a password"));
    if (!isRight(given.name, given.password)) return wrong(next);
    if (!asksForOneself(req, publicUrl))
      return next(
        new ConnectorError("unauthorized", "Another site asked for this change: it was not made", {
          httpStatus: 403,
        }),
      );
    // Who did it, for the audit line; a password that was typed into the wrong field is not told.
    res.locals["by"] = isRight("", given.name) || given.name === account.secret ? "" : shown(given.name);
    next();
  };
}

const unauthorized = (message: string) => new ConnectorError("unauthorized", message, { httpStatus: 401 });
const tooMany = () =>
  new ConnectorError("unauthorized", "Too many wrong passwords: try again in a minute", { httpStatus: 429 });

/** Undefined where no name and password are shown. https://datatracker.ietf.org/doc/html/rfc7617 */
function basic(header: string | undefined): { name: string; password: string } | undefined {
  const [, encoded] = header?.match(/^Basic\s+([A-Za-z0-9+/=_-]{1,2000})\s*$/i) ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

const shown = (name: string) =>
  name
    .replace(/[^\w.@-]/g, "")
    .replace(/\d{3,}(?=\d{4})/g, "…")
    .slice(0, 40);

/** Digests are of one length, so that comparing them says nothing of the secret's. */
const digest = (text: string) => createHash("sha256").update(text).digest();
