import { openSite } from "./site.ts";

/** A site in a process of its own, so that its memory can be measured: tells its URL, and its size when asked. */
const site = await openSite();
process.send?.({ url: site.url });
process.on("message", () => {
  const lines = site.log.lines.map(({ msg }) => msg);
  process.send?.({ megabytes: process.memoryUsage().rss / 1_048_576, lines });
});
process.once("disconnect", () => process.exit(0));
