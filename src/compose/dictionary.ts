import { type CodeTable, OWN_CODES, wordsIn } from "../core/codes.ts";
import type { CodeWords, Dictionary } from "../core/insight.ts";
import { PLATFORM_CODES } from "../platforms/registry.ts";
import { ANSWER_CODES, STATUS_CODES } from "../vonage/codes.ts";
import { META_CODES } from "../vonage/meta-codes.ts";

/** Codes that a message can end with, and those of requests that were refused. No two tables have the same code. */
export const MESSAGE_CODES: Readonly<Record<string, CodeTable>> = {
  connector: OWN_CODES,
  vonage: STATUS_CODES,
  meta: META_CODES,
  answers: ANSWER_CODES,
};

const UNKNOWN: CodeWords = {
  description: "The message failed for a reason that the connector does not know",
  nextStep: "Read the words beside the code, and look for the message in Vonage's message logs.",
};

/** A platform's own code is asked for with the platform's name and a slash before it. */
export const dictionary: Dictionary = (code) => {
  const [platform = "", platformCode] = code.split("/");
  const tables = platformCode === undefined ? Object.values(MESSAGE_CODES) : tablesOf(platform);
  for (const table of tables) {
    const words = wordsIn(table, platformCode ?? code);
    if (words) return words;
  }
  return UNKNOWN;
};

const tablesOf = (platform: string) =>
  Object.hasOwn(PLATFORM_CODES, platform) ? [PLATFORM_CODES[platform] as CodeTable] : [];
