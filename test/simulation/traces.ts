/** Prints the traces of the worlds whose seeds are given, in that order, as JSON. */
import "./globals.ts";

const { draw } = await import("./draw.ts");
const { run } = await import("./run.ts");

const traces: string[] = [];
for (const seed of process.argv.slice(2)) traces.push((await run(draw(Number(seed)))).trace);
console.log(JSON.stringify(traces));
