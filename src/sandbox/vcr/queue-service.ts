import { parseJson, type Reply, type SandboxRequest } from "../server.ts";
import { CreateQueue, MAX_ENQUEUE_BYTES, UpdateQueue } from "./contract.ts";
import { openQueue, type Queue, type QueueRecord } from "./queue.ts";

export interface QueueService {
  handle(request: SandboxRequest): Promise<Reply>;
  get(name: string): Queue | undefined;
  records(): Record<string, QueueRecord>;
  stop(): void;
}

const ok = (body?: unknown): Reply => ({ status: 200, body });
const refuse = (status: number, message: string): Reply => ({ status, body: { error: message } });

function details(queue: Queue) {
  const { name, callback, rate, active } = queue.definition;
  const record = queue.record();
  return {
    queueDetails: { name, callback, rate, active },
    stats: {
      currentRate: queue.currentRate(),
      currentInflight: record.inflight,
      totalSent: record.acked,
      totalError: record.dead,
      totalEnqueue: record.accepted,
    },
  };
}

function enqueue(queue: Queue, body: Buffer): Reply {
  if (body.length > MAX_ENQUEUE_BYTES) return refuse(413, `payload is over ${MAX_ENQUEUE_BYTES} bytes`);
  const jobs = parseJson(body);
  if (!Array.isArray(jobs)) return refuse(400, "payload is not an array");
  queue.enqueue(jobs);
  return ok({ status: "ok" });
}

export function createQueueService(deps: {
  deliver(queue: Queue["definition"], body: string): Promise<boolean>;
  redeliver(): boolean;
}): QueueService {
  const queues = new Map<string, Queue>();

  const create = (body: Buffer): Reply => {
    const wanted = CreateQueue.safeParse(parseJson(body));
    if (!wanted.success) return refuse(400, wanted.error.message);
    if (queues.has(wanted.data.name)) return refuse(409, "queue exists");
    const definition = wanted.data;
    const queue = openQueue(definition, {
      deliver: (job) => deps.deliver(definition, job),
      redeliver: deps.redeliver,
    });
    queues.set(definition.name, queue);
    return ok({ status: "ok" });
  };

  const onQueue: Record<string, (queue: Queue, body: Buffer, query: URLSearchParams) => Reply> = {
    "GET ": (queue) => ok(details(queue)),
    "POST ": (queue, body) => {
      const wanted = UpdateQueue.safeParse(parseJson(body));
      if (!wanted.success) return refuse(400, wanted.error.message);
      queue.setRate(wanted.data.rate);
      return ok({ status: "ok" });
    },
    "DELETE ": (queue) => {
      queue.close();
      queues.delete(queue.definition.name);
      return ok({ status: "ok" });
    },
    "PUT pause": (queue) => {
      queue.setActive(false);
      return ok({ status: "ok" });
    },
    "PUT resume": (queue) => {
      queue.setActive(true);
      return ok({ status: "ok" });
    },
    "POST enqueue": enqueue,
    "GET deadletter": (queue) => ok(queue.deadLetters()),
    "POST deadletter/pop": (queue, _body, query) => {
      const count = Number(query.get("count") ?? "1");
      if (!Number.isInteger(count) || count < 1) return refuse(400, "count is not a positive number");
      return ok(queue.popDead(count).map((job) => JSON.parse(job)));
    },
  };

  return {
    async handle(request) {
      const [root, name, ...rest] = request.path.split("/").filter((part) => part !== "");
      if (root !== "queue") return refuse(404, "no such path");
      if (name === undefined) {
        if (request.method === "GET") return ok([...queues.keys()]);
        return request.method === "POST" ? create(await request.read()) : refuse(405, "no such method");
      }
      const act = onQueue[`${request.method} ${rest.join("/")}`];
      if (act === undefined) return refuse(404, "no such path");
      const body = await request.read();
      const queue = queues.get(name);
      return queue === undefined ? refuse(404, "no such queue") : act(queue, body, request.query);
    },
    get: (name) => queues.get(name),
    records: () => Object.fromEntries([...queues].map(([name, queue]) => [name, queue.record()])),
    stop() {
      for (const queue of queues.values()) queue.close();
    },
  };
}
