import type { ConsolePorts } from "./ports.ts";

type Figures = Pick<ConsolePorts, "status" | "results" | "failures" | "story">;

/** Of whoever is no platform. */
const NAMES: Readonly<Record<string, string>> = {
  ...{ queue: "VCR's queue", state: "VCR's State", vonage: "Vonage", console: "Test sends" },
};

/** Whose messages there can be, to choose from. */
export const platformChoices = ({ platformNames }: Pick<ConsolePorts, "platformNames">) =>
  Object.entries({ ...platformNames, console: NAMES["console"] ?? "" }).map(([value, label]) => ({
    value,
    label,
  }));

/** The same with platforms called as people write them: for pages, never for the JSON. */
export function withNames(ports: Figures & Pick<ConsolePorts, "platformNames">): Figures {
  const nameOf = (platform: string) => ports.platformNames[platform] ?? NAMES[platform] ?? platform;
  const named = <T extends { platform: string }>(item: T): T => ({
    ...item,
    platform: nameOf(item.platform),
  });
  return {
    async status() {
      const answer = await ports.status();
      const dependencies = answer.dependencies.map((one) => ({ ...one, name: nameOf(one.name) }));
      return { ...answer, dependencies, channels: answer.channels.map(named) };
    },
    async results(query) {
      const answer = await ports.results(query);
      return { ...answer, rows: answer.rows.map(named) };
    },
    failures: async (query) => ({ failures: (await ports.failures(query)).failures.map(named) }),
    async story(id) {
      const story = await ports.story(id);
      return story.found ? named(story) : story;
    },
  };
}
