import { collectDefaultMetrics, Registry } from "prom-client";

let registry: Registry | undefined;

/** What the process and Node.js say of themselves (`process_*`, `nodejs_*`); observed from the first call on. */
export async function processMetrics(): Promise<string> {
  if (!registry) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry });
  }
  return registry.metrics();
}
