import { at, type Command, integer, MANY } from "./command.ts";
import { CommandError, type Keyspace } from "./keyspace.ts";
import { LIST_COMMANDS } from "./list-commands.ts";

function addTo(current: string | undefined, amount: number): string {
  if (current !== undefined && !/^-?\d+$/.test(current)) {
    throw new CommandError("ERR value is not an integer or out of range");
  }
  return String(integer(String(Number(current ?? "0") + amount)));
}

function addToKey(space: Keyspace, key: string, amount: number): number {
  const next = addTo(space.text(key), amount);
  space.setText(key, next, true);
  return Number(next);
}

const EXPIRE_RULES: Record<string, (next: number, current: number | undefined) => boolean> = {
  NX: (_next, current) => current === undefined,
  XX: (_next, current) => current !== undefined,
  GT: (next, current) => current !== undefined && next > current,
  LT: (next, current) => current === undefined || next < current,
};

function globToPattern(glob: string): RegExp {
  const escaped = glob.replace(/[.+^${}()|\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/\*/g, ".*").replace(/\?/g, ".")}$`, "s");
}

function scan(space: Keyspace, key: string, args: string[]): [string, string[]] {
  const from = integer(args[0]);
  const options = new Map<string, string>();
  for (let index = 1; index < args.length; index += 2) {
    const [name, value] = [at(args, index).toUpperCase(), args[index + 1]];
    if ((name !== "MATCH" && name !== "COUNT") || value === undefined)
      throw new CommandError("ERR syntax error");
    options.set(name, value);
  }
  const count = integer(options.get("COUNT") ?? "10");
  if (count < 1) throw new CommandError("ERR syntax error");
  const pattern = globToPattern(options.get("MATCH") ?? "*");
  const fields = [...space.hash(key)];
  const page = fields.slice(from, from + count);
  const next = from + count < fields.length ? String(from + count) : "0";
  return [next, page.filter(([field]) => pattern.test(field)).flat()];
}

/** Every operation the State provider offers, apart from full-text search. https://redis.io/docs/latest/commands/ */
export const COMMANDS: Record<string, Command> = {
  SET: {
    arity: [1, 1],
    run(space, key, args) {
      space.setText(key, at(args, 0), false);
      return "OK";
    },
  },
  GET: { arity: [0, 0], run: (space, key) => space.text(key) ?? null },
  DEL: { arity: [0, 0], run: (space, key) => Number(space.remove(key)) },
  INCRBY: { arity: [1, 1], run: (space, key, args) => addToKey(space, key, integer(args[0])) },
  DECRBY: { arity: [1, 1], run: (space, key, args) => addToKey(space, key, -integer(args[0])) },
  EXPIRE: {
    arity: [1, 2],
    run(space, key, args, now) {
      const expiresAt = now() + integer(args[0]) * 1000;
      const rule = args[1] === undefined ? () => true : EXPIRE_RULES[args[1].toUpperCase()];
      if (rule === undefined) throw new CommandError(`ERR Unsupported option ${args[1]}`);
      if (!space.has(key) || !rule(expiresAt, space.expiry(key))) return 0;
      space.setExpiry(key, expiresAt);
      return 1;
    },
  },
  HSET: {
    arity: [2, MANY],
    run(space, key, args) {
      if (args.length % 2 !== 0) throw new CommandError("ERR wrong number of arguments for 'hset' command");
      const hash = space.hash(key);
      const before = hash.size;
      for (let index = 0; index < args.length; index += 2) hash.set(at(args, index), at(args, index + 1));
      space.store(key, hash);
      return hash.size - before;
    },
  },
  HGET: { arity: [1, 1], run: (space, key, args) => space.hash(key).get(at(args, 0)) ?? null },
  HGETALL: { arity: [0, 0], run: (space, key) => [...space.hash(key)].flat() },
  HMGET: {
    arity: [1, MANY],
    run(space, key, args) {
      const hash = space.hash(key);
      return args.map((field) => hash.get(field) ?? null);
    },
  },
  HVALS: { arity: [0, 0], run: (space, key) => [...space.hash(key).values()] },
  HDEL: {
    arity: [1, MANY],
    run(space, key, args) {
      const hash = space.hash(key);
      const removed = args.filter((field) => hash.delete(field)).length;
      space.store(key, hash);
      return removed;
    },
  },
  HEXISTS: { arity: [1, 1], run: (space, key, args) => Number(space.hash(key).has(at(args, 0))) },
  HLEN: { arity: [0, 0], run: (space, key) => space.hash(key).size },
  HINCRBY: {
    arity: [2, 2],
    run(space, key, args) {
      const hash = space.hash(key);
      const next = addTo(hash.get(at(args, 0)), integer(args[1]));
      hash.set(at(args, 0), next);
      space.store(key, hash);
      return Number(next);
    },
  },
  HSCAN: { arity: [1, MANY], run: scan },
  ...LIST_COMMANDS,
};
