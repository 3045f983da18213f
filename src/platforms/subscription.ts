import type { InboundReply } from "../core/reply.ts";
import { ConnectorError } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import { retry } from "../lib/retry.ts";
import type { Clock, Pause } from "../lib/runtime.ts";
import type { Post } from "./callback.ts";
import type { PlatformPorts } from "./platform.ts";

export interface SubscriptionPorts {
  post: Post;
  profileWritten?: PlatformPorts["profileWritten"];
  pause: Pause;
  now: Clock;
  log: Log;
}

/** A change of a person's profile, as the platform's API takes it. */
export interface ProfileUpdate {
  platform: string;
  url: string;
  headers: Record<string, string>;
  /** Undefined where the person cannot be named. */
  body: object | undefined;
  /** By HTTP status, what to do about a refusal. */
  remedies: Record<number, string>;
}

export interface SubscriptionDeadline {
  /** Milliseconds since the epoch. */
  deadline: number;
  stillStands: () => Promise<boolean>;
}

/** Of those that say so, one asks for 2 s between tries, and for no more than five more. */
const PAUSE_MS = 2_000;
const MOST_TRIES = 6;
/** With less time than this a try is not worth it. */
const SHORTEST_TRY_MS = 500;

/**
 * Writes a subscription into the person's profile. Resolves when the platform has it, or refuses it for good: that is
 * logged in words and must not hold up the opt-out. A word that no longer stands is not written. Rejects, retryable, when
 * the platform is away until the deadline.
 */
export async function writeProfile(
  reply: InboundReply,
  { platform, url, headers, body, remedies }: ProfileUpdate,
  { deadline, stillStands }: SubscriptionDeadline,
  { post, profileWritten, pause, now, log }: SubscriptionPorts,
): Promise<void> {
  const about = { message_uuid: reply.id, kind: reply.kind, channel: reply.channel };
  if (!body) {
    log.warn(
      about,
      `The person's ${platform} profile is not updated: the phone number is hidden and not known`,
    );
    return;
  }
  const write = async () => {
    // A START that is tried again must not undo the STOP that was written in between.
    if (!(await stillStands())) {
      log.info(about, `Subscription outdated: not written to ${platform}`);
      return;
    }
    const status = await post(url, body, headers, deadline - now()).catch(() => undefined);
    if (status !== undefined && status < 300) {
      log.info(about, `Subscription written to ${platform}`);
      profileWritten?.(platform);
    } else if (status !== undefined && status < 500 && status !== 429) {
      const remedy = remedies[status] ?? "check the settings of its API";
      log.error(
        { ...about, neighbour_status: status },
        `${platform} refused the subscription update: ${remedy}`,
      );
      profileWritten?.(platform, remedy);
    } else
      throw new ConnectorError("platform_unavailable", `${platform} could not take the subscription`, {
        retryable: true,
        detail: { status },
      });
  };
  const hasTime = () => now() + PAUSE_MS + SHORTEST_TRY_MS <= deadline;
  await retry(write, (tries) => (tries < MOST_TRIES && hasTime() ? PAUSE_MS : undefined), pause);
}
