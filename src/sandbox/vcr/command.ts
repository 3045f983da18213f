import { CommandError, type Keyspace } from "./keyspace.ts";

export type CommandAnswer = string | number | null | (string | null)[] | [string, string[]];

export interface Command {
  /** Fewest and most arguments. */
  arity: [number, number];
  run(space: Keyspace, key: string, args: string[], now: () => number): CommandAnswer;
}

export const MANY = Number.POSITIVE_INFINITY;

export function integer(text: string | undefined): number {
  const value = Number(text);
  if (text === undefined || !/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new CommandError("ERR value is not an integer or out of range");
  }
  return value;
}

/** The arguments by position; the arity was checked before. */
export const at = (args: string[], index: number) => args[index] as string;
