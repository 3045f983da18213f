/** A component of a send as it came; nothing of it has been checked but that `type` is a string. */
export interface SentComponent {
  type: string;
  sub_type?: unknown;
  index?: unknown;
  parameters?: unknown;
  cards?: unknown;
}

export type Parameters = readonly Record<string, unknown>[];
/** Given in a way that is not understood. */
export const UNCLEAR = null;
export const NONE: Parameters = [];

export interface Sent {
  header: Parameters | null;
  body: Parameters | null;
  offer: Parameters | null;
  /** By position. */
  buttons: (SentComponent | undefined)[] | null;
  /** The components of each card by position. */
  cards: (readonly SentComponent[] | undefined)[] | null;
}

const SINGLE: Record<string, "header" | "body" | "offer"> = {
  header: "header",
  body: "body",
  limited_time_offer: "offer",
};

/** The components of a send by what they fill; what cannot be told apart is unclear. */
export function sortOut(components: readonly SentComponent[]): Sent {
  const sent: Sent = { header: NONE, body: NONE, offer: NONE, buttons: [], cards: [] };
  for (const component of components) {
    const type = component.type.toLowerCase();
    const single = SINGLE[type];
    if (single) {
      // Two of a kind: nobody says which counts.
      sent[single] = sent[single] === NONE ? parametersOf(component) : UNCLEAR;
    } else if (type === "button") {
      const at = positionOf(component.index);
      if (sent.buttons) {
        if (at === undefined || sent.buttons[at]) sent.buttons = UNCLEAR;
        else sent.buttons[at] = component;
      }
    } else if (type === "carousel")
      sent.cards = sent.cards?.length === 0 ? cardsOf(component.cards) : UNCLEAR;
  }
  return sent;
}

export function parametersOf({ parameters }: SentComponent): Parameters | null {
  if (parameters === undefined || parameters === null) return NONE;
  if (!Array.isArray(parameters)) return UNCLEAR;
  return parameters.every((item) => typeof item === "object" && item !== null) ? parameters : UNCLEAR;
}

/** Positions arrive as numbers and as text. */
function positionOf(index: unknown): number | undefined {
  const at = typeof index === "string" && index !== "" ? Number(index) : index;
  return Number.isInteger(at) && (at as number) >= 0 && (at as number) < 100 ? (at as number) : undefined;
}

function cardsOf(cards: unknown): Sent["cards"] {
  if (!Array.isArray(cards)) return UNCLEAR;
  const sorted: (readonly SentComponent[] | undefined)[] = [];
  for (const card of cards as ({ card_index?: unknown; components?: unknown } | null)[]) {
    const at = positionOf(card?.card_index);
    const components = card?.components;
    const isClear = Array.isArray(components) && components.every((item) => typeof item?.type === "string");
    if (at === undefined || sorted[at] || !isClear) return UNCLEAR;
    sorted[at] = components;
  }
  // Counted from 1, or with a gap: who knows which card is meant.
  return sorted.includes(undefined) ? UNCLEAR : sorted;
}
