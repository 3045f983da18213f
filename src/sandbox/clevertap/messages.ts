import { CANARY } from "../auditor.ts";
import type { Random } from "../random.ts";
import type { SmsSend, WhatsAppSend } from "./contract.ts";

interface Composed {
  /** What CleverTap sends. */
  components: unknown[];
  /** What WhatsApp has to get: the components of Meta's template object. */
  meta?: unknown[];
}

/** Tagged for the auditor, as all that people get is. */
const NAME = `Ana ${CANARY}-parameter`;

const header = (type: string, content: object) => ({ type: "header", header: { type, [type]: content } });
const body = (text: string, ...values: string[]) => ({
  type: "body",
  body: { text, parameters: values.map((value) => ({ type: "text", text: value })) },
});
const button = (index: number, subType: string, buttonText: string, ...parameters: object[]) => ({
  ...{ type: "button", index, subType, buttonText },
  ...(parameters.length > 0 ? { parameters } : {}),
});
const FOOTER = { type: "footer", footer: 'Please reply "stop" to optout' };
const CUSTOM = { customProps: [{ Key1: `value ${CANARY}-custom` }] };

const metaHeader = (type: string, value: object) => ({
  type: "header",
  parameters: [{ type, [type]: value }],
});
const metaBody = (...values: string[]) => ({
  type: "body",
  parameters: values.map((text) => ({ type: "text", text })),
});
const metaButton = (sub_type: string, index: string, parameter: object) => ({
  ...{ type: "button", sub_type, index },
  parameters: [parameter],
});

const media = (type: "image" | "video", extension: string): Composed => {
  const mediaURL = `cdn.example.com/${CANARY}-link/asset.${extension}`;
  return {
    components: [header(type, { mediaURL }), body(`For you, ${NAME}.`, NAME), FOOTER],
    meta: [metaHeader(type, { link: `https://${mediaURL}` }), metaBody(NAME)],
  };
};

/** Of the templates that the sandbox's WhatsApp account has, by name. */
const TEMPLATES: Record<string, (random: Random) => Composed> = {
  plain_notice: () => ({ components: [FOOTER, CUSTOM] }),
  greeting: (random) => {
    const values = [`Guest ${random.between(1, 9999)}`, `AB-123456 ${CANARY}-parameter`];
    return { components: [body("Hello", ...values), FOOTER], meta: [metaBody(...values)] };
  },
  header_image: () => media("image", "png"),
  header_video: () => media("video", "mp4"),
  header_document: () => {
    const mediaURL = `https://cdn.example.com/${CANARY}-link/asset.pdf`;
    const filename = `invoice 7 ${CANARY}-filename.pdf`;
    return {
      components: [header("file", { mediaURL, filename }), body("Your invoice", NAME)],
      meta: [metaHeader("document", { link: mediaURL, filename }), metaBody(NAME)],
    };
  },
  header_location: () => ({
    components: [header("location", { latitude: "45.946519", longitude: "15.946519" })],
    meta: [metaHeader("location", { latitude: "45.946519", longitude: "15.946519" })],
  }),
  link_button: (random) => {
    const suffix = `offer?u=${random.hex(8)}&${CANARY}-button`;
    // Now and then the whole address comes.
    const text = random.chance(0.5) ? suffix : `https://shop.example.com/${suffix}`;
    return {
      components: [
        body("See more", NAME),
        button(0, "callPhone", "Call", { type: "text", text: "+91994876856" }),
        button(0, "dynamicUrl", "Open", { type: "text", text }),
      ],
      meta: [metaBody(NAME), metaButton("url", "0", { type: "text", text: suffix })],
    };
  },
  coupon: () => ({
    components: [
      body("Your code", NAME),
      button(0, "copy_code", "Copy offer code", { type: "coupon_code", coupon_code: "CANARY25" }),
    ],
    meta: [metaBody(NAME), metaButton("copy_code", "0", { type: "coupon_code", coupon_code: "CANARY25" })],
  }),
  quick_replies: () => ({
    components: [
      body("Coming?", NAME),
      button(0, "quickReply", "Yes"),
      button(1, "quickReply", "Stop promotions"),
    ],
    meta: [metaBody(NAME)],
  }),
  limited_offer: () => {
    const mediaURL = `https://cdn.example.com/${CANARY}-link/offer.jpg`;
    const parameters = [
      { type: "limited_time_offer", limited_time_offer: { expiration_time_ms: 1_999_999_999_000 } },
    ];
    return {
      components: [
        header("image", { mediaURL }),
        body("Be quick", NAME),
        { type: "limited_time_offer", text: "Expiring offer!", parameters },
        button(0, "copy_code", "Copy offer code", { type: "coupon_code", coupon_code: "CANARY25" }),
        button(1, "staticUrl", "Shop", { type: "text", text: "https://shop.example.com/offers" }),
      ],
      meta: [
        metaHeader("image", { link: mediaURL }),
        metaBody(NAME),
        { type: "limited_time_offer", parameters },
        metaButton("copy_code", "0", { type: "coupon_code", coupon_code: "CANARY25" }),
      ],
    };
  },
  carousel: () => {
    const picks = [1, 2, 3].map((n) => ({
      mediaURL: `https://cdn.example.com/${CANARY}-link/card${n}.png`,
      text: `Pick ${n} ${CANARY}-parameter`,
    }));
    return {
      components: [
        body("Look", `three picks ${CANARY}-parameter`),
        {
          type: "carousel",
          cards: picks.map(({ mediaURL, text }) => ({
            components: [
              header("image", { mediaURL }),
              body("Card", text),
              button(0, "quickReply", "I want it"),
            ],
          })),
        },
      ],
      meta: [
        metaBody(`three picks ${CANARY}-parameter`),
        {
          type: "carousel",
          cards: picks.map(({ mediaURL, text }, card_index) => ({
            card_index,
            components: [metaHeader("image", { link: mediaURL }), metaBody(text)],
          })),
        },
      ],
    };
  },
};

