// The world's own process: does what it is told over its parent's channel.
import { createWorld, type World, type WorldOptions } from "./world.ts";

interface Wanted {
  id: number;
  call: "create" | keyof World;
  args: unknown[];
}

let world: World | undefined;

async function act({ call, args }: Wanted): Promise<unknown> {
  if (call === "create") {
    world = await createWorld(args[0] as WorldOptions);
    return undefined;
  }
  if (!world) throw new Error("There is no world yet");
  return (world[call] as (...args: unknown[]) => unknown)(...args);
}

process.on("message", (wanted: Wanted) => {
  act(wanted).then(
    (result) => process.send?.({ id: wanted.id, result }),
    (error: Error) => process.send?.({ id: wanted.id, error: error.stack }),
  );
});
process.on("disconnect", () => process.exit(0));
