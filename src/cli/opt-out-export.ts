import { writeFile } from "node:fs/promises";
import { ConfigError, parseConfig } from "../config/parse.ts";
import { formatExport } from "../core/opt-out-file.ts";
import { everybody } from "../flows/inbound/opt-outs.ts";
import { ConnectorError } from "../lib/errors.ts";
import { createHttpClient } from "../lib/http-client.ts";
import { systemRuntime } from "../lib/runtime.ts";
import { createSession } from "../vcr/session.ts";
import { createState } from "../vcr/state.ts";
import type { Print } from "./usage.ts";

type Environment = Record<string, string | undefined>;

/** Whatever else is wrong with the connector's variables does not matter here. */
const NEEDED = /^(VCR_)?(API_ACCOUNT_ID|API_APPLICATION_ID|PRIVATE_KEY|INSTANCE_.*|PROVIDERS_URL)$|^DEBUG$/;

/**
 * Keeps all that is known of opt-outs in a file, whole numbers included: the console never tells those, so this reads
 * VCR's State by itself and runs where VCR is within reach. Resolves to the exit code.
 */
export async function exportOptOuts(
  [file, ...more]: string[],
  env: Environment,
  print: Print,
): Promise<number> {
  if (file === undefined || more.length > 0) {
    print.error("Say which file to write: opt-outs export FILE");
    return 2;
  }
  const needed = Object.fromEntries(Object.entries(env).filter(([name]) => NEEDED.test(name)));
  try {
    const config = parseConfig({
      ...needed,
      VCR_API_ACCOUNT_SECRET: "not used",
      VONAGE_SIGNATURE_SECRET: "not used",
    });
    const httpClient = createHttpClient(4);
    try {
      const entries = await everybody(createState(createSession(config, httpClient), systemRuntime));
      await writeFile(file, `${formatExport(entries)}\n`, { mode: 0o600 });
      print.out(`${entries.length} people written to ${file}: whole numbers, keep it safe`);
      return 0;
    } finally {
      await httpClient.close();
    }
  } catch (error) {
    print.error(explain(error));
    return 1;
  }
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  if (error instanceof ConnectorError)
    return `VCR did not answer (${error.code}): run it where VCR is within reach, in a "vcr debug" session of the same application or against a local VCR`;
  const { code, message } = error as NodeJS.ErrnoException;
  return code?.startsWith("E") ? message : `Stopped by an unexpected error ${code ?? ""}`.trim();
}
