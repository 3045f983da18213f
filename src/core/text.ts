import { z } from "zod";

/**
 * A text of at least one character and at most so many. Zod's own `min` and `max` measure what is no text as well, and
 * throw where that has a `length` without a value.
 */
export const text = (most = Number.POSITIVE_INFINITY) =>
  z.string().refine(({ length }) => length > 0 && length <= most);

/** More than blanks. */
export const filled = z.string().refine((value) => value.trim() !== "");

/** A text as a part of an address. Half a character, as one that was cut has it, cannot be written there. */
export const inAddress = (part: string): string => encodeURIComponent(Buffer.from(part).toString());
