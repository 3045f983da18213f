import type { MoEngageSettings } from "../../config/moengage.ts";
import type { EngagementEvent, Events } from "../../core/event.ts";
import { loggableError } from "../../lib/errors.ts";
import { basicAuth } from "../../lib/http.ts";
import { exponential } from "../../lib/retry.ts";
import { DEADLINE_MS } from "../callback.ts";
import type { PlatformPorts } from "../platform.ts";
import {
  eventToRow,
  isForMoEngage,
  type SourceAnswer,
  type SourceEvent,
  sourceAnswer,
} from "./from-event.ts";

export interface ConnectedSource extends Events {
  /** Events that MoEngage never got: no room, refused, or not accepted before the end. */
  dropped(): number;
  /** Posts what waits once more, and drops what is not accepted. */
  stop(): Promise<void>;
}

/** A call carries 100 to 500 events and at most 1 MB; https://www.moengage.com/docs, Connected Sources. */
const EVENTS_PER_CALL = { worthwhile: 100, most: 500 };
const MAX_CALL_BYTES = 900_000;
/** Fewer events than are worthwhile leave after this long. */
const GATHER_MS = 2_000;
/** At most 200 calls a second: they go one after the other, this far apart. */
const SPACING_MS = 5;
const backoff = exponential(1_000, 60_000);
const CAPACITY = 10_000;

type Settings = NonNullable<MoEngageSettings["events"]>;

/**
 * Posts what happens to people as events of MoEngage's Connected Sources. Events wait in memory, and nobody waits
 * for them: with the buffer full they are dropped and counted.
 */
export function createConnectedSource(
  settings: Settings,
  { httpClient, pause, log }: Pick<PlatformPorts, "httpClient" | "pause" | "log">,
): ConnectedSource {
  const waiting: SourceEvent[] = [];
  let dropped = 0;
  let droppedSinceLogged = 0;
  let running: Promise<void> | undefined;
  let isStopping = false;

  function drop(count: number): void {
    dropped += count;
    droppedSinceLogged += count;
  }

  async function drain(): Promise<void> {
    let failures = 0;
    while (waiting.length > 0) {
      if (waiting.length < EVENTS_PER_CALL.worthwhile) await pause(GATHER_MS);
      const rows = rowsOfOneCall(waiting);
      const outcome = await postEvents(rows, settings, { httpClient, log });
      if (outcome !== "retry") waiting.splice(0, rows.length);
      if (outcome === "refused") drop(rows.length);
      if (outcome === "retry" && isStopping) drop(waiting.splice(0).length);
      failures = outcome === "accepted" ? 0 : failures + 1;
      await pause(failures === 0 ? SPACING_MS : backoff(failures));
      if (droppedSinceLogged > 0) log.warn({ dropped: droppedSinceLogged }, "Events dropped");
      droppedSinceLogged = 0;
    }
  }

  return {
    emit(event: EngagementEvent) {
      if (!isForMoEngage(event)) return;
      if (waiting.length >= CAPACITY || isStopping) {
        drop(1);
        return;
      }
      waiting.push(eventToRow(event));
      running ??= drain()
        .catch((error) => log.error(loggableError(error), "Events: unexpected error"))
        .finally(() => {
          running = undefined;
        });
    },
    dropped: () => dropped,
    async stop() {
      isStopping = true;
      await running;
    },
  };
}

/** The first events, as many as one call may carry; they stay in the buffer until it is over. */
function rowsOfOneCall(waiting: readonly SourceEvent[]): string[] {
  const rows: string[] = [];
  let bytes = 0;
  for (const event of waiting.slice(0, EVENTS_PER_CALL.most)) {
    const row = JSON.stringify(event);
    bytes += Buffer.byteLength(row) + 1;
    if (rows.length > 0 && bytes > MAX_CALL_BYTES) break;
    rows.push(row);
  }
  return rows;
}

/** One call; every outcome is logged. */
async function postEvents(
  rows: readonly string[],
  { url, workspaceId, key }: Settings,
  { httpClient, log }: Pick<PlatformPorts, "httpClient" | "log">,
): Promise<SourceAnswer["outcome"]> {
  try {
    const { status, text } = await httpClient.request({
      method: "POST",
      url,
      headers: { "content-type": "application/json", authorization: basicAuth(workspaceId, key) },
      body: `{"events":[${rows.join(",")}]}`,
      deadlineMs: DEADLINE_MS,
    });
    const { outcome, about, words } = sourceAnswer(status, text);
    log[outcome === "accepted" ? "info" : "error"]({ events: rows.length, status, ...about }, words);
    return outcome;
  } catch (error) {
    log.warn({ events: rows.length, ...loggableError(error) }, "Events not taken by MoEngage: trying again");
    return "retry";
  }
}
