/** Figures in Prometheus' text format. Labels hold words from short lists only: no ids, no numbers of people. */
export interface Registry {
  counter(name: string, help: string, labels?: readonly string[]): Counter;
  histogram(name: string, help: string, labels: readonly string[], buckets: readonly number[]): Histogram;
  /** Read when it is asked for. */
  gauge(name: string, help: string, labels: readonly string[], read: () => Iterable<Sample>): void;
  /** A counter that somebody else keeps. */
  counted(name: string, help: string, read: () => number): void;
  /** Every family with its samples now. */
  text(): string;
}

/** The values of the labels, in their order, and the figure. */
export type Sample = readonly [labels: readonly string[], value: number];

export interface Counter {
  inc(...labels: string[]): void;
  /** There from the first scrape, with 0. */
  preset(...labels: string[]): void;
}

export interface Histogram {
  observe(value: number, ...labels: string[]): void;
  preset(...labels: string[]): void;
}

/** Whatever a label is filled with: past so many of one family, the last label's word is `other`. */
const MOST_SERIES = 200;
const SEPARATOR = "\u0001";

interface Distribution {
  counts: number[];
  sum: number;
  count: number;
}

export function createRegistry(): Registry {
  const families: (() => string)[] = [];

  function family(name: string, help: string, type: string, samples: () => Iterable<string>): void {
    families.push(() => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples(), ""].join("\n"));
  }

  return {
    counter(name, help, labels = []) {
      const values = createSeries(() => ({ value: 0 }));
      family(name, help, "counter", () =>
        values.all().map(([given, { value }]) => `${name}${labelText(labels, given)} ${value}`),
      );
      return {
        inc(...given) {
          values.of(given).value++;
        },
        preset: (...given) => void values.of(given),
      };
    },
    histogram(name, help, labels, buckets) {
      const values = createSeries((): Distribution => ({ counts: buckets.map(() => 0), sum: 0, count: 0 }));
      family(name, help, "histogram", () =>
        values.all().flatMap(([given, { counts, sum, count }]) => {
          const bounds = [...buckets.map(String), "+Inf"];
          let below = 0;
          const lines = bounds.map((bound, index) => {
            below += counts[index] ?? 0;
            const upTo = index < counts.length ? below : count;
            return `${name}_bucket${labelText([...labels, "le"], [...given, bound])} ${upTo}`;
          });
          const text = labelText(labels, given);
          return [...lines, `${name}_sum${text} ${sum}`, `${name}_count${text} ${count}`];
        }),
      );
      return {
        observe(value, ...given) {
          const distribution = values.of(given);
          distribution.sum += value;
          distribution.count++;
          const index = buckets.findIndex((bound) => value <= bound);
          if (index >= 0) distribution.counts[index] = (distribution.counts[index] ?? 0) + 1;
        },
        preset: (...given) => void values.of(given),
      };
    },
    gauge(name, help, labels, read) {
      family(name, help, "gauge", () =>
        [...read()].map(([given, value]) => `${name}${labelText(labels, given)} ${value}`),
      );
    },
    counted(name, help, read) {
      family(name, help, "counter", () => [`${name} ${read()}`]);
    },
    text: () => families.map((write) => write()).join(""),
  };
}

function createSeries<T>(make: () => T) {
  const values = new Map<string, T>();

  function added(key: string): T {
    const value = make();
    values.set(key, value);
    return value;
  }

  return {
    of(labels: readonly string[]): T {
      const key = labels.length === 1 ? (labels[0] as string) : labels.join(SEPARATOR);
      const known = values.get(key);
      if (known) return known;
      if (values.size < MOST_SERIES || labels.length === 0) return added(key);
      const other = [...labels.slice(0, -1), "other"].join(SEPARATOR);
      return values.get(other) ?? added(other);
    },
    all: (): [labels: string[], value: T][] =>
      [...values].map(([key, value]) => [key === "" ? [] : key.split(SEPARATOR), value]),
  };
}

function labelText(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return "";
  return `{${names.map((name, index) => `${name}="${escaped(values[index] ?? "")}"`).join(",")}}`;
}

const escaped = (value: string) =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const HEADER = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.*)$/;

/**
 * The texts of several replicas as one: each family once, each sample with its replica as a label. What is no sample
 * is left out: such a text comes from another process.
 */
export function mergedText(parts: readonly { replica: string; text: string }[]): string {
  const families = new Map<string, { help: string; type: string; samples: string[] }>();
  for (const { replica, text } of parts) {
    let current = "";
    for (const line of text.split("\n")) {
      const [, header, name = "", words = ""] = line.match(HEADER) ?? [];
      if (header) {
        current = name;
        const family = families.get(name) ?? { help: "", type: "untyped", samples: [] };
        families.set(name, family);
        if (header === "HELP") family.help ||= words;
        else family.type = words;
        continue;
      }
      const [, sampled = "", labels, value] = line.match(SAMPLE) ?? [];
      if (value === undefined || !sampled.startsWith(current)) continue;
      const all = [`replica="${escaped(replica)}"`, ...(labels ? [labels] : [])].join(",");
      families.get(current)?.samples.push(`${sampled}{${all}} ${value}`);
    }
  }
  return [...families]
    .map(([name, { help, type, samples }]) =>
      [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples, ""].join("\n"),
    )
    .join("");
}
