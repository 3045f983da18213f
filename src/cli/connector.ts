import { connector } from "./console-commands.ts";
import { terminal } from "./usage.ts";

process.exitCode = await connector(process.argv.slice(2), process.env, terminal);
