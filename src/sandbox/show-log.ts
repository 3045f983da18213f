import { readableOnScreen } from "./readable-log.ts";

// The connector is asked to stop, and says its last words; whoever shows them ends after it.
process.on("SIGINT", () => undefined);
const show = readableOnScreen();
process.stdin.setEncoding("utf8").on("data", (chunk: string) => show(chunk));
process.stdin.once("end", () => show("\n"));
