import { deadLetters } from "./dead-letter-commands.ts";
import { terminal } from "./usage.ts";

process.exitCode = await deadLetters(process.argv.slice(2), process.env, terminal);
