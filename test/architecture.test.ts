import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, normalize, relative } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

const ROOT = join(import.meta.dirname, "..");

/** What could be imported: of each room a file or more, and every package. After a `#` the name that is imported. */
const FILES = [
  ...["core/message.ts", "core/template/faults.ts", "lib/errors.ts", "lib/log.ts", "lib/public-lookup.ts"],
  ...["lib/runtime.ts", "lib/http-client.ts#HttpClient", "lib/http-client.ts#createHttpClient"],
  ...["console/html.ts", "console/views/parts.ts"],
  ...["flows/intake/test-send.ts#TestSend", "flows/intake/test-send.ts#sendTest"],
  ...["config/schema.ts", "flows/intake/accept.ts", "flows/status/report.ts"],
  ...["platforms/platform.ts", "platforms/callback.ts", "platforms/registry.ts"],
  ...["platforms/moengage/index.ts", "platforms/webengage/index.ts"],
  ...["vonage/client.ts", "vonage/reference.ts", "vcr/state.ts"],
  ...["http/app.ts", "http/webhook.ts", "http/routes/jobs.ts", "http/middleware/body.ts"],
  ...["cli/usage.ts", "sandbox/world.ts", "sandbox/vcr/index.ts"],
  ...["main.ts", "compose.ts", "compose/vcr.ts", "startup.ts"],
];
const NODE = ["node:fs", "node:fs/promises"];
const PACKAGES = [
  ...["zod", "express", "undici", "pino", "prom-client", "lru-cache", "ipaddr.js", "content-type"],
  ...["@vonage/messages", "@vonage/messages/dist/index.js", "@vonage/jwt", "@vonage/vcr-sdk"],
  ...["supertest", ...NODE],
];

const CORE = ["core/message.ts", "core/template/faults.ts"];
const FLOWS = ["flows/intake/accept.ts", "flows/status/report.ts"];
const TEST_SEND = ["flows/intake/test-send.ts#TestSend", "flows/intake/test-send.ts#sendTest"];
const LIB = ["lib/errors.ts", "lib/log.ts", "lib/public-lookup.ts", "lib/runtime.ts"];
const HTTP_TYPES = "lib/http-client.ts#HttpClient";
const ALL_OF_THE_CONNECTOR = FILES.filter((file) => !file.startsWith("sandbox/"));

