import { CANARY } from "../auditor.ts";
import type { Random } from "../random.ts";
import type { SmsSend, WhatsAppSend } from "./contract.ts";

/** Every parameter is tagged for the auditor. */
const text = (value: string) => ({ type: "text", text: `${value} ${CANARY}-parameter` });
const body = (...values: string[]) => ({ type: "body", parameters: values.map(text) });
const header = (type: string, value: unknown) => ({ type: "header", parameters: [{ type, [type]: value }] });

/** Real traffic was seen with `index` as a string; Meta's samples also have numbers. */
const button = (random: Random, sub_type: string, index: number, parameter: object) => ({
  type: "button",
  sub_type,
  index: random.chance(0.5) ? String(index) : index,
  parameters: [parameter],
});

const quickReply = (random: Random, index: number, payload: string) =>
  button(random, "quick_reply", index, { type: "payload", payload });

const link = (extension: string) => ({ link: `https://cdn.example.com/${CANARY}-link/asset.${extension}` });

/** Components by template name, one entry per kind of template that can arrive. */
export const TEMPLATES: Record<string, (random: Random) => unknown[] | undefined> = {
  plain_notice: () => undefined,
  greeting: (random) => [body(`Guest ${random.between(1, 9999)}`, "AB-123456")],
  header_text: () => [header("text", `Grüße aus Köln ${CANARY}-header`), body("Zoë", "50 %")],
  header_image: () => [header("image", link("png")), body("Ana")],
  header_video: () => [header("video", link("mp4")), body("Ana")],
  header_document: () => [
    header("document", { ...link("pdf"), filename: `invoice 7 ${CANARY}-filename.pdf` }),
    body("Ana"),
  ],
  header_location: () => [
    header("location", {
      latitude: "37.44",
      longitude: "-122.16",
      name: `Store ${CANARY}-place`,
      address: `1 Hacker Way ${CANARY}-place`,
    }),
  ],
  money_and_date: () => [
    {
      type: "body",
      parameters: [
        text("José"),
        {
          type: "currency",
          currency: { fallback_value: `$100.99 ${CANARY}-currency`, code: "USD", amount_1000: "100990" },
        },
        { type: "date_time", date_time: { fallback_value: `February 25, 2027 ${CANARY}-date` } },
      ],
    },
  ],
  quick_replies: (random) => [
    body("नमस्ते 👋"),
    quickReply(random, 0, `yes-${random.hex(4)}-${CANARY}-payload`),
    quickReply(random, 1, `Stop promotions ${CANARY}-payload`),
  ],
  link_button: (random) => [body("Ana"), button(random, "url", 0, text(`offer?u=${random.hex(8)}`))],
  coupon: (random) => [
    body("Ana"),
    button(random, "copy_code", 0, { type: "coupon_code", coupon_code: "CANARY25" }),
  ],
  limited_offer: (random) => [
    header("image", link("jpg")),
    body("Ana"),
    {
      type: "limited_time_offer",
      parameters: [
        {
          type: "limited_time_offer",
          limited_time_offer: { expiration_time_ms: Date.now() + random.between(1, 14) * 86_400_000 },
        },
      ],
    },
    button(random, "copy_code", 0, { type: "coupon_code", coupon_code: "CANARY10" }),
  ],
  carousel: (random) => [
    body("three picks"),
    {
      type: "carousel",
      cards: [0, 1, 2].map((card_index) => ({
        card_index,
        components: [
          header("image", link("png")),
          body(`Pick ${card_index + 1}`),
          quickReply(random, 0, `pick-${card_index}-${CANARY}-payload`),
        ],
      })),
    },
  ],
  login_code: (random) => {
    // Codes have at most 15 characters.
    const code = { type: "text", text: `${CANARY}${random.between(100_000, 999_999)}` };
    return [{ type: "body", parameters: [code] }, button(random, "url", 0, code)];
  },
  booking_flow: (random) => [
    body("Ana"),
    button(random, "flow", 0, {
      type: "action",
      action: {
        flow_token: random.uuid(),
        // Free-form keys belong to the brand: nobody on the way may rewrite them.
        flow_action_data: {
          firstName: `Ana ${CANARY}-flow`,
          "Order ID": "A-1",
          visit: { slotStart: "09:00", party_size: 2 },
        },
      },
    }),
  ],
};

export const TEMPLATE_NAMES = Object.keys(TEMPLATES);

/** The languages a template was approved in; English alone for the others. */
const LANGUAGES: Record<string, string[]> = {
  greeting: ["en", "pt_BR"],
  header_image: ["en", "pt_BR"],
  quick_replies: ["en", "pt_BR"],
  link_button: ["en", "en_US"],
};

/** `+999` is not assigned to any country: these numbers reach nobody. */
export function recipient(sequence: number): string {
  return `999${String(sequence).padStart(9, "0")}`;
}

/** A request as MoEngage composes it; `to` comes with or without a plus sign. */
export function whatsappSend(
  random: Random,
  options: { from: string; to: string; template?: string | undefined },
): WhatsAppSend {
  const name = options.template ?? random.pick(TEMPLATE_NAMES);
  const components = TEMPLATES[name]?.(random);
  return {
    msg_id: `${random.hex(24)}_${random.hex(24)}_${random.between(10_000_000_000, 99_999_999_999)}`,
    from: options.from,
    to: `${random.chance(0.3) ? "+" : ""}${options.to}`,
    template: {
      name,
      language: { code: random.pick(LANGUAGES[name] ?? ["en"]) },
      ...(components === undefined ? {} : { components }),
    },
  };
}

/** Tagged for the auditor, as all that people get is. */
const SMS_TEXTS = [
  `Hi Ana, 20% off today ${CANARY}-text`,
  `Your code is 482913 ${CANARY}-text`,
  `Olá João, a sua encomenda está a caminho 🚚 ${CANARY}-text`,
  `Long news: ${`lorem ipsum ${CANARY}-text `.repeat(20)}`,
];

export function smsSend(random: Random, to: string): SmsSend {
  return { text: random.pick(SMS_TEXTS), to: `${random.chance(0.3) ? "+" : ""}${to}` };
}
