/** Called with one line, or a few, at a time. */
export interface Print {
  out(text: string): void;
  error(text: string): void;
}

export const terminal: Print = {
  out: (text) => console.log(text),
  error: (text) => console.error(text),
};

/** What is wrong with the options, when that is what was thrown: Node's own words go on too long. */
export function usageFault(error: unknown): string | undefined {
  const { code, message = "" } = (error ?? {}) as NodeJS.ErrnoException;
  return code?.startsWith("ERR_PARSE_ARGS")
    ? `${message.split(". ")[0]}: --help lists the options`
    : undefined;
}
