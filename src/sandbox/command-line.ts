import { createServer } from "node:net";

/** What ends a command: said to whoever typed it in one sentence with the remedy. */
export interface Ending {
  sentence: string;
  /** 2 for wrong usage, 1 for anything else. */
  code: number;
}

/** An option with a value that makes no sense. */
export class UsageFault extends Error {
  readonly code = "ERR_PARSE_ARGS_INVALID_OPTION_VALUE";
}

/** An error in words, and never as a stack. */
export function inWords(error: unknown): Ending {
  const { code, message = String(error), port } = (error ?? {}) as NodeJS.ErrnoException & { port?: number };
  if (code?.startsWith("ERR_PARSE_ARGS"))
    return { sentence: `${message.split(". ")[0]}: --help lists the options`, code: 2 };
  if (code === "EADDRINUSE") return { sentence: portTaken(port ?? 0), code: 1 };
  return { sentence: message, code: 1 };
}

const portTaken = (port: number, remedy = "choose another") =>
  `Port ${port} is taken: stop what listens there, or ${remedy}`;

/** Runs a command; resolves once it has set the process's exit code, or ends the process where it failed. */
export async function runCommand(main: () => number | Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    const { sentence, code } = inWords(error);
    process.stderr.write(`${sentence}\n`);
    // Whatever it had started would keep it alive.
    process.exit(code);
  }
}

/** Rejects when somebody listens on the port already. */
export async function mustBeFree(port: number, remedy?: string): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", () => reject(new Error(portTaken(port, remedy))));
    probe.listen(port, () => probe.close(() => resolve()));
  });
}