export const TEMPLATE_NAMES = Object.keys(TEMPLATES);
const CHAT_SHARE = 0.1;

/** `+999` is not assigned to any country; others' campaigns have other numbers of it. */
const whatsappPerson = (sequence: number) => `9994${String(sequence).padStart(8, "0")}`;
const smsPerson = (sequence: number) => `9993${String(sequence).padStart(8, "0")}`;

/** What WhatsApp has to get of a message: a template's components, or the text of a chat. */
export type Expected = { components: unknown[] | undefined } | { text: string };

const common = (from: string, to: string) => ({ payloadVersion: 0.1, to: `+${to}`, wabaNumber: from });

/** A template as CleverTap sends it. */
export function templateSend(
  random: Random,
  options: { from: string; to: string; msgId: string; template?: string | undefined },
): { message: WhatsAppSend; expected: Expected } {
  const { from, to, msgId } = options;
  const namespace = options.template ?? random.pick(TEMPLATE_NAMES);
  const { components, meta } = TEMPLATES[namespace]?.(random) ?? { components: [] };
  const message = {
    ...common(from, to),
    ...{ isTemplate: true, msgId, template: { namespace, languageCode: "en" }, components },
  };
  return { message, expected: { components: meta } };
}

/** What an agent writes in a chat: its id has another name. */
export function chatSend(from: string, to: string, msg_id: string, text: string): WhatsAppSend {
  return { ...common(from, to), isTemplate: false, msg_id, type: "text", text: { body: text } };
}

/** Message number n of a WhatsApp campaign; now and then one of a chat is among them. */
export function whatsappMessage(random: Random, from: string, n: number) {
  const to = whatsappPerson(n);
  const parts = [n, 1_639_561_857, 20_220_227, n, ...(random.chance(0.2) ? ["variant B"] : [])];
  const id = parts.join("|");
  if (!random.chance(CHAT_SHARE)) return { id, to, ...templateSend(random, { from, to, msgId: id }) };
  const text = `An agent answers ${n} ${CANARY}-text`;
  return { id, to, message: chatSend(from, to, id, text), expected: { text } satisfies Expected };
}

/** Message number n of an SMS campaign: its id begins with the person's number. */
export function smsMessage(n: number): SmsSend {
  const to = smsPerson(n);
  return {
    id: `${to}.1200000000.1654002362.20220531.0.wzrk_default.-1.`,
    to: `+${to}`,
    text: `Order ${n} is ready ${CANARY}-text`,
    ...(n % 3 === 0 ? { templateId: "1107160016156755389" } : {}),
  };
}

/** What CleverTap tries when somebody saves a provider; its page prints it in two forms. */
export function providerTrials(from: string): object[] {
  const trial = {
    payloadVersion: 0.1,
    wabaNumber: from,
    to: "+919870369294",
    isTemplate: true,
    template: { namespace: "whatsapp:hsm:technology:generic:verify", languageCode: "en" },
    components: [body("1 code: 2.Valid for 3 minutes.", "1", "2", "3")],
    msgId: TRIAL_ID,
  };
  return [trial, { body: trial }];
}

export const TRIAL_ID = "0|0|0|0";