/** What a file of each room may import. Everything else is refused. */
const MAY: Record<string, string[]> = {
  "core/new.ts": [...CORE, "lib/errors.ts", "zod"],
  "core/template/new.ts": [...CORE, "lib/errors.ts", "zod"],
  "core/room/new.ts": ["core/message.ts", "lib/errors.ts", "zod"],
  "lib/new.ts": [
    ...[...LIB, HTTP_TYPES, "lib/http-client.ts#createHttpClient", ...NODE],
    ...["pino", "prom-client", "lru-cache", "ipaddr.js", "content-type"],
  ],
  "lib/http-client.ts": ["lib/errors.ts", "lib/public-lookup.ts", "lib/runtime.ts", "undici", ...NODE],
  "config/new.ts": ["core/message.ts", "config/schema.ts", "lib/errors.ts", "zod", ...NODE],
  "flows/new.ts": [],
  "flows/intake/new.ts": [
    ...[...CORE, ...LIB, ...FLOWS, ...TEST_SEND, "platforms/platform.ts"],
    ...["lru-cache", ...NODE],
  ],
  "console/new.ts": [
    ...["core/message.ts", "lib/errors.ts", "lib/runtime.ts"],
    ...["console/html.ts", "console/views/parts.ts", "flows/intake/test-send.ts#TestSend"],
  ],
  "console/views/new.ts": ["core/message.ts", "console/html.ts", "console/views/parts.ts"],
  "platforms/new.ts": [
    ...[...CORE, ...LIB, HTTP_TYPES, "config/schema.ts"],
    ...["platforms/platform.ts", "platforms/callback.ts", "platforms/registry.ts", "zod"],
  ],
  "platforms/registry.ts": [
    ...[...CORE, ...LIB, HTTP_TYPES, "config/schema.ts", "platforms/platform.ts", "platforms/callback.ts"],
    ...["platforms/registry.ts", "platforms/moengage/index.ts", "platforms/webengage/index.ts"],
  ],
  "platforms/moengage/new.ts": [
    ...[...CORE, ...LIB, HTTP_TYPES, "config/schema.ts", "platforms/platform.ts", "platforms/callback.ts"],
    ...["platforms/moengage/index.ts", "zod"],
  ],
  "vonage/new.ts": [
    ...[...CORE, ...LIB, HTTP_TYPES, "vonage/client.ts", "vonage/reference.ts"],
    ...["zod", "lru-cache", ...NODE],
  ],
  "vonage/client.ts": [
    ...["core/message.ts", ...LIB, HTTP_TYPES, "vonage/client.ts", "vonage/reference.ts"],
    ...["@vonage/messages", "@vonage/jwt"],
  ],
  "vcr/new.ts": [
    ...["core/message.ts", ...LIB, HTTP_TYPES, "vcr/state.ts", "config/schema.ts"],
    ...["@vonage/vcr-sdk", "zod", ...NODE],
  ],
  ...Object.fromEntries(
    ["http/new.ts", "http/routes/new.ts", "http/auth/new.ts", "http/middleware/new.ts"].map((file) => [
      file,
      [
        ...[...CORE, ...LIB, HTTP_TYPES, "config/schema.ts", "console/html.ts"],
        ...[...FLOWS, ...TEST_SEND],
        ...["platforms/platform.ts", "vonage/reference.ts"],
        ...FILES.filter((name) => name.startsWith("http/")),
        ...["express", "content-type", ...NODE],
      ],
    ]),
  ),
  "sandbox/new.ts": ["sandbox/world.ts", "sandbox/vcr/index.ts", "zod", "undici", ...NODE],
  "sandbox/moengage/new.ts": ["sandbox/world.ts", "sandbox/vcr/index.ts", "zod", "undici", ...NODE],
  "new.ts": [...ALL_OF_THE_CONNECTOR, ...NODE],
  "cli/new.ts": [...ALL_OF_THE_CONNECTOR, ...NODE],
  "compose/new.ts": [...ALL_OF_THE_CONNECTOR, ...NODE],
};

/** Other ways to import the same: none of them is a way around. */
const FORMS: Record<string, string> = {
  type: 'import type { x } from "../vcr/state.ts";',
  namespace: 'import * as x from "../vcr/state.ts";',
  effect: 'import "../vcr/state.ts";',
  export: 'export { x } from "../vcr/state.ts";',
  "export-all": 'export * from "../vcr/state.ts";',
  dynamic: 'const x = await import("../vcr/state.ts");',
  detour: 'import { x } from "./../core/../vcr/state.ts";',
};

interface Diagnostic {
  category: string;
  location: { path: string; start: { line: number } };
}

