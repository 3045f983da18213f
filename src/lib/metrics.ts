import { Counter, Gauge, Registry } from "prom-client";
import { asConnectorError } from "./errors.ts";

/**
 * Figures for `/_/metrics`, in Prometheus' text format. Labels hold words from short lists only: no ids, no
 * numbers of people.
 */
export function createMetrics() {
  const registers = [new Registry()] as [Registry];
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name: `connector_${name}`, help, labelNames, registers });

  return {
    accepted: counter("messages_accepted_total", "Messages taken from a platform and put on a queue", [
      "channel",
    ]),
    sends: counter("sends_total", "Requests to the Messages API by outcome", ["channel", "outcome"]),
    jobs: counter("jobs_total", "Deliveries of the queue by kind and outcome", ["kind", "outcome"]),
    reports: counter("reports_total", "Delivery reports by status and outcome", ["status", "outcome"]),
    replies: counter("replies_total", "Inbound messages by what was made of them", ["kind"]),
    /** A figure that is read when it is asked for. */
    gauge(name: string, help: string, read: () => number): void {
      new Gauge({
        name: `connector_${name}`,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    },
    /** As many figures as there are values of the label. */
    gauges<L extends string>(
      name: string,
      help: string,
      label: { name: string; values: readonly L[] },
      read: (value: L) => number,
    ): void {
      new Gauge({
        name: `connector_${name}`,
        help,
        labelNames: [label.name],
        registers,
        collect() {
          for (const value of label.values) this.set({ [label.name]: value }, read(value));
        },
      });
    },
    text: () => registers[0].metrics(),
    contentType: registers[0].contentType,
  };
}

export type Metrics = ReturnType<typeof createMetrics>;

/** Counts how the work ended, `ok` or the error's code, and hands it on. */
export async function outcomeOf<T>(work: Promise<T>, count: (outcome: string) => void): Promise<T> {
  try {
    const result = await work;
    count("ok");
    return result;
  } catch (error) {
    count(asConnectorError(error).code);
    throw error;
  }
}
