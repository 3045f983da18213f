/** The release; package.json names the same. */
export const VERSION = "0.1.0";
