/** A template as the Template Management API lists it; components are Meta's. */
export interface ManagedTemplate {
  id: string;
  name: string;
  language: string;
  category: string;
  status: string;
  parameter_format?: string;
  components: object[];
  created_at?: string;
}

const header = (format: string, more: object = {}) => ({ type: "HEADER", format, ...more });
const media = (format: string, file: string) =>
  header(format, { example: { header_handle: [`https://scontent.whatsapp.net/v/t61.29466-34/${file}`] } });
const body = (text: string, ...samples: string[]) => ({
  type: "BODY",
  text,
  ...(samples.length === 0 ? {} : { example: { body_text: [samples] } }),
});
const footer = { type: "FOOTER", text: "Reply STOP to opt out" };
const buttons = (...items: object[]) => ({ type: "BUTTONS", buttons: items });
const quickReply = (text: string) => ({ type: "QUICK_REPLY", text });
const link = (text: string, url: string) => ({
  type: "URL",
  text,
  url,
  ...(url.includes("{{") ? { example: [url.replace("{{1}}", "abc")] } : {}),
});
const card = (head: object, text: string, ...items: object[]) => ({
  components: [head, { type: "BODY", text }, buttons(...items)],
});

type Kind = [name: string, category: string, components: object[], more?: Partial<ManagedTemplate>];

const MARKETING = "MARKETING";
const UTILITY = "UTILITY";
const AUTHENTICATION = "AUTHENTICATION";

/** What campaigns are made of: one kind of template each. */
const CAMPAIGN: Kind[] = [
  ["plain_notice", UTILITY, [body("Our offices are closed on Monday."), footer]],
  ["greeting", MARKETING, [body("Hello {{1}}, your booking is {{2}}.", "Ana", "AB-123456"), footer]],
  [
    "header_text",
    MARKETING,
    [
      header("TEXT", { text: "{{1}}!", example: { header_text: ["Hello"] } }),
      body("{{1}}, take {{2}} off.", "Zoë", "50 %"),
    ],
  ],
  ["header_image", MARKETING, [media("IMAGE", "1_n.png"), body("For you, {{1}}.", "Ana")]],
  ["header_video", MARKETING, [media("VIDEO", "2_n.mp4"), body("Watch this, {{1}}.", "Ana")]],
  ["header_document", UTILITY, [media("DOCUMENT", "3_n.pdf"), body("Your invoice, {{1}}.", "Ana")]],
  ["header_location", UTILITY, [header("LOCATION"), body("Your order is ready at our store.")]],
  [
    "money_and_date",
    UTILITY,
    [body("{{1}}, {{2}} is due on {{3}}.", "José", "$100.99", "February 25, 2027")],
  ],
  [
    "quick_replies",
    MARKETING,
    [body("{{1}} Coming?", "Hi"), buttons(quickReply("Yes"), quickReply("Stop promotions"))],
  ],
  [
    "link_button",
    MARKETING,
    [body("{{1}}, see more.", "Ana"), buttons(link("Open", "https://shop.example.com/{{1}}"))],
  ],
  [
    "coupon",
    MARKETING,
    [
      body("{{1}}, your code.", "Ana"),
      buttons({ type: "COPY_CODE", text: "Copy offer code", example: ["CARIBE25"] }),
    ],
  ],
  [
    "limited_offer",
    MARKETING,
    [
      media("IMAGE", "4_n.jpg"),
      { type: "LIMITED_TIME_OFFER", limited_time_offer: { text: "Expiring offer!", has_expiration: true } },
      body("{{1}}, be quick.", "Ana"),
      buttons(
        { type: "COPY_CODE", text: "Copy offer code", example: ["LTO10"] },
        link("Shop", "https://shop.example.com/offers"),
      ),
    ],
  ],
  [
    "carousel",
    MARKETING,
    [
      body("Look: {{1}}", "three picks"),
      {
        type: "CAROUSEL",
        cards: [1, 2, 3].map((n) => card(media("IMAGE", `5${n}_n.png`), "{{1}}", quickReply("I want it"))),
      },
    ],
  ],
  [
    "login_code",
    AUTHENTICATION,
    [
      { ...body("*{{1}}* is your verification code.", "123456"), add_security_recommendation: true },
      { type: "FOOTER", text: "This code expires in 5 minutes.", code_expiration_minutes: 5 },
      buttons({
        ...link("Copy code", "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp{{1}}"),
        otp_type: "COPY_CODE",
      }),
    ],
  ],
  [
    "booking_flow",
    UTILITY,
    [
      body("{{1}}, choose a time.", "Ana"),
      buttons({
        type: "FLOW",
        text: "Book",
        flow_id: 1234567890,
        flow_action: "NAVIGATE",
        navigate_screen: "START",
      }),
    ],
  ],
];

