/** The names of what people get to see in a template's components and in WebEngage's template data. */
const PRIVATE = new Set([
  ...["text", "payload", "fallback_value", "address", "filename"],
  ...["templateVariables", "message", "locationName", "locationAddress", "fileName", "buttonUrlParam"],
]);

/** The same value with the auditor's tag behind every private text, so that a log that shows one is found out. */
export function withCanaries<T>(value: T, name = ""): T {
  if (typeof value === "string") return (PRIVATE.has(name) ? `${value} canary` : value) as T;
  if (Array.isArray(value)) return value.map((item) => withCanaries(item, name)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withCanaries(item, key)])) as T;
}
