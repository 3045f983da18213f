import { type Credentials, createCredentials, credentialsEnv } from "../../src/sandbox/credentials.ts";
import { startVcr } from "../../src/sandbox/vcr/index.ts";
import { createBook } from "./book.ts";
import { createLoad, SENDER } from "./load.ts";
import { startMoEngage } from "./moengage.ts";
import { createCensus, createPoster } from "./network.ts";
import { startVonage } from "./vonage.ts";

/** How long each neighbour takes for an answer, in milliseconds. */
export interface AnswerTimes {
  queue: number;
  state: number;
  messages: number;
  platform: number;
}

export interface WorldOptions {
  times: AnswerTimes;
  /** Of the platform to the subject, and of Vonage. */
  connections: number;
  webhookConnections: number;
}

const SERVICE = "neru-bench-connector-dev";
const QUEUE = { maxInflight: 256, perSecond: 10_000 };

/** All neighbours of one subject, and who sends to it. */
export async function createWorld({ times, connections, webhookConnections }: WorldOptions) {
  const credentials: Credentials = createCredentials();
  const book = createBook();
  const census = createCensus();
  let apps: readonly string[] = [];
  const of = () => apps;

  const vonage = await startVonage({
    ...{ credentials, answerMs: times.messages, connections: webhookConnections },
    ...{ network: census.networkOf("vonage"), book, apps: of, taken: () => load.fill() },
  });
  const moengage = await startMoEngage({
    ...{ answerMs: times.platform, network: census.networkOf("moengage"), book },
  });
  const platform = createPoster(connections);
  const callbacks = createPoster(QUEUE.maxInflight);
  const load = createLoad({ credentials, book, poster: platform, apps: of, openStatuses: vonage.open });
  const vcr = await startVcr({
    ...{ credentials, serviceName: SERVICE, takesLogs: true },
    delays: { "queue-service": times.queue, "client-persistence-api": times.state },
    network: {
      serve: census.networkOf("vcr").serve,
      createPoster: () => ({
        ...callbacks,
        async post(url, call) {
          const outcome = await callbacks.post(url, call);
          if (outcome.status === 200) {
            book.counts.callbacks++;
            load.dispatched();
          } else book.counts.refusedCallbacks++;
          return outcome;
        },
      }),
    },
  });

  /** As the connector is told where its neighbours are; the plain build reads the SDK's own names. */
  const env = (): Record<string, string> => ({
    ...credentialsEnv(credentials),
    VCR_PROVIDERS_URL: vcr.url,
    VCR_INSTANCE_SERVICE_NAME: SERVICE,
    INSTANCE_SERVICE_NAME: SERVICE,
    INSTANCE_ID: "bench-instance",
    API_ACCOUNT_ID: credentials.accountId,
    API_ACCOUNT_SECRET: credentials.accountSecret,
    API_APPLICATION_ID: credentials.applicationId,
    PRIVATE_KEY: credentials.privateKey,
    NAMESPACE: `localhost:${new URL(vcr.url).port}`,
    VONAGE_API_HOST: vonage.url,
    WHATSAPP_NUMBER: SENDER,
    MOENGAGE_DELIVERY_URL: moengage.deliveryUrl,
    DISPATCH_RATE_PER_SECOND: String(QUEUE.perSecond),
    DISPATCH_MAX_INFLIGHT: String(QUEUE.maxInflight),
  });

  /** All that is counted. */
  const counts = () => {
    const { calls, queues } = vcr.records();
    const sum = (provider: string, part: string) =>
      Object.entries(calls[provider] ?? {})
        .filter(([operation]) => operation.includes(part))
        .reduce((total, [, count]) => total + count, 0);
    const all = Object.values(queues);
    return {
      ...book.counts,
      enqueueCalls: sum("queue-service", "enqueue"),
      stateCalls: sum("client-persistence-api", ""),
      waiting: all.reduce((total, { waiting, inflight }) => total + waiting + inflight, 0),
      dead: all.reduce((total, { dead }) => total + dead, 0),
      openStatuses: vonage.open(),
      ...census.counts(),
    };
  };

  return {
    env,
    /** The replicas. Without callbacks, what is queued stays there. */
    async setApps(urls: readonly string[], { callbacks: isDelivered = true } = {}) {
      apps = urls;
      if (isDelivered) vcr.setApps([...urls]);
      await Promise.all([platform, callbacks, vonage].map(({ warm }) => warm(urls)));
    },
    /** For whoever goes on after it in the same process. */
    async close() {
      load.stop();
      await Promise.all([vcr, vonage, moengage].map((neighbour) => neighbour.stop()));
      await Promise.all([platform, callbacks].map((poster) => poster.close()));
    },
    counts,
    missing: book.missing,
    keep: load.keep,
    fixed: load.fixed,
    /** So many sends at once, each on a socket of its own. Resolves to how long they took, by answer. */
    async burst(count: number) {
      const sockets = createPoster(count);
      const outcomes = await load.burst(count, sockets);
      await sockets.close();
      return outcomes;
    },
    stopLoad: load.stop,
    takeLatencies: () => ({ sends: load.takeLatencies(), webhooks: vonage.takeLatencies() }),
    holdStatuses: vonage.hold,
    /** How many messages have statuses that are held. */
    held: () => vonage.held().length,
    /** The first status of so many messages held, one after the other with a pause before each. */
    async tellOneByOne(from: number, count: number, pauseMs: number) {
      for (const message of vonage.held().slice(from, from + count)) {
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        await vonage.tell(message, "submitted");
      }
    },
    /** All three statuses of the other messages held, so many at a time. Resolves when all were taken. */
    async tellAll(from: number, atATime: number) {
      for (const status of ["submitted", "delivered", "read"] as const) {
        const line = vonage.held().slice(from);
        const worker = async () => {
          for (let message = line.pop(); message; message = line.pop()) await vonage.tell(message, status);
        };
        await Promise.all(Array.from({ length: atATime }, worker));
      }
    },
  };
}

export type World = Awaited<ReturnType<typeof createWorld>>;
export type Counts = ReturnType<World["counts"]>;
