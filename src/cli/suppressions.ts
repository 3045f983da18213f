import { suppressions } from "./suppression-commands.ts";
import { terminal } from "./usage.ts";

process.exitCode = await suppressions(process.argv.slice(2), process.env, terminal);
