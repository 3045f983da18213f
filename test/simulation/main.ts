import "./globals.ts";

const { parseArgs } = await import("node:util");
const { run } = await import("./run.ts");
const { draw } = await import("./draw.ts");

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "1" },
    hours: { type: "string" },
    replicas: { type: "string" },
    timeline: { type: "boolean", default: false },
  },
});
const first = Number(values.seed);
let bad = 0;
const struck: Record<string, number> = {};
const began = performance.now();
for (let seed = first; seed < first + Number(values.seeds); seed++) {
  const world = draw(seed, {
    hours: values.hours === undefined ? undefined : Number(values.hours),
    replicas: values.replicas === undefined ? undefined : Number(values.replicas),
  });
  const at = performance.now();
  const outcome = await run(world, { withTimeline: values.timeline });
  for (const [what, count] of Object.entries(outcome.struck)) struck[what] = (struck[what] ?? 0) + count;
  for (const line of outcome.timeline) console.log(line);
  console.log(
    `seed ${seed}: ${outcome.messages} sent, ${outcome.exchanges} exchanges, ${(outcome.ms / 60_000).toFixed(1)} min in ${Math.round(performance.now() - at)} ms, trace ${outcome.trace} ${JSON.stringify(outcome.admitted)}`,
  );
  for (const { invariant, detail, at } of outcome.findings)
    console.log(`  ${invariant} at ${((at - world.start) / 1_000).toFixed(1)} s: ${detail}`);
  if (outcome.findings.length > 0) bad++;
}
console.log(
  Object.entries(struck)
    .sort()
    .map(([what, count]) => `${what}: ${count}`)
    .join(", "),
);
console.log(`${bad} bad, ${Math.round(performance.now() - began)} ms`);
