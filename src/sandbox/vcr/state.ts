import { parseJson, type Reply } from "../server.ts";
import type { CommandAnswer } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { StateCommand } from "./contract.ts";
import { CommandError, createKeyspace, type Keyspace } from "./keyspace.ts";

export interface StateStore {
  /** Runs a command given as the provider's request body; `operation` is counted by the caller. */
  handle(body: Buffer): { reply: Reply; operation: string };
  /** For tests: the answer of one operation, without HTTP. Throws on a refused command. */
  run(namespace: string, operation: string, key: string, args?: string[]): CommandAnswer;
  /** Forgets the keys that begin so; by default everything, as a store does that is lost. */
  forget(prefix?: string): void;
  /** The keys of all namespaces, with fields and values one after the other; a key without fields counts as one. */
  all(): { key: string; pairs: string[] }[];
}

const refuse = (message: string): Reply => ({ status: 400, body: { error: message } });

/** Redis behind one HTTP call per command; a string answer goes out as a JSON string, hence double encoded. */
export function createState(now: () => number): StateStore {
  const spaces = new Map<string, Keyspace>();

  const run: StateStore["run"] = (namespace, operation, key, args = []) => {
    const command = Object.hasOwn(COMMANDS, operation) ? COMMANDS[operation] : undefined;
    if (command === undefined) throw new CommandError(`ERR unknown command '${operation}'`);
    const [fewest, most] = command.arity;
    if (args.length < fewest || args.length > most) {
      throw new CommandError(`ERR wrong number of arguments for '${operation.toLowerCase()}' command`);
    }
    let space = spaces.get(namespace);
    if (space === undefined) {
      space = createKeyspace(now);
      spaces.set(namespace, space);
    }
    return command.run(space, key, args, now);
  };

  return {
    run,
    forget(prefix = "") {
      for (const space of spaces.values())
        for (const key of space.keys()) if (key.startsWith(prefix)) space.remove(key);
    },
    all: () =>
      [...spaces.values()].flatMap((space) => space.keys().map((key) => ({ key, pairs: space.pairs(key) }))),
    handle(body) {
      const command = StateCommand.safeParse(parseJson(body));
      if (!command.success) return { operation: "invalid", reply: refuse(command.error.message) };
      const { namespace, operation, key, args } = command.data;
      try {
        const answer = JSON.stringify(run(namespace, operation, key, args));
        const headers = { "content-type": "application/json" };
        return { operation, reply: { status: 200, body: answer, headers } };
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        return { operation, reply: refuse(error.message) };
      }
    },
  };
}
