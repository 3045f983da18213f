import type { Outcome } from "./run.ts";
import type { Fault, World } from "./world.ts";

const seconds = (ms: number) => `${(ms / 1_000).toFixed(3)} s`;

/** A world in words: who does what, and what goes wrong, in order. */
export function describeWorld(world: World): string {
  const { start, trouble, replicas, messages, words, syncs = [], faults, env } = world;
  const told: [number, string][] = [
    ...syncs.map((at): [number, string] => [at, "MoEngage looks at the templates"]),
    ...messages.map(({ at, id, platform, person, repeats }): [number, string] => {
      const again = repeats.length > 0 ? `, and again after ${repeats.map(seconds).join(", ")}` : "";
      return [at, `message ${id}, ${platform}, to person ${person}${again}`];
    }),
    ...words.map(({ at, person, channel, said, isHidden }): [number, string] => {
      return [at, `person ${person} says ${said} on ${channel}${isHidden ? " under the other name" : ""}`];
    }),
    ...faults.map((fault): [number, string] => [fault.at, inWords(fault)]),
  ];
  told.sort(([a], [b]) => a - b);
  return [
    `${replicas} replicas from ${new Date(start).toISOString()}, trouble for ${seconds(trouble)}, ${JSON.stringify(env ?? {})}`,
    ...told.map(([at, text]) => `${seconds(at).padStart(12)}  ${text}`),
  ].join("\n");
}

function inWords(fault: Fault): string {
  switch (fault.kind) {
    case "kill":
      return `replica ${fault.replica} is killed ${fault.isDone ? "when" : "before"} its call ${fault.after + 1} ${fault.isDone ? "is done" : "leaves"}; back after ${seconds(fault.for)}`;
    case "pause":
      return `replica ${fault.replica} stands still for ${seconds(fault.for)}`;
    case "skew":
      return `the clock of replica ${fault.replica} is ${seconds(fault.ms)} ahead for ${seconds(fault.for)}`;
    case "empty":
      return `State loses ${fault.prefix ?? "everything"}`;
    case "zero":
      return `the instance is scaled to zero for ${seconds(fault.for)}, or until somebody asks for it`;
    case "deploy":
      if (fault.isNext) return `a rolling deploy of the next release, over ${seconds(fault.for)}`;
      return fault.env
        ? `a rolling deploy that changes ${JSON.stringify(fault.env)}, put right after ${seconds(fault.for)}`
        : "a rolling deploy";
    default: {
      const { edge, share, ms, status } = fault;
      const how = [ms === undefined ? [] : seconds(ms), status ?? []].flat().join(", ");
      return `${edge}: ${fault.kind}${how ? ` (${how})` : ""}, ${Math.round(share * 100)} %, for ${seconds(fault.for)}`;
    }
  }
}

const SUBJECTS =
  /[0-9a-f]{24}_[0-9a-f]{24}_\d+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|~campaign\/[0-9a-f]+|999\d{9}/g;
const MOST_LINES = 400;

/** Of everything that happened what is about the messages and people of a finding, and what befell everybody. */
export function timelineOf({ findings, timeline }: Outcome): string[] {
  const subjects = [...new Set(findings.flatMap(({ detail }) => detail.match(SUBJECTS) ?? []))];
  const isTold = ({ text, about }: Outcome["timeline"][number]) =>
    about === undefined || subjects.some((subject) => text.includes(subject) || about.includes(subject));
  const lines = timeline.filter(isTold).map(({ text }) => text);
  return lines.length > MOST_LINES
    ? [...lines.slice(0, MOST_LINES), `… ${lines.length - MOST_LINES} more`]
    : lines;
}
