export type Keywords = ReadonlySet<string>;

/** Punctuation, symbols, emoji and spaces around the words: `¡Alto!`, `"stop".` and `🛑 STOP` mean what they say. */
const AROUND = /^[\p{P}\p{S}\p{Z}\p{Cc}]+|[\p{P}\p{S}\p{Z}\p{Cc}]+$/gu;
/** Invisible marks: joiners, direction marks, variation selectors. */
const INVISIBLE = /\p{Cf}|\p{Variation_Selector}/gu;

/** Keywords in the form they are compared in. */
export function parseKeywords(words: readonly string[]): Keywords {
  return new Set(words.map(normalise).filter((word) => word !== ""));
}

/** True when the whole text is one of the keywords; a keyword inside a sentence or a longer word is none. */
export function matches(keywords: Keywords, text: string): boolean {
  // No keyword is that long, and the text is anybody's.
  return text.length <= 200 && keywords.has(normalise(text));
}

/** One spelling for every way to write the same words: width, case, accents' encoding, spacing. */
export function normalise(text: string): string {
  const plain = fold(text.normalize("NFKC").replace(INVISIBLE, ""));
  return (plain.replace(AROUND, "") || plain.trim()).replace(/\s+/gu, " ");
}

/** Upper then lower case folds what one step leaves apart (ß, final sigma); Turkish İ leaves a stray dot behind. */
const fold = (text: string) => text.toUpperCase().toLowerCase().normalize("NFKC").replaceAll("i\u0307", "i");
