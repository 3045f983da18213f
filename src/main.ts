import { ConfigError, parseConfig } from "./config/parse.ts";
import { loggableError } from "./lib/errors.ts";

// The Vonage SDKs print tokens, bodies and the private key when DEBUG names them, and look at it once, when they
// are loaded; so what loads them is imported after this. `true` alone has a meaning of ours.
if (process.env["DEBUG"] !== "true") delete process.env["DEBUG"];
const { start } = await import("./compose.ts");

const connector = await startOrExit();

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

async function startOrExit() {
  try {
    return await start(parseConfig(process.env));
  } catch (error) {
    const reason =
      error instanceof ConfigError
        ? error.message
        : `The connector could not start: ${(error as Error).message}`;
    process.stderr.write(`${reason}\n`);
    process.exit(1);
  }
}
