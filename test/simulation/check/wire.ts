import type { Exchange, Result } from "../net.ts";

/** What crosses, read without the connector's help. */
export const parsed = (text: string): Record<string, unknown> | undefined => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const is2xx = (result: Result | undefined) =>
  result !== undefined && "status" in result && result.status >= 200 && result.status < 300;

/** What the callee answered. */
export const isDone = ({ answer }: Pick<Exchange, "answer">) => is2xx(answer);
/** What the caller saw. */
export const isOk = ({ result }: Pick<Exchange, "result">) => is2xx(result);

const IDS =
  /[0-9a-f]{24}_[0-9a-f]{24}_\d+|~campaign\/[0-9a-f]{24}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g;

/** Whatever may be the id of a message, as short as it can be recognised. */
export const idsIn = (text: string): Set<string> => new Set(text.match(IDS));

export const shortened = (id: string) => id.match(/^~campaign\/[0-9a-f]{24}/)?.[0] ?? id;

/** The message that a job is about. */
export function idOfJob(signed: unknown): string | undefined {
  const content = parsed(String((signed as { body?: unknown })?.body));
  const about = [content?.["message"], content?.["report"], content?.["reply"], content] as {
    id?: unknown;
  }[];
  const id = about.find((one) => typeof one?.id === "string")?.id;
  return id === undefined ? undefined : shortened(String(id));
}

/** The ids of the messages that an enqueue request holds. */
export function idsOfJobs(body: string): string[] {
  const jobs = parsed(body);
  return Array.isArray(jobs) ? jobs.map(idOfJob).filter((id) => id !== undefined) : [];
}

/** The id under which a platform knows the message that it was told is accepted; undefined when it was not. */
export function idAccepted({ request, answer }: Exchange): string | undefined {
  const [asked, told] = [parsed(request.body), parsed(answer?.text ?? "")];
  if (!asked || !told) return undefined;
  if (typeof told["trackingId"] === "string") return told["trackingId"];
  if (told["status"] === "success") return String(asked["msg_id"] ?? asked["msgId"] ?? asked["id"]);
  if (told["statusCode"] !== 0 && told["status"] !== "sms_accepted") return undefined;
  return shortened(String((asked["metadata"] as Record<string, unknown>)?.["messageId"]));
}

/** The reports in a call to a platform. */
export function reportsIn(body: string): { id: string; status: string }[] {
  const told = parsed(body) ?? {};
  if (Array.isArray(told["statuses"]))
    return told["statuses"].map(({ msg_id, msgId, status }) => ({
      id: String(msg_id ?? msgId),
      status: String(status),
    }));
  if (Array.isArray(told))
    return told.flatMap(({ event, data }) =>
      event === "replied" ? [] : data.map(({ meta }: { meta: string }) => ({ id: meta, status: event })),
    );
  if (typeof told["trackingId"] === "string")
    return [{ id: told["trackingId"], status: String(told["status"]) }];
  const status = {
    ...{ whatsapp_sent: "delivered", whatsapp_read: "read", whatsapp_failed: "failed" },
    ...{ sms_sent: "delivered", sms_failed: "failed" },
  };
  if (typeof told["messageId"] !== "string") return [];
  return [{ id: shortened(told["messageId"]), status: status[told["status"] as keyof typeof status] }];
}

/** The message that a request to Vonage is for, by its reference. */
export function idSent({ request }: Exchange): string {
  const reference = String(parsed(request.body)?.["client_ref"] ?? "");
  return reference.slice(reference.indexOf(".") + 1);
}
