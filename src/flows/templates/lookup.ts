import type { FoundTemplate } from "../../core/template/template.ts";
import { withDeadline } from "../../lib/deadline.ts";
import { ConnectorError } from "../../lib/errors.ts";
import type { Clock, Timers } from "../../lib/runtime.ts";
import type { Catalog } from "./catalog.ts";

/** By number, name and language: for whoever needs the body or the buttons of a template. */
export type TemplateLookup = (number: string, name: string, language: string) => FoundTemplate;

/** How old a list may be that does not have what was looked up. */
const LOOK_AGAIN_MS = 60_000;
/** The platform gives up on an answer after 5 s, and the queue needs its part of them. */
const CONFIRM_MS = 2_000;

export function createTemplateLookup(
  catalog: Pick<Catalog, "entry" | "fetchSince">,
  now: Clock,
  timers: Timers,
): TemplateLookup {
  return (number, name, language) => {
    // Also begins to read what another replica has put into State.
    const template = catalog.entry(number)?.index.find(name, language);
    // One that was approved since the list was fetched is known the next time somebody asks.
    if (!template) void catalog.fetchSince(number, now() - LOOK_AGAIN_MS).catch(() => undefined);
    return {
      template,
      async confirm() {
        try {
          const list = catalog.fetchSince(number, now());
          const { index } = await withDeadline(
            list,
            CONFIRM_MS,
            "The template list did not come in time",
            timers,
          );
          return index.find(name, language);
        } catch (cause) {
          throw unconfirmed(cause);
        }
      },
    };
  };
}

/** Not the message's fault: whoever sent it may try again. */
const unconfirmed = (cause: unknown) =>
  new ConnectorError(
    "templates_pending",
    "message cannot be taken apart now: the template list is not there yet, and the log says why. Send Personalization Variables needs none",
    { retryable: true, httpStatus: 429, cause },
  );
