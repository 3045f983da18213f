import type { Config } from "../config/schema.ts";
import type { State } from "../core/ports.ts";
import { type Alert, type Alerts, createAlerts } from "../flows/insight/alerts.ts";
import { conditions } from "../flows/insight/conditions.ts";
import { readReplicas } from "../flows/insight/replicas.ts";
import { type ResultsPorts, readSums } from "../flows/insight/results.ts";
import { GONE_MS, type Shown, type StatusPorts, status } from "../flows/insight/status.ts";
import type { Sums } from "../flows/insight/sums.ts";
import { HOUR_MS } from "../flows/insight/tally.ts";
import { CONSOLE_PATH } from "../http/routes/console.ts";
import { ConnectorError } from "../lib/errors.ts";
import type { HttpClient } from "../lib/http-client.ts";
import type { Log } from "../lib/log.ts";
import type { Runtime } from "../lib/runtime.ts";
import { dictionary } from "./dictionary.ts";

interface AlertParts {
  answers: ResultsPorts;
  statusPorts: StatusPorts;
  /** Has the address rules of what is called back. */
  httpClient: HttpClient;
  /** Whether State was found emptied lately. */
  isEmptied(): boolean;
  self: string;
  state: State;
  runtime: Runtime;
  log: Log;
}

const POST_MS = 5_000;

/** Who tells that something needs somebody; undefined where nobody is to be told. */
export function composeAlerts(config: Config, parts: AlertParts): Alerts | undefined {
  const { answers, statusPorts, httpClient, isEmptied, self, state, runtime, log } = parts;
  const { alertWebhookUrl: url, instance, messageTtlSeconds: ttlSeconds } = config;
  const { now } = runtime;
  if (url === undefined) return undefined;
  /** As last read: what State does not say now is not over. */
  let sums: Sums = new Map();

  async function look() {
    const at = now();
    sums = await readSums(at - HOUR_MS, at, answers).catch(() => sums);
    const replicas = await readReplicas<Shown>(state).catch(() => []);
    const others = replicas.filter(({ id, seenAt }) => id !== self && at - seenAt < GONE_MS);
    const refused = [statusPorts.self(), ...others].map((replica) => replica.refused);
    const all = (of: keyof Shown["refused"]) => refused.reduce((sum, one) => sum + (one?.[of] ?? 0), 0);
    return conditions({
      ...{ now: at, sums, ttlSeconds, isEmptied: isEmptied(), dictionary, status: await status(statusPorts) },
      refusals: { credentials: all("credentials"), signatures: all("signatures") },
    });
  }

  async function post(alert: Alert): Promise<void> {
    const { status: answered } = await httpClient.request({
      ...{ method: "POST", url: url as string, deadlineMs: POST_MS },
      headers: { "content-type": "application/json" },
      body: JSON.stringify(alert),
    });
    if (answered < 200 || answered > 299)
      throw new ConnectorError("alert_refused", "Whoever takes the alerts refused one", {
        retryable: true,
        detail: { status: answered },
      });
  }

  const consoleUrl = instance.publicUrl && `${instance.publicUrl}${CONSOLE_PATH}`;
  return createAlerts({
    ...{ look, post, state, self, consoleUrl, instance: instance.serviceName, runtime, log },
  });
}
