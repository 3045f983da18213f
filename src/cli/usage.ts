/** What is wrong with the options, when that is what was thrown: Node's own words go on too long. */
export function usageFault(error: unknown): string | undefined {
  const { code, message = "" } = (error ?? {}) as NodeJS.ErrnoException;
  return code?.startsWith("ERR_PARSE_ARGS")
    ? `${message.split(". ")[0]}: --help lists the options`
    : undefined;
}
