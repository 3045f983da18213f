import { readFileSync, writeFileSync } from "node:fs";
import { GUIDES_WITH_CODES, withCodeTables } from "./code-tables.ts";

/** `npx tsx test/docs/write-code-tables.ts`: brings the guides' tables up to the dictionary. */
for (const guide of GUIDES_WITH_CODES) writeFileSync(guide, withCodeTables(readFileSync(guide, "utf8")));
