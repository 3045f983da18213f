import type { HttpClient } from "./http-client.ts";
import type { Clock } from "./runtime.ts";

/** How somebody whom the connector needs stands, as far as this process has seen. */
export interface Standing {
  /** Null before anybody was asked. */
  up: boolean | null;
  /** Since when it has stood so, milliseconds since the epoch. */
  since: number | undefined;
  /** When it last answered, or failed to. */
  seenAt: number | undefined;
  note: string;
}

/** Who is there and who is away, from what requests came to: nobody is asked for it. */
export interface Neighbours {
  answered(name: string): void;
  failed(name: string, note: string): void;
  standingOf(name: string): Standing;
}

/** One request that fails says little. */
const FAILURES_TO_BE_AWAY = 3;

interface Seen {
  up: boolean | null;
  since: number;
  seenAt: number;
  failures: number;
  failingSince: number;
  note: string;
}

export function createNeighbours(now: Clock): Neighbours {
  const seen = new Map<string, Seen>();

  function seenOf(name: string): Seen {
    const known = seen.get(name);
    if (known) return known;
    const unseen = { up: null, since: 0, seenAt: 0, failures: 0, failingSince: 0, note: "" };
    seen.set(name, unseen);
    return unseen;
  }

  return {
    answered(name) {
      const neighbour = seenOf(name);
      neighbour.seenAt = now();
      neighbour.failures = 0;
      if (neighbour.up) return;
      Object.assign(neighbour, { up: true, since: neighbour.seenAt, note: "" });
    },
    failed(name, note) {
      const neighbour = seenOf(name);
      neighbour.seenAt = now();
      if (neighbour.failures++ === 0) neighbour.failingSince = neighbour.seenAt;
      neighbour.note = note;
      if (neighbour.failures < FAILURES_TO_BE_AWAY || neighbour.up === false) return;
      Object.assign(neighbour, { up: false, since: neighbour.failingSince });
    },
    standingOf(name) {
      const { up = null, since, seenAt, note = "" } = seen.get(name) ?? {};
      return { up, since: up === null ? undefined : since, seenAt, note: up === false ? note : "" };
    },
  };
}

/** The client, telling of each request whether the neighbour answered; a 5xx is no answer. */
export function watched(
  httpClient: HttpClient,
  nameOf: (url: string) => string,
  neighbours: Neighbours,
): HttpClient {
  return {
    ...httpClient,
    request(request) {
      const name = nameOf(request.url);
      const answer = httpClient.request(request);
      answer.then(
        ({ status }) =>
          status < 500
            ? neighbours.answered(name)
            : neighbours.failed(name, `it answers with HTTP ${status}`),
        () => neighbours.failed(name, "it does not answer"),
      );
      return answer;
    },
  };
}
