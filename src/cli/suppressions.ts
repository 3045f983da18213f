import { suppressions } from "./suppression-commands.ts";

process.exitCode = await suppressions(process.argv.slice(2), process.env, {
  out: (text) => console.log(text),
  error: (text) => console.error(text),
});
