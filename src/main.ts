import { ConfigError, parseConfig } from "./config.ts";
import { type Connector, start } from "./connector.ts";

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

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    void connector.stop().then(() => process.exit(0));
  });
}
