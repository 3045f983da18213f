import { startCleverTap } from "./clevertap/index.ts";
import { startMoEngage } from "./moengage/index.ts";
import type { FakeOptions, FakePlatform } from "./platform.ts";
import { startWebEngage } from "./webengage/index.ts";

/** Every fake platform, one line each. */
export const PLATFORMS = {
  moengage: startMoEngage,
  webengage: startWebEngage,
  clevertap: startCleverTap,
} satisfies Record<string, (options: FakeOptions) => Promise<FakePlatform>>;

export type PlatformName = keyof typeof PLATFORMS;
export type Platforms = { [Name in PlatformName]: Awaited<ReturnType<(typeof PLATFORMS)[Name]>> };

export const PLATFORM_NAMES = Object.keys(PLATFORMS) as PlatformName[];
