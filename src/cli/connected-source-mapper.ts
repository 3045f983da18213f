import { parseArgs } from "node:util";
import { MAPPER } from "../platforms/moengage/from-event.ts";
import { usageFault } from "./usage.ts";

const HELP = "Prints the mapper that MoEngage needs for the event stream. There are no options.";

try {
  const { values } = parseArgs({ options: { help: { type: "boolean" } } });
  console.log(values.help ? HELP : JSON.stringify(MAPPER, null, 2));
} catch (error) {
  console.error(usageFault(error) ?? (error as Error).message);
  process.exitCode = 2;
}