const MORE: Kind[] = [
  [
    "named_order",
    UTILITY,
    [
      header("TEXT", {
        text: "Order {{order_id}}",
        example: { header_text_named_params: [{ param_name: "order_id", example: "A-1" }] },
      }),
      {
        type: "BODY",
        text: "{{first_name}}, it arrives {{day}}.",
        example: {
          body_text_named_params: [
            { param_name: "first_name", example: "Ana" },
            { param_name: "day", example: "today" },
          ],
        },
      },
    ],
    { parameter_format: "NAMED" },
  ],
  [
    "header_fixed",
    UTILITY,
    [header("TEXT", { text: "Thank you" }), body("We have your order {{1}}.", "A-1")],
  ],
  [
    "call_us",
    UTILITY,
    [
      body("Questions?"),
      buttons(
        { type: "PHONE_NUMBER", text: "Call", phone_number: "+15550100100" },
        link("FAQ", "https://shop.example.com/faq"),
      ),
    ],
  ],
  [
    "catalog_view",
    MARKETING,
    [body("New for {{1}}.", "Ana"), buttons({ type: "CATALOG", text: "View catalog" })],
  ],
  [
    "product_picks",
    MARKETING,
    [
      header("TEXT", { text: "Our picks" }),
      body("For {{1}}", "Ana"),
      buttons({ type: "MPM", text: "View items" }),
    ],
  ],
  [
    "product_carousel",
    MARKETING,
    [
      body("Rare finds for {{1}}", "Ana"),
      {
        type: "CAROUSEL",
        cards: [1, 2].map(() => ({
          components: [header("PRODUCT"), buttons({ type: "SPM", text: "View" })],
        })),
      },
    ],
  ],
  [
    "one_tap_code",
    AUTHENTICATION,
    [
      { ...body("*{{1}}* is your verification code.", "123456"), add_security_recommendation: true },
      buttons({ type: "OTP", otp_type: "ONE_TAP", text: "Copy code", autofill_text: "Autofill" }),
    ],
  ],
  ["old_promo", MARKETING, [body("Free {{1}}!!!", "gift")], { status: "REJECTED" }],
  ["paused_offer", MARKETING, [body("{{1}}, come back.", "Ana")], { status: "PAUSED" }],
  ["new_notice", UTILITY, [body("Soon: {{1}}.", "a surprise")], { status: "PENDING" }],
  ["disabled_notice", UTILITY, [body("{{1}}", "x")], { status: "DISABLED" }],
];

/** Languages beside English. */
const TRANSLATED: Record<string, string> = {
  greeting: "pt_BR",
  header_image: "pt_BR",
  quick_replies: "pt_BR",
  link_button: "en_US",
};

/** Thirty templates of every kind, three of them translated, four of them not to be sent. */
export function templateCatalog(): ManagedTemplate[] {
  const named = [...CAMPAIGN, ...MORE].flatMap(([name, category, components, more]) =>
    ["en", TRANSLATED[name] ?? []].flat().map((language) => ({
      name,
      language,
      status: "APPROVED",
      category,
      parameter_format: "POSITIONAL",
      components,
      ...more,
    })),
  );
  return named.map((template, at) => ({ id: String(1_051_122_791_049_475 + at * 7_919), ...template }));
}
