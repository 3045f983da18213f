import type { MoEngageSettings } from "../../config/moengage.ts";
import type { InboundReply } from "../../core/reply.ts";
import { ConnectorError } from "../../lib/errors.ts";
import { basicAuth } from "../../lib/http.ts";
import type { Log } from "../../lib/log.ts";
import { retry } from "../../lib/retry.ts";
import type { Clock, Pause } from "../../lib/runtime.ts";
import type { Post } from "../callback.ts";
import { replyToSubscription } from "./from-reply.ts";

export type DataApiSettings = NonNullable<MoEngageSettings["dataApi"]>;

export interface DataApiPorts {
  post: Post;
  pause: Pause;
  now: Clock;
  log: Log;
}

/** MoEngage asks for 2 s between tries, and for no more than five more. */
const PAUSE_MS = 2_000;
const MOST_TRIES = 6;
/** With less time than this a try is not worth it. */
const SHORTEST_TRY_MS = 500;

/**
 * Writes a subscription into the person's profile. Resolves when MoEngage has it, or refuses it for good: that
 * is logged in words and must not hold up the opt-out. A word that no longer stands is not written. Rejects, retryable, when it is away until the deadline.
 */
export async function writeSubscription(
  reply: InboundReply,
  { url, workspaceId, key, customerIdIsPhone }: DataApiSettings,
  { deadline, stillStands }: { deadline: number; stillStands: () => Promise<boolean> },
  { post, pause, now, log }: DataApiPorts,
): Promise<void> {
  const about = { message_uuid: reply.id, kind: reply.kind, channel: reply.channel };
  const update = replyToSubscription(reply, customerIdIsPhone);
  if (!update) {
    log.warn(about, "The person's MoEngage profile is not updated: the phone number is hidden and not known");
    return;
  }
  const headers = { authorization: basicAuth(workspaceId, key) };
  const endpoint = `${url}/v1/customer/${encodeURIComponent(workspaceId)}`;
  const write = async () => {
    // A START that is tried again must not undo the STOP that was written in between.
    if (!(await stillStands())) {
      log.info(about, "Subscription outdated: not written to MoEngage");
      return;
    }
    const status = await post(endpoint, update, headers, deadline - now()).catch(() => undefined);
    if (status !== undefined && status < 300) log.info(about, "Subscription written to MoEngage");
    else if (status !== undefined && status < 500 && status !== 429)
      log.error(
        { ...about, neighbour_status: status },
        `MoEngage refused the subscription update: ${REMEDIES[status] ?? "check the Data API settings"}`,
      );
    else
      throw new ConnectorError("platform_unavailable", "MoEngage could not take the subscription", {
        retryable: true,
        detail: { status },
      });
  };
  const hasTime = () => now() + PAUSE_MS + SHORTEST_TRY_MS <= deadline;
  await retry(write, (tries) => (tries < MOST_TRIES && hasTime() ? PAUSE_MS : undefined), pause);
}

const REMEDIES: Record<number, string> = {
  400: "the person could not be named; ask MoEngage whether Identity Resolution is on for the mobile number, or set MOENGAGE_CUSTOMER_ID_IS_PHONE",
  401: "check MOENGAGE_WORKSPACE_ID and MOENGAGE_DATA_API_KEY",
  403: "the workspace allows certain addresses only; add the connector's",
  404: "check MOENGAGE_DATA_API_URL: its number is the data centre's",
};
