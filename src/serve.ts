import { existsSync } from "node:fs";
import { type Connector, start } from "./compose.ts";
import { ConfigError, parseConfig } from "./config/parse.ts";
import { loggableError } from "./lib/errors.ts";

const NO_ENV =
  "There is no .env here: copy .env.example to .env and fill in its first ten lines. npm run vcr makes an account up";

/** Monitors and whoever routes see that it stops before it does. */
const DRAIN_MS = 2_000;

void startOrExit().then(serve);

/** Until a signal ends it. */
function serve(connector: Connector): void {
  // One forgotten promise must not take down what serves everybody else.
  process.on("unhandledRejection", (reason) => {
    process.stderr.write(
      `${JSON.stringify({ level: "error", replica: connector.replica, msg: "Unhandled rejection", ...loggableError(reason) })}\n`,
    );
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      const exit = (code: number) => process.exit(code);
      // Ctrl-C is for those who wait at a terminal.
      void connector.stop(signal === "SIGTERM" ? DRAIN_MS : 0).then(
        () => exit(0),
        () => exit(1),
      );
    });
  }
}

async function startOrExit() {
  try {
    return await start(parseConfig(process.env));
  } catch (error) {
    process.stderr.write(`${whyNot(error as NodeJS.ErrnoException & { port?: number })}\n`);
    process.exit(1);
  }
}

function whyNot(error: NodeJS.ErrnoException & { port?: number }): string {
  if (error instanceof ConfigError) return isBare() ? `${error.message}\n${NO_ENV}` : error.message;
  if (error.code === "EADDRINUSE")
    return `Port ${error.port} is taken: stop what listens there, or set VCR_PORT to another`;
  return `The connector could not start: ${error.message}`;
}

/** Nothing is configured in any way, as on a newcomer's own machine. */
function isBare(): boolean {
  const { VCR_API_ACCOUNT_ID, API_ACCOUNT_ID } = process.env;
  return !VCR_API_ACCOUNT_ID && !API_ACCOUNT_ID && !existsSync(".env");
}
