import { z } from "zod";
import { createFaults, type Fault } from "../faults.ts";
import { createRandom } from "../random.ts";
import { parseJson, type Reply, type SandboxRequest, serve } from "../server.ts";

/** What a mapper for a list below `events` makes of one element: the fields that MoEngage cannot do without. */
const Event = z.looseObject({
  customer_id: z.string().min(1),
  event_name: z.string().min(1),
  user_time: z.int().refine((at) => String(at).length === 13, "must be epoch milliseconds"),
});
export type SourceEvent = z.infer<typeof Event>;

const MAX_BYTES = 1024 * 1024;
const MAX_EVENTS = 500;
const MAX_CALLS_PER_SECOND = 200;

export interface ConnectedSource {
  /** The value of MOENGAGE_CONNECTED_SOURCE_URL. */
  sourceUrl: string;
  events: SourceEvent[];
  /** Events in each call that was taken, in order. */
  calls: number[];
  violations: string[];
  setFault(fault: Fault | null): void;
  stop(): Promise<void>;
}

const invalid = (status: number, message: string): Reply => {
  const error = { code: "e_9004", message, target: "payload_validation" };
  return { status, body: { error: { ...error, details: [error] } } };
};

/** MoEngage's Connected Sources for one partner. https://www.moengage.com/docs, Connected Sources */
export async function startConnectedSource(options: {
  workspaceId: string;
  dataApiKey: string;
}): Promise<ConnectedSource> {
  const basic = `Basic ${Buffer.from(`${options.workspaceId}:${options.dataApiKey}`).toString("base64")}`;
  const faults = createFaults<"source">(createRandom());
  const events: SourceEvent[] = [];
  const calls: number[] = [];
  const violations: string[] = [];
  let recent: number[] = [];

  async function take(request: SandboxRequest): Promise<Reply> {
    const raw = await request.read();
    recent = [...recent.filter((at) => at > Date.now() - 1_000), Date.now()];
    if (recent.length > MAX_CALLS_PER_SECOND) violations.push(`${recent.length} calls within a second`);
    if (request.headers.authorization !== basic) {
      const message = "Invalid authorization format. Expected Basic authentication";
      const error = { message, type: "Authentication required", request_id: "70e2fd" };
      return { status: 401, body: { status: "fail", error } };
    }
    if (raw.length > MAX_BYTES) violations.push(`a call of ${raw.length} bytes`);
    const body = z.looseObject({ events: z.array(z.unknown()).min(1) }).safeParse(parseJson(raw));
    if (!body.success) return invalid(400, "The provided payload is invalid");
    if (body.data.events.length > MAX_EVENTS) violations.push(`a call of ${body.data.events.length} events`);
    const parsed = z.array(Event).safeParse(body.data.events);
    if (!parsed.success) {
      const field = parsed.error.issues[0]?.path.slice(1).join(".");
      return invalid(400, `Required field 'Request.data.events.${field}' is missing in the payload`);
    }
    events.push(...parsed.data);
    calls.push(parsed.data.length);
    const description = "Successfully submitted for processing";
    return { status: 200, body: { request_id: `r${calls.length}`, name: "vonage_connector", description } };
  }

  const server = await serve(0, async (request) => {
    const isOurs = request.path === "/v1/partner/vonage_connector/events/" && request.query.has("configName");
    if (request.method !== "POST" || !isOurs) return { status: 404, body: { message: "no such path" } };
    return (await faults.apply("source")) ?? take(request);
  });

  return {
    sourceUrl: `${server.url}/v1/partner/vonage_connector/events/?configName=sandbox`,
    events,
    calls,
    violations,
    setFault: (fault) => faults.set("source", fault),
    stop: server.stop,
  };
}
