import { z } from "zod";
import { CANARY } from "../auditor.ts";
import { control } from "../control.ts";
import { createFaults, Fault } from "../faults.ts";
import { createLedger, type LedgerEntry } from "../ledger.ts";
import { SOCKETS } from "../network.ts";
import type { FakeOptions, FakePlatform } from "../platform.ts";
import { createRandom } from "../random.ts";
import { type Answer, parseJson, type SandboxRequest, saysJson } from "../server.ts";
import {
  firstIssue,
  type Inbound,
  Inbound as InboundSchema,
  type ProfileUpload,
  ProfileUpload as ProfileUploadSchema,
  type SmsEvents,
  SmsEvents as SmsEventsSchema,
  type Statuses,
  Statuses as StatusesSchema,
  uploadAnswer,
} from "./contract.ts";
import { createSender, PASSWORD, type Sender, USERNAME } from "./sender.ts";

export type { Inbound, ProfileUpload, SmsEvents, SmsSend, Statuses, WhatsAppSend } from "./contract.ts";
export { chatSend, templateSend } from "./messages.ts";
export { PASSWORD, USERNAME } from "./sender.ts";

/** What CleverTap takes at an address of its own each. */
const ROUTES = ["statuses", "inbound", "sms", "profiles"] as const;
type Route = (typeof ROUTES)[number];

export interface CleverTap extends Omit<FakePlatform, keyof Sender>, Omit<Sender, "close"> {
  setFault(route: Route, fault: Fault | null): void;
  messages: Map<string, LedgerEntry>;
  /** The bodies taken, in order. */
  statuses: Statuses[];
  inbound: Inbound[];
  sms: SmsEvents[];
  profiles: ProfileUpload[];
  /** How often each of them was called, whatever became of it. */
  calls: Record<Route, number>;
}

const ACCOUNT_ID = "TEST-4RW-Z6KZ";
const PASSCODE = `${CANARY}-clevertap-passcode`;
const PATHS: Record<Route, string> = {
  statuses: `/whatsapp/generic/dlr-${CANARY}-address`,
  inbound: `/whatsapp/generic/imo-${CANARY}-address`,
  sms: `/sms/generic-${CANARY}-address`,
  profiles: "/1/upload",
};

/** A CleverTap account: campaigns to the connector, its callback addresses, and its API of profiles. */
export async function startCleverTap(options: Partial<FakeOptions> = {}): Promise<CleverTap> {
  const { connectorUrl = "http://127.0.0.1:3000", senders, answerMs = 0, network = SOCKETS } = options;
  const random = createRandom(options.seed);
  const faults = createFaults<Route>(
    random,
    Object.fromEntries(ROUTES.map((route) => [route, answerMs])) as Record<Route, number>,
  );
  const ledger = createLedger();
  const taken = { statuses: [], inbound: [], sms: [], profiles: [] } as Pick<CleverTap, Route>;
  const calls: Record<Route, number> = { statuses: 0, inbound: 0, sms: 0, profiles: 0 };
  const from = senders?.whatsapp ?? "447700900000";
  const sender = createSender({ connectorUrl, from, random, ledger, network });

  const refuse = (status: number, rule: string, detail: string): Answer => {
    ledger.violate({ rule, detail });
    return { status, body: { status: "error", message: detail, error_code: status } };
  };
  const success: Answer = {
    status: 200,
    body: { status: "success", message: "Callback processed successfully" },
  };

  function book<T>(
    schema: z.ZodType<T>,
    json: unknown,
    into: T[],
    each: (taken: T) => (() => void)[],
  ): Answer {
    const { data, error } = schema.safeParse(json);
    if (error) return refuse(400, "wrong callback", firstIssue(error));
    into.push(data);
    const unheard = each(data);
    return {
      ...success,
      done(written) {
        if (!written) for (const mark of unheard) mark();
      },
    };
  }

  const take: Record<Route, (json: unknown) => Answer> = {
    statuses: (json) =>
      book(StatusesSchema, json, taken.statuses, ({ statuses }) =>
        statuses.map((one) => {
          const reason = one.status === "failed" ? { reason: `${one.error.code} ${one.error.title}` } : {};
          return ledger.report("whatsapp", one.msgId, { status: one.status, ...reason });
        }),
      ),
    inbound: (json) => book(InboundSchema, json, taken.inbound, () => []),
    // A repeat counts as another, also of what CleverTap never answered: it must not come soon.
    sms: (json) =>
      book(SmsEventsSchema, json, taken.sms, (groups) => {
        for (const { event, data } of groups)
          for (const one of data)
            if (event !== "replied")
              ledger.report("sms", one.meta, {
                status: event,
                ...("code" in one ? { reason: `${one.code} ${one.description}` } : {}),
              });
        return [];
      }),
    profiles(json) {
      const { data, error } = ProfileUploadSchema.safeParse(json);
      if (error) return refuse(400, "wrong profile", firstIssue(error));
      taken.profiles.push(data);
      return { status: 200, body: uploadAnswer(data) };
    },
  };

  function isAccount({ headers }: SandboxRequest): boolean {
    return headers["x-clevertap-account-id"] === ACCOUNT_ID && headers["x-clevertap-passcode"] === PASSCODE;
  }

  const controls = {
    "GET /records": () => ({ funnel: ledger.funnel(), violations: ledger.violations(), calls }),
    "GET /messages": () => [...ledger.entries.values()],
    "PUT /faults": (body: unknown) => {
      const given = z.partialRecord(z.enum(ROUTES), Fault.nullable()).parse(body);
      for (const route of ROUTES) if (given[route] !== undefined) faults.set(route, given[route]);
    },
    "POST /campaign": (body: unknown) =>
      sender.campaign(
        z
          .strictObject({
            channel: z.enum(["whatsapp", "sms"]),
            count: z.int().positive(),
            rate: z.number().positive(),
          })
          .parse(body),
      ),
  };

  const server = await network.serve(options.port ?? 0, async (request) => {
    const controlled = await control(request, controls);
    if (controlled !== undefined) return controlled;
    const route = ROUTES.find((one) => PATHS[one] === request.path);
    if (route === undefined || request.method !== "POST")
      return refuse(404, "unknown path", `${request.method} ${request.path}`);
    calls[route] += 1;
    const fault = await faults.apply(route);
    if (fault !== undefined) return fault;
    if (!saysJson(request)) return refuse(415, "not JSON", request.headers["content-type"] ?? "none");
    if (route === "profiles" && !isAccount(request)) return refuse(401, "wrong account", "profile upload");
    return take[route](parseJson(await request.read()));
  });

  return {
    url: server.url,
    env: {
      CLEVERTAP_USERNAME: USERNAME,
      CLEVERTAP_PASSWORD: PASSWORD,
      CLEVERTAP_DELIVERY_URL: `${server.url}${PATHS.statuses}`,
      CLEVERTAP_INBOUND_URL: `${server.url}${PATHS.inbound}`,
      CLEVERTAP_SMS_DELIVERY_URL: `${server.url}${PATHS.sms}`,
      CLEVERTAP_ACCOUNT_ID: ACCOUNT_ID,
      CLEVERTAP_PASSCODE: PASSCODE,
      CLEVERTAP_REGION: server.url,
    },
    secrets: {},
    channels: ["whatsapp", "sms"],
    ...sender,
    setFault: faults.set,
    messages: ledger.entries,
    ...taken,
    calls,
    funnel: ledger.funnel,
    violations: ledger.violations,
    async stop() {
      await Promise.all([sender.close(), server.stop()]);
    },
  };
}
