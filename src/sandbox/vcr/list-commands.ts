import { at, type Command, integer, MANY } from "./command.ts";
import { CommandError, type Keyspace } from "./keyspace.ts";

/** Redis' inclusive range with negative positions counted from the end, as slice bounds. */
function bounds(length: number, args: string[]): [number, number] {
  const [start, end] = [integer(args[0]), integer(args[1])].map((n) =>
    n < 0 ? Math.max(length + n, -1) : n,
  );
  return [Math.max(start as number, 0), (end as number) + 1];
}

function position(list: string[], text: string): number {
  const index = integer(text);
  return index < 0 ? list.length + index : index;
}

function pop(space: Keyspace, key: string, args: string[], take: (list: string[], n: number) => string[]) {
  const count = integer(args[0]);
  if (count < 0) throw new CommandError("ERR value is out of range, must be positive");
  const list = space.list(key);
  if (list.length === 0) return null;
  const taken = take(list, count);
  space.store(key, list);
  return taken;
}

function push(space: Keyspace, key: string, put: (list: string[]) => number): number {
  const list = space.list(key);
  const length = put(list);
  space.store(key, list);
  return length;
}

/** Those of lists. */
export const LIST_COMMANDS: Record<string, Command> = {
  RPUSH: { arity: [1, MANY], run: (space, key, args) => push(space, key, (list) => list.push(...args)) },
  LPUSH: {
    arity: [1, MANY],
    run: (space, key, args) => push(space, key, (list) => list.unshift(...args.toReversed())),
  },
  RPOP: {
    arity: [1, 1],
    run: (space, key, args) =>
      pop(space, key, args, (list, n) => list.splice(Math.max(list.length - n, 0)).reverse()),
  },
  LPOP: { arity: [1, 1], run: (space, key, args) => pop(space, key, args, (list, n) => list.splice(0, n)) },
  LLEN: { arity: [0, 0], run: (space, key) => space.list(key).length },
  LRANGE: {
    arity: [2, 2],
    run(space, key, args) {
      const list = space.list(key);
      return list.slice(...bounds(list.length, args));
    },
  },
  LINDEX: {
    arity: [1, 1],
    run(space, key, args) {
      const list = space.list(key);
      return list[position(list, at(args, 0))] ?? null;
    },
  },
  LSET: {
    arity: [2, 2],
    run(space, key, args) {
      const list = space.list(key);
      if (list.length === 0) throw new CommandError("ERR no such key");
      const index = position(list, at(args, 0));
      if (index < 0 || index >= list.length) throw new CommandError("ERR index out of range");
      list[index] = at(args, 1);
      return "OK";
    },
  },
  LREM: {
    arity: [2, 2],
    run(space, key, args) {
      const list = space.list(key);
      const count = integer(args[0]);
      let left = count === 0 ? MANY : Math.abs(count);
      const keep = (item: string) => {
        const isRemoved = item === args[1] && left > 0;
        if (isRemoved) left -= 1;
        return !isRemoved;
      };
      const kept = count < 0 ? list.toReversed().filter(keep).reverse() : list.filter(keep);
      space.store(key, kept);
      return list.length - kept.length;
    },
  },
  LTRIM: {
    arity: [2, 2],
    run(space, key, args) {
      const list = space.list(key);
      space.store(key, list.slice(...bounds(list.length, args)));
      return "OK";
    },
  },
  LINSERT: {
    arity: [3, 3],
    run(space, key, args) {
      const side = at(args, 0).toUpperCase();
      if (side !== "BEFORE" && side !== "AFTER") throw new CommandError("ERR syntax error");
      const list = space.list(key);
      if (list.length === 0) return 0;
      const pivot = list.indexOf(at(args, 1));
      if (pivot < 0) return -1;
      list.splice(side === "BEFORE" ? pivot : pivot + 1, 0, at(args, 2));
      return list.length;
    },
  },
};
