import { ConfigError, parseConfig } from "./config.ts";
import { type Connector, start } from "./connector.ts";
import { loggableError } from "./errors.ts";

let connector: Connector;
try {
  connector = await start(parseConfig(process.env));
} catch (error) {
  const reason =
    error instanceof ConfigError
      ? error.message
      : `The connector could not start: ${(error as Error).message}`;
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}

// One forgotten promise must not take down what serves everybody else.
process.on("unhandledRejection", (reason) => {
  process.stderr.write(
    `${JSON.stringify({ level: "error", msg: "Unhandled rejection", ...loggableError(reason) })}\n`,
  );
});
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    const exit = (code: number) => process.exit(code);
    void connector.stop().then(
      () => exit(0),
      () => exit(1),
    );
  });
}
