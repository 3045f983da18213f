import type { State } from "../../core/ports.ts";
import { REPLICAS } from "../../core/state-keys.ts";
import { parsedJson } from "./sums.ts";

/** What a process says of itself to the others. Times are milliseconds since the epoch. */
export interface ReplicaRecord {
  id: string;
  version: string;
  startedAt: number;
  seenAt: number;
  /** It has stopped. */
  isClosed: boolean;
}

/** Where a process's figures for Prometheus stand, beside its record. */
export const metricsField = (id: string) => `metrics/${id}`;

/** Every process that State has a record of, whenever it was heard of. */
export async function readReplicas<More>(state: State): Promise<(ReplicaRecord & Partial<More>)[]> {
  const replicas: (ReplicaRecord & Partial<More>)[] = [];
  for await (const [field, text] of state.scan(REPLICAS)) {
    if (field.includes("/")) continue;
    const record = parsedJson(text) as (ReplicaRecord & Partial<More>) | null | undefined;
    if (typeof record?.id === "string" && typeof record.seenAt === "number") replicas.push(record);
  }
  return replicas;
}
