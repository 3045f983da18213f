/** The latest entries: so many at least, twice as many at the most. */
export interface Recent<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  delete(key: string): void;
}

/** Two generations: what is too old goes all at once, so that an entry costs next to nothing. */
export function createRecent<T>(size: number): Recent<T> {
  let [young, old] = [new Map<string, T>(), new Map<string, T>()];
  return {
    get: (key) => young.get(key) ?? old.get(key),
    delete(key) {
      young.delete(key);
      old.delete(key);
    },
    set(key, value) {
      young.set(key, value);
      if (young.size < size) return;
      old = young;
      young = new Map();
    },
  };
}
