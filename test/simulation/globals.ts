/**
 * Time and chance of the whole process, for what reads them where no port reaches: the fakes, which are the world
 * itself, and packages. Import it before anything else, so that what others keep of these functions is virtual too.
 */
import crypto from "node:crypto";
import { createRequire, syncBuiltinESMExports } from "node:module";
import timers from "node:timers";
import timersPromises from "node:timers/promises";
import zlib from "node:zlib";

/** Where virtual time and chance come from. */
export interface Source {
  now(): number;
  setTimeout(work: () => void, ms: number): object;
  clearTimeout(timer: object): void;
  /** 32 bits. */
  draw(): number;
}

export const real = { setImmediate, now: Date.now.bind(Date), setTimeout, randomUUID: crypto.randomUUID };

let source: Source | undefined;
let immediates = 0;

/** From now on; undefined gives the real ones back. */
export function setSource(next: Source | undefined): void {
  source = next;
  immediates = 0;
  if (!source) return;
  // It draws for sixteen at a time, and the world before has left some.
  for (const before = fills; fills === before; ) sdkUuid();
}
let fills = 0;

/** Whether something waits for the end of this turn of the event loop. */
export const hasImmediates = () => immediates > 0;

const RealDate = Date;
const now = () => (source ? source.now() : real.now());
class VirtualDate extends RealDate {
  constructor(...parts: unknown[]) {
    super(...((parts.length === 0 ? [now()] : parts) as [number]));
  }
  static override now = now;
}

function fill(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at++) bytes[at] = (source as Source).draw() & 0xff;
}
const drawn = (count: number) => {
  const bytes = Buffer.alloc(count);
  fill(bytes);
  return bytes;
};
/** A version 4 UUID of these sixteen bytes. */
export function uuidOf(bytes: Buffer): string {
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

type Work = (...args: unknown[]) => void;
const realTimers = { setTimeout, clearTimeout, setInterval, clearInterval };

class Timer {
  of: object | undefined;
  ref() {
    return this;
  }
  unref() {
    return this;
  }
  hasRef = () => true;
  refresh() {
    return this;
  }
  [Symbol.toPrimitive]() {
    return 0;
  }
}

function later(work: Work, ms = 0, ...args: unknown[]) {
  if (!source) return realTimers.setTimeout(work, ms, ...args);
  const timer = new Timer();
  timer.of = source.setTimeout(() => work(...args), ms);
  return timer;
}
function again(work: Work, ms = 0, ...args: unknown[]) {
  if (!source) return realTimers.setInterval(work, ms, ...args);
  const from = source;
  const timer = new Timer();
  const arm = () => {
    timer.of = from.setTimeout(() => {
      arm();
      work(...args);
    }, ms);
  };
  arm();
  return timer;
}
function never(timer: unknown) {
  if (timer instanceof Timer) {
    if (timer.of) source?.clearTimeout(timer.of);
  } else realTimers.clearTimeout(timer as NodeJS.Timeout);
}
function soon(work: Work, ...args: unknown[]) {
  const from = source;
  if (from) immediates++;
  return real.setImmediate(() => {
    if (from && from !== source) return;
    if (from) immediates--;
    work(...args);
  });
}

const patches: [object, Record<string, unknown>][] = [
  [
    globalThis,
    {
      Date: VirtualDate,
      setTimeout: later,
      setInterval: again,
      clearTimeout: never,
      clearInterval: never,
      setImmediate: soon,
    },
  ],
  [
    timers,
    {
      setTimeout: later,
      setInterval: again,
      clearTimeout: never,
      clearInterval: never,
      setImmediate: soon,
    },
  ],
  [
    timersPromises,
    {
      setTimeout: (ms: number, value?: unknown) => new Promise((resolve) => later(() => resolve(value), ms)),
    },
  ],
];
for (const [target, members] of patches) Object.assign(target, members);

const realRandom = Math.random;
Math.random = () => (source ? source.draw() / 2 ** 32 : realRandom());
const realPerformance = performance.now.bind(performance);
performance.now = () => (source ? source.now() : realPerformance());

const realCrypto = {
  randomBytes: crypto.randomBytes,
  randomFillSync: crypto.randomFillSync,
  getRandomValues: crypto.webcrypto.getRandomValues.bind(crypto.webcrypto),
};
function fillSync<T extends ArrayBufferView>(view: T, ...rest: number[]): T {
  if (!source) return (realCrypto.randomFillSync as (...args: unknown[]) => T)(view, ...rest);
  fills++;
  fill(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  return view;
}
Object.assign(crypto, {
  randomUUID: () => (source ? uuidOf(drawn(16)) : real.randomUUID()),
  randomBytes: (count: number, ...rest: []) =>
    source ? drawn(count) : realCrypto.randomBytes(count, ...rest),
  randomFillSync: fillSync,
});
Object.defineProperty(Object.getPrototypeOf(crypto.webcrypto), "getRandomValues", {
  value: (view: Uint8Array) => (source ? fillSync(view) : realCrypto.getRandomValues(view)),
  configurable: true,
  writable: true,
});

// The real ones answer from another thread, whenever that is ready, and pack differently from version to version.
type Packed = (error: null, bytes: Buffer) => void;
const same = (bytes: Buffer | string, done: Packed) => done(null, Buffer.from(bytes as string));
Object.assign(zlib, { gzip: same, gunzip: same });
syncBuiltinESMExports();

// Loaded only now, so that it keeps what is virtual.
const sdkUuid = createRequire(createRequire(import.meta.url).resolve("@vonage/vcr-sdk"))("uuid").v4;
