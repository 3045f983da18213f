import type { Net } from "./net.ts";
import { WORLD } from "./net.ts";
import { type Replica, startReplica } from "./replica.ts";
import type { Owner, Scheduler } from "./scheduler.ts";
import type { Fault, World } from "./world.ts";

type Of<K extends Fault["kind"]> = Extract<Fault, { kind: K }>;

export interface FleetOptions {
  world: World;
  scheduler: Scheduler;
  net: Net;
  env: Record<string, string>;
  isActive(fault: Fault): boolean;
  log(line: string, owner: Owner): void;
  tell(line: string): void;
  strike(what: string): void;
  failed(error: unknown): void;
}

/** The replicas of one instance: who lives, who dies, and who comes after. */
export interface Fleet {
  start(): void;
  /** Counts what a replica does from a kill's moment on: true when it is dead of it. */
  kills(from: Owner, isDone: boolean): boolean;
  /** Somebody asked for a replica that is not there. */
  missed(): void;
  begin: { [K in "kill" | "pause" | "deploy" | "zero"]: (fault: Of<K>) => void };
  /** All that is wrong with them is put right. */
  makePeace(): void;
  isWhole(): boolean;
  /** One after the other, of those that listen. */
  next(): string | undefined;
  hasStoodStill(host: string, since: number): boolean;
  end(): void;
}

interface Slot {
  replica?: Replica;
  lives: number;
  isNext: boolean;
}

/** Between two replicas of a rolling deploy. */
const STEP_MS = 2_000;

export function createFleet(options: FleetOptions): Fleet {
  const { world, scheduler, net, isActive, tell, strike } = options;
  const slots: Slot[] = Array.from({ length: world.replicas }, () => ({ lives: 0, isNext: false }));
  const armed = new Map<Of<"kill">, number>();
  let isPeace = false;
  let isAsleep = false;
  let changed: Record<string, string> = {};
  let routed = 0;
  let deploys = Promise.resolve();

  function startSlot(slot: number): void {
    const place = slots[slot] as Slot;
    const skews = world.faults.filter((fault) => fault.kind === "skew" && fault.replica === slot);
    place.replica = startReplica({
      ...{ seed: world.seed, slot, life: place.lives++, scheduler, net },
      ...{ env: { ...options.env, ...changed }, isNext: place.isNext, log: options.log },
      skewMs: () =>
        skews.filter(isActive).reduce((sum, fault) => sum + (fault.kind === "skew" ? fault.ms : 0), 0),
    });
    place.replica.started.catch(options.failed);
  }

  function revive(slot: number): void {
    if (!isAsleep && !slots[slot]?.replica?.owner.isAlive) startSlot(slot);
  }

  function killSlot(slot: number, why: string): void {
    const { replica } = slots[slot] ?? {};
    if (!replica?.owner.isAlive) return;
    tell(`${replica.owner.name} is killed ${why}`);
    net.kill(replica.owner);
  }

  function later(work: () => Promise<void>): void {
    deploys = deploys.then(work);
  }

  /** One after another, each replica after the one before it. */
  async function renew(stepMs = STEP_MS): Promise<void> {
    for (const [slot, place] of slots.entries()) {
      await place.replica?.stop();
      revive(slot);
      await new Promise<void>((resolve) => void scheduler.after(stepMs, WORLD, resolve));
    }
  }

  function deploy(env: Record<string, string>): void {
    later(() => {
      changed = isPeace ? {} : env;
      tell(`a deploy begins ${JSON.stringify(changed)}`);
      return renew();
    });
  }

  function wake(): void {
    if (!isAsleep) return;
    isAsleep = false;
    tell("the instance wakes up");
    for (const slot of slots.keys()) revive(slot);
  }

  const listening = () => slots.filter(({ replica }) => replica?.isListening());

  return {
    start: () => slots.forEach((_, slot) => void startSlot(slot)),
    kills(from, isDone) {
      for (const [fault, left] of armed) {
        if (fault.isDone !== isDone || slots[fault.replica]?.replica?.owner !== from) continue;
        if (left > 0) {
          armed.set(fault, left - 1);
          continue;
        }
        armed.delete(fault);
        killSlot(fault.replica, isDone ? "as its call was done" : "before a call");
        strike("kill");
        scheduler.after(fault.for, WORLD, () => revive(fault.replica));
        return true;
      }
      return false;
    },
    missed: wake,
    begin: {
      kill: (fault) => void armed.set(fault, fault.after),
      pause(fault) {
        const { replica } = slots[fault.replica] ?? {};
        if (!replica) return;
        strike("pause");
        tell(`${replica.owner.name} stands still for ${fault.for} ms`);
        replica.owner.pausedUntil = scheduler.now() + fault.for;
      },
      deploy(fault) {
        strike(fault.env ? "variable" : fault.isNext ? "release" : "deploy");
        if (fault.isNext)
          return later(() => {
            tell("the next release is deployed");
            for (const place of slots) place.isNext = true;
            return renew(Math.max(STEP_MS, fault.for / slots.length));
          });
        deploy(fault.env ?? {});
        if (fault.env) scheduler.after(fault.for, WORLD, () => !isPeace && deploy({}));
      },
      zero(fault) {
        strike("zero");
        later(async () => {
          if (isPeace) return;
          tell("nobody needs the instance: it is scaled to zero");
          isAsleep = true;
          await Promise.all(slots.map(({ replica }) => replica?.stop()));
          scheduler.after(fault.for, WORLD, wake);
        });
      },
    },
    makePeace() {
      isPeace = true;
      armed.clear();
      for (const { replica } of slots) if (replica) replica.owner.pausedUntil = 0;
      wake();
      for (const slot of slots.keys()) revive(slot);
      if (world.faults.some((fault) => fault.kind === "deploy" && fault.env)) deploy({});
    },
    isWhole: () => listening().length === slots.length,
    next() {
      const open = listening();
      return open.length === 0 ? undefined : `r${open[routed++ % open.length]?.replica?.slot}.sim`;
    },
    hasStoodStill: (host, since) =>
      slots.some(({ replica }, slot) => host === `r${slot}.sim` && (replica?.owner.pausedUntil ?? 0) > since),
    end() {
      for (const { replica } of slots) if (replica) net.kill(replica.owner);
    },
  };
}
