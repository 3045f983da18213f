import { type Config, contradictions, needs, toConfig, variables } from "./schema.ts";

/** Thrown by parseConfig: every fault at once, one line each, without a secret in it. */
export class ConfigError extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(
      `The configuration has ${faults.length === 1 ? "a fault" : `${faults.length} faults`}:\n${faults.map((f) => `- ${f}`).join("\n")}`,
    );
    this.name = "ConfigError";
    this.faults = faults;
  }
}

/**
 * Reads the environment once. `VCR_X` wins over `X`; empty values count as absent.
 * Throws a ConfigError that names every fault together.
 */
export function parseConfig(env: Record<string, string | undefined>): Config {
  const input: Record<string, string> = {};
  for (const name of Object.keys(variables.shape)) {
    const value = nonEmpty(env[name]) ?? (name.startsWith("VCR_") ? nonEmpty(env[name.slice(4)]) : undefined);
    if (value !== undefined) input[name] = value;
  }
  const parsed = variables.safeParse(input);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => {
      const name = path[0] as keyof typeof variables.shape;
      return input[name] === undefined
        ? `${name} is missing: ${variables.shape[name].description}`
        : `${name} ${message}`;
    });
    throw new ConfigError([...new Set(faults), ...incompleteSets(input)]);
  }
  const faults = [...incompleteSets(input), ...contradictions(parsed.data)];
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(toConfig(parsed.data));
}

const nonEmpty = (value: string | undefined) =>
  value === undefined || value.trim() === "" ? undefined : value.trim();

const incompleteSets = (input: Record<string, string>) =>
  Object.entries(needs).flatMap(([name, needed]) => {
    const isMissing = (others: string) => others.split(" or ").every((other) => input[other] === undefined);
    const missing = input[name] === undefined ? [] : needed.filter(isMissing);
    const [are, them] = missing.length === 1 ? ["is", "it"] : ["are", "them"];
    return missing.length === 0 ? [] : [`${missing.join(" and ")} ${are} missing: ${name} needs ${them}`];
  });
