import { createRandom, type Random } from "../../src/sandbox/random.ts";
import { HOUR, logBetween, MINUTE } from "./draw-numbers.ts";
import { drawTrouble } from "./draw-trouble.ts";
import { hash } from "./hash.ts";
import type { Message, Word, World } from "./world.ts";

/** The moments at which something of the connector turns over: hours of claims, days of ledgers, months, years. */
const STARTS = [
  Date.UTC(2026, 10, 20, 12),
  Date.UTC(2026, 10, 21),
  Date.UTC(2026, 10, 20, 18),
  Date.UTC(2026, 10, 20, 15),
  Date.UTC(2026, 11, 1),
  Date.UTC(2027, 0, 1),
  Date.UTC(2028, 1, 29),
  edgeOf(4 * 24 * HOUR),
  edgeOf(30 * 24 * HOUR),
];
const PLATFORMS = [
  ...(["whatsapp", "whatsapp", "sms", "webengage", "webengage sms"] as const),
  ...(["clevertap", "clevertap sms"] as const),
];
/** The next moment at which periods of that length end. */
function edgeOf(period: number): number {
  return Math.ceil(Date.UTC(2026, 10, 20) / period) * period;
}

export interface Given {
  hours?: number | undefined;
  replicas?: number | undefined;
}

/** The world of a seed: each one has a mixture of its own, and most of what could go wrong does not. */
export function draw(seed: number, given: Given = {}): World {
  const random = createRandom(hash(seed, "world"));
  const trouble =
    given.hours === undefined
      ? random.pick([MINUTE, 2 * MINUTE, 2 * MINUTE, 5 * MINUTE, 20 * MINUTE])
      : given.hours * HOUR;
  const start = random.chance(0.6)
    ? random.pick(STARTS) - random.between(0, Math.min(trouble, MINUTE))
    : Date.UTC(2026, 10, 20) + random.between(0, 24 * HOUR);
  const messages = drawMessages(random, Math.min(trouble, 10 * MINUTE), start);
  const beginning = {
    ...{ seed, replicas: given.replicas ?? random.pick([1, 2, 2, 2, 3]), start, trouble },
    messages,
    words: drawWords(random, trouble, messages),
    syncs: random.chance(0.4) ? [random.between(3_000, trouble), random.between(3_000, trouble)] : [],
  };
  return { ...beginning, ...drawTrouble(random, beginning, given.replicas ?? 3), env: drawEnv(random) };
}

function drawMessages(random: Random, within: number, start: number): Message[] {
  const count = logBetween(random, 3, 40);
  const people = random.between(2, 12);
  const repeatShare = random.pick([0, 0, 0.2, 0.6]);
  const farRepeat = random.chance(0.03);
  const toEdge = (Math.ceil(start / (6 * HOUR)) * 6 * HOUR - start) % (6 * HOUR);
  const isBurst = random.chance(0.3);
  const at = random.between(3_000, within * 0.8);
  return Array.from({ length: count }, (_, id) => {
    const isAtEdge = toEdge > 3_000 && toEdge < within && random.chance(0.3);
    const repeats: number[] = [];
    if (random.chance(repeatShare)) {
      repeats.push(
        random.pick([random.between(1, 50), random.between(50, 2_000), random.between(4_000, 8_000)]),
      );
      if (farRepeat && random.chance(0.3)) repeats.push(105 * MINUTE);
    }
    return {
      id,
      at: Math.round(
        isAtEdge
          ? toEdge + random.between(-60, 20)
          : isBurst
            ? at + random.between(0, 1_500)
            : random.between(3_000, within * 0.8),
      ),
      platform: random.pick(PLATFORMS),
      person: random.between(0, people - 1),
      repeats,
    };
  });
}

function drawWords(random: Random, trouble: number, messages: readonly Message[]): Word[] {
  if (random.chance(0.25)) return [];
  const isCrossing = random.chance(0.4);
  const words: Word[] = [];
  const say = (word: Omit<Word, "id">) => words.push({ id: words.length, ...word });
  for (let n = random.between(1, 8); n > 0; n--) {
    const { person, platform, at: sentAt } = random.pick(messages);
    const channel = platform.endsWith("sms") ? "sms" : "whatsapp";
    const isHidden = channel === "whatsapp" && random.chance(0.25);
    // While the message is on its way, or any time after it.
    const after = isCrossing ? random.between(-50, 600) : logBetween(random, 20, trouble);
    const at = Math.max(0, Math.min(trouble - 1, sentAt + after));
    if (random.chance(0.3)) {
      say({ at, person, channel, said: random.pick(["HELLO", "TAP"] as const) });
      continue;
    }
    const said = random.chance(0.7) ? "STOP" : "START";
    say({ at, person, channel, said, isHidden });
    if (!random.chance(0.5)) continue;
    const other = said === "STOP" ? "START" : "STOP";
    const later = random.pick([0, random.between(1, 100), random.between(500, 3_000)]);
    say({
      at: at + later,
      person,
      channel,
      said: other,
      isHidden: channel === "whatsapp" && random.chance(0.25),
    });
  }
  return words;
}

function drawEnv(random: Random): Record<string, string> {
  return {
    IN_DOUBT_WAIT_SECONDS: random.pick(["60", "60", "300"]),
    DISPATCH_RATE_PER_SECOND: random.pick(["29", "29", "200", "5"]),
    DISPATCH_MAX_INFLIGHT: random.pick(["200", "20"]),
    ...(random.chance(0.1) ? { IN_DOUBT_POLICY: "resend" } : {}),
    ...(random.chance(0.1) ? { MESSAGE_TTL_SECONDS: "600" } : {}),
    ...(random.chance(0.2) ? { QUEUE_MAX_REQUEST_BYTES: "1000" } : {}),
    ...(random.chance(0.1) ? { VCR_LISTENERS: "true" } : {}),
  };
}
