import { existsSync } from "node:fs";
import { connector } from "./console-commands.ts";
import { terminal } from "./usage.ts";

if (existsSync(".env")) process.loadEnvFile();
process.exitCode = await connector(process.argv.slice(2), process.env, terminal);
