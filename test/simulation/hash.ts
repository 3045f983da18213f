/** 32 bits of these parts, well mixed: the same on every machine. */
export function hash(...parts: (string | number)[]): number {
  let mixed = 0x811c9dc5;
  for (const part of parts) {
    const text = String(part);
    for (let at = 0; at < text.length; at++) mixed = Math.imul(mixed ^ text.charCodeAt(at), 0x01000193);
    mixed = Math.imul(mixed ^ 0x7c, 0x01000193);
  }
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** From 0 up to 1: of these parts alone, so that nothing else shifts it. */
export const chance = (...parts: (string | number)[]) => hash(...parts) / 2 ** 32;
