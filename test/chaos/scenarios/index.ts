import { type Series, seriesOf } from "../fire.ts";
import { backlog } from "./backlog.ts";
import { clevertaps } from "./clevertap.ts";
import { deadLetters } from "./dead-letters.ts";
import { kills, replicas } from "./deaths.ts";
import { floods } from "./floods.ts";
import { alone } from "./neighbours.ts";
import { vonageSays } from "./vonage.ts";

/** In the order of their start: the large ones come first, as there is room for one of them at a time beside others. */
export const SERIES: Series[] = [
  ...kills.map(seriesOf),
  ...replicas.map(seriesOf),
  ...alone.toReversed(),
  ...vonageSays.map(seriesOf),
  ...clevertaps.map(seriesOf),
  ...deadLetters.map(seriesOf),
  ...backlog.map(seriesOf),
  ...floods.map(seriesOf),
];