/** Lints files that stand nowhere, under the project's own rules; resolves to the lines where an import is refused. */
async function refusedLines(files: Record<string, string[]>): Promise<Record<string, number[]>> {
  const folder = await mkdtemp(join(tmpdir(), "fence-"));
  try {
    const rules = JSON.parse(await readFile(join(ROOT, "biome.json"), "utf8"));
    await writeFile(join(folder, "biome.json"), JSON.stringify({ ...rules, vcs: undefined }));
    for (const [name, lines] of Object.entries(files)) {
      await mkdir(dirname(join(folder, "src", name)), { recursive: true });
      await writeFile(join(folder, "src", name), lines.join("\n"));
    }
    const options = ["--reporter=json", "--max-diagnostics=none", "--only=style/noRestrictedImports"];
    const biome = join(ROOT, "node_modules/@biomejs/biome/bin/biome");
    const run = promisify(execFile)(process.execPath, [biome, "lint", ...options, "src"], {
      cwd: folder,
      maxBuffer: 64 * 1024 * 1024,
    });
    const { stdout } = await run.catch((error) => error);
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: Diagnostic[] };
    const refused: Record<string, number[]> = {};
    for (const { category, location } of diagnostics) {
      if (category !== "lint/style/noRestrictedImports") throw new Error(`${category} in ${location.path}`);
      const name = relative("src", location.path);
      refused[name] = [...(refused[name] ?? []), location.start.line - 1];
    }
    return refused;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function specifier(from: string, target: string): string {
  const path = relative(dirname(from), target);
  return path.startsWith(".") ? path : `./${path}`;
}

describe("the import fence", () => {
  const targets = [...FILES, ...PACKAGES];
  const sources = Object.keys(MAY);
  let refused: Record<string, number[]>;

  beforeAll(async () => {
    const rooms = sources.map((from) => [
      from,
      targets.map((target, index) => {
        const [path = "", name = "x"] = target.split("#");
        const to = FILES.includes(target) ? specifier(from, path) : path;
        return `import { ${name} as x${index} } from "${to}";`;
      }),
    ]);
    const forms = Object.entries(FORMS).map(([form, line]) => [`core/form-${form}.ts`, [line]]);
    refused = await refusedLines(Object.fromEntries([...rooms, ...forms]));
  });

  it.each(sources)("lets src/%s import what its room may, and nothing else", (from) => {
    const lines = new Set(refused[from]);
    const allowed = targets.filter((_, index) => !lines.has(index));
    expect(allowed.sort()).toEqual([...(MAY[from] as string[])].sort());
  });

  it.each(Object.keys(FORMS))("refuses an import of the form: %s", (form) => {
    expect(refused[`core/form-${form}.ts`]).toEqual([0]);
  });
});

describe("the source", () => {
  /** The files that each file imports, types included. */
  const imports = new Map<string, string[]>();
  beforeAll(async () => {
    const src = join(ROOT, "src");
    for (const name of await readdir(src, { recursive: true })) {
      if (!name.endsWith(".ts")) continue;
      const text = await readFile(join(src, name), "utf8");
      const found = Array.from(text.matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+)"/g), ([, path]) =>
        normalize(join(dirname(name), path as string)),
      );
      imports.set(name, found);
    }
  });
  afterAll(() => imports.clear());

  it("imports only files that are there", () => {
    expect([...imports.values()].flat().filter((name) => !imports.has(name))).toEqual([]);
    expect(imports.get("serve.ts")).toContain("compose.ts");
  });

  it("has no circle of imports", () => {
    expect(circlesIn(imports)).toEqual([]);
  });

  /** Another runtime can replace only what is asked of the runtime. */
  it("takes time and chance from the runtime", async () => {
    const globals =
      /(?<![.\w"])(?:(?:set|clear)(?:Timeout|Interval)|setImmediate|performance\.now|random(?:UUID|Bytes)|Math\.random|Date\.now|AbortSignal\.timeout)\b(?!:)|new Date\(\)|node:timers/;
    // The fakes are the world itself, and a command of an operator's ends soon.
    const rooms = [...imports.keys()].filter((name) => !/^(?:sandbox|cli)\//.test(name));
    const texts = await Promise.all(rooms.map((name) => readFile(join(ROOT, "src", name), "utf8")));
    expect(rooms.filter((_, index) => globals.test(texts[index] as string))).toEqual(["lib/runtime.ts"]);
  });

  it("would be seen to have a circle", () => {
    const graph = new Map([
      ["a", ["b", "d"]],
      ["b", ["c"]],
      ["c", ["b"]],
      ["d", ["a"]],
      ["e", ["a", "b"]],
    ]);
    expect(circlesIn(graph)).toEqual(["b > c > b", "a > d > a"]);
  });
});

/** Circles as paths, at least one for every group of files that can reach each other. */
function circlesIn(graph: Map<string, string[]>): string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  function visit(name: string, path: string[]): void {
    const start = path.indexOf(name);
    if (start >= 0) circles.push([...path.slice(start), name].join(" > "));
    if (start >= 0 || done.has(name)) return;
    for (const next of graph.get(name) ?? []) visit(next, [...path, name]);
    done.add(name);
  }
  for (const name of graph.keys()) visit(name, []);
  return circles;
}
