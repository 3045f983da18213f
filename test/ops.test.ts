import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { createMetrics, registerGauges } from "../src/compose/metrics.ts";
import { perQueue } from "../src/core/job.ts";
import { createNeighbours } from "../src/lib/neighbours.ts";
import { processMetrics } from "../src/lib/process-metrics.ts";

/** Each family that is served, with the labels that its samples have. */
const served = new Map<string, Set<string>>();

beforeAll(async () => {
  const { registry, ...metrics } = createMetrics();
  registerGauges(registry, {
    pacing: perQueue(() => ({
      gate: { rate: () => 29, standing: () => ({ paused: [], rate: 29, most: 29 }) },
    })),
    ...{ neighbours: createNeighbours(() => 0), neighbourNames: ["state"], now: () => 0 },
    ...{ waitingLetters: () => 0, jobs: () => 0, inDoubt: () => 0, last: new Map() },
    ...{ channelOf: () => undefined, catalogAt: () => undefined, eventsDropped: () => 0 },
  });
  metrics.requests.inc("acme", "sms", "refused", "401");
  metrics.accepted.inc("acme", "sms");
  metrics.suppressed.inc("acme", "sms");
  metrics.reports.inc("acme", "sms", "sent", "posted");
  for (const line of (registry.text() + (await processMetrics())).split("\n")) {
    const [, family] = line.match(/^# TYPE (\S+)/) ?? [];
    if (family) served.set(family, new Set(["replica"]));
    const [, name = "", labels = ""] = line.match(/^(\w+)(?:\{(.*)\})? /) ?? [];
    for (const [, label = ""] of labels.matchAll(/(\w+)="/g)) served.get(familyOf(name))?.add(label);
  }
});

const familyOf = (name: string) => (served.has(name) ? name : name.replace(/_(bucket|sum|count)$/, ""));

/** The expressions of a file, whatever else it holds. */
const expressions = {
  "ops/alert-rules.yml": (text: string) =>
    [...text.matchAll(/^ +expr: (\|\n(?: {10}.*\n)+|.*)$/gm)].map(([, expression = ""]) => expression),
  "ops/dashboard.json": (text: string) =>
    [...text.matchAll(/"expr": ("(?:[^"\\]|\\.)*")/g)].map(([, quoted = ""]) => JSON.parse(quoted) as string),
};

/** Its metrics with the labels that it asks of them, in braces or in the nearest `by` before them. */
function metricsIn(expression: string): { name: string; labels: string[] }[] {
  const found = [...expression.matchAll(/\b((?:connector|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)];
  return found.map(({ 1: name = "", 2: matchers = "", index }) => {
    const grouped = [...expression.slice(0, index).matchAll(/\bby \(([^)]*)\)/g)].at(-1)?.[1] ?? "";
    const asked = [...matchers.matchAll(/(\w+)(?:=~|!=|=)/g)].map(([, label = ""]) => label);
    return { name, labels: [...asked, ...grouped.split(",").map((label) => label.trim())].filter(Boolean) };
  });
}

describe.each(Object.entries(expressions))("%s", (path, expressionsIn) => {
  const found = expressionsIn(readFileSync(path, "utf8"));

  it("asks for figures that are served, with their labels", () => {
    expect(found.length).toBeGreaterThan(10);
    const strange = found.flatMap(metricsIn).flatMap(({ name, labels }) => {
      const family = served.get(familyOf(name));
      const known = new Set([...(family ?? []), ...(name.endsWith("_bucket") ? ["le"] : [])]);
      return family ? labels.filter((label) => !known.has(label)).map((label) => `${name} ${label}`) : [name];
    });
    expect(strange).toEqual([]);
  });

  it("counts nothing twice where two replicas are scraped: max or min comes first", () => {
    const bare = found.filter((expression) =>
      [...expression.matchAll(/\b(?:connector|process|nodejs)_\w+/g)].some(({ index }) => {
        const before = expression.slice(0, index);
        return !/(?:max|min)(?: by \([^)]*\))? \(?(?:rate\(|increase\(|\()?$|(?:max|min|absent)\($/.test(
          before,
        );
      }),
    );
    expect(bare).toEqual([]);
  });

  it("leaves nothing out of what is added up: the greatest is taken of one and the same series alone", () => {
    const merged = found.flatMap((expression) =>
      [...expression.matchAll(/max by \(([^)]*)\) \((?:rate|increase)\((\w+)(?:\{([^}]*)\})?/g)].flatMap(
        ([, by = "", name = "", matchers = ""]) =>
          [...(served.get(familyOf(name)) ?? [])]
            .filter((label) => !by.split(", ").includes(label) && !matchers.includes(`${label}="`))
            .map((label) => `${name} by (${by}): ${label}`),
      ),
    );
    expect(merged).toEqual([]);
  });
});

it("the rules cover every figure that says that something is wrong", () => {
  const text = readFileSync("ops/alert-rules.yml", "utf8");
  const needed = [
    "sending_paused",
    "failures_total",
    "webhooks_refused_total",
    "dead_letters",
    "dependency_up",
  ];
  expect(needed.filter((name) => !text.includes(`connector_${name}`))).toEqual([]);
});

it("the dashboard shows every figure of the connector", () => {
  const text = readFileSync("ops/dashboard.json", "utf8");
  const own = [...served.keys()].filter((name) => name.startsWith("connector_"));
  expect(own.filter((name) => !text.includes(name))).toEqual([]);
});

it("the figures are these, and those of the process", () => {
  const own = [...served.keys()].filter((name) => !/^(process|nodejs)_/.test(name));
  expect(own.toSorted()).toEqual([
    "connector_build_info",
    "connector_dead_letters",
    "connector_dependency_up",
    "connector_events_dropped_total",
    "connector_failures_total",
    "connector_in_doubt_messages",
    "connector_last_status_timestamp_seconds",
    "connector_messages_accepted_total",
    "connector_messages_suppressed_total",
    "connector_queue_jobs",
    "connector_queue_wait_seconds",
    "connector_report_delay_seconds",
    "connector_reports_total",
    "connector_requests_total",
    "connector_send_duration_seconds",
    "connector_sending_paused",
    "connector_sending_rate",
    "connector_sends_total",
    "connector_statuses_total",
    "connector_template_catalog_age_seconds",
    "connector_webhooks_refused_total",
  ]);
});
