import { CANARY } from "../auditor.ts";
import type { Random } from "../random.ts";
import type { WebEngageSend } from "./contract.ts";

interface Composed {
  /** What WebEngage sends beside name and language. */
  data: Record<string, unknown>;
  /** What WhatsApp has to get: the components of Meta's template object. */
  components?: unknown[];
}

const body = (...values: string[]) => ({
  type: "body",
  parameters: values.map((text) => ({ type: "text", text })),
});
const header = (type: string, value: unknown) => ({ type: "header", parameters: [{ type, [type]: value }] });
const button = (sub_type: string, index: string, parameter: object) => ({
  type: "button",
  sub_type,
  index,
  parameters: [parameter],
});
/** Tagged for the auditor, as all that people get is. */
const NAME = `Ana ${CANARY}-parameter`;
const pick = (card: number) => `Pick ${card + 1} ${CANARY}-parameter`;

const media = (type: "image" | "video", extension: string): Composed => {
  const mediaUrl = `https://cdn.example.com/${CANARY}-link/asset.${extension}`;
  return {
    data: { type: type.toUpperCase(), templateVariables: [NAME], mediaUrl },
    components: [header(type, { link: mediaUrl }), body(NAME)],
  };
};

/** Of the templates that the sandbox's WhatsApp account has, by name. */
const TEMPLATES: Record<string, (random: Random) => Composed> = {
  plain_notice: () => ({ data: { type: "TEXT", templateVariables: [] } }),
  greeting: (random) => {
    const values = [`Guest ${random.between(1, 9999)}`, `AB-123456 ${CANARY}-parameter`];
    return { data: { type: "TEXT", templateVariables: values }, components: [body(...values)] };
  },
  header_image: () => media("image", "png"),
  header_video: () => media("video", "mp4"),
  header_document: () => {
    const mediaUrl = `https://cdn.example.com/${CANARY}-link/asset.pdf`;
    return {
      data: {
        type: "DOCUMENT",
        templateVariables: [NAME],
        mediaUrl,
        fileName: `invoice 7 ${CANARY}-filename.pdf`,
      },
      components: [
        header("document", { link: mediaUrl, filename: `invoice 7 ${CANARY}-filename.pdf` }),
        body(NAME),
      ],
    };
  },
  header_location: () => ({
    data: {
      type: "LOCATION",
      latitude: 45.946519,
      longitude: 15.946519,
      locationName: "Store",
      locationAddress: `1 Hacker Way ${CANARY}-place`,
    },
    components: [
      header("location", {
        latitude: "45.946519",
        longitude: "15.946519",
        name: "Store",
        address: `1 Hacker Way ${CANARY}-place`,
      }),
    ],
  }),
  link_button: (random) => {
    const buttonUrlParam = `offer?u=${random.hex(8)}&${CANARY}-button`;
    return {
      data: { type: "TEXT", templateVariables: [NAME], buttonUrlParam },
      components: [body(NAME), button("url", "0", { type: "text", text: buttonUrlParam })],
    };
  },
  coupon: () => ({
    data: { type: "TEXT", templateVariables: [NAME], copyCodeText: "CANARY25" },
    components: [body(NAME), button("copy_code", "0", { type: "coupon_code", coupon_code: "CANARY25" })],
  }),
  carousel: () => {
    const links = [1, 2, 3].map((n) => `https://cdn.example.com/${CANARY}-link/card${n}.png`);
    return {
      data: {
        type: "CAROUSEL",
        templateVariables: [`three picks ${CANARY}-parameter`],
        carousel: {
          cards: links.map((mediaUrl, at) => ({
            header: { type: "IMAGE", mediaUrl },
            placeholders: [pick(at)],
          })),
        },
      },
      components: [
        body(`three picks ${CANARY}-parameter`),
        {
          type: "carousel",
          cards: links.map((link, card_index) => ({
            card_index,
            components: [header("image", { link }), body(pick(card_index))],
          })),
        },
      ],
    };
  },
};

export const TEMPLATE_NAMES = Object.keys(TEMPLATES);

/** `+999` is not assigned to any country, and MoEngage's campaigns have the numbers below these. */
export function recipient(sequence: number): string {
  return `9995${String(sequence).padStart(8, "0")}`;
}

export const smsRecipient = (sequence: number) => recipient(50_000_000 + sequence);

/** Ids are WebEngage's own business: most are short, and the contract allows 500 characters of anything. */
export function messageId(random: Random): string {
  return random.chance(0.1) ? `~campaign/${random.hex(24)}|${"x".repeat(440)}|é` : random.uuid();
}

/** A request as WebEngage composes it, and what has to come of it. */
export function webengageSend(
  random: Random,
  options: { from: string; to: string; template?: string | undefined },
): { message: WebEngageSend; components: unknown[] | undefined } {
  const templateName = options.template ?? random.pick(TEMPLATE_NAMES);
  const { data, components } = TEMPLATES[templateName]?.(random) ?? { data: {}, components: undefined };
  const message = {
    version: "1.0",
    whatsAppData: {
      toNumber: options.to,
      fromNumber: options.from,
      templateData: { templateName, language: "en", ...data },
      customData: { key: "value" },
    },
    metadata: {
      campaignType: random.pick(["PROMOTIONAL", "TRANSACTIONAL"]),
      timestamp: `${new Date().toISOString().slice(0, 19)}+0000`,
      messageId: messageId(random),
    },
  };
  return { message, components };
}
