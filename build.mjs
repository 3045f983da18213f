// Two files for the server, so that a sleeping instance starts fast: reading hundreds of module files and compiling
// them is most of a cold start. `server.cjs` is the bundle, `server.cjs.cache` what V8 compiled of it in a first start.
import { spawnSync } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const common = {
  bundle: true,
  platform: "node",
  target: "node20.19",
  sourcemap: true,
  logLevel: "warning",
};

/** Packages that are there for a corner of another one: each is run when somebody takes the first thing out of it. */
const LATE = ["mime-types", "node-fetch"];

/** What stands in place of a module in the server's bundle, by what it is asked for as. */
const INSTEAD = {
  // The transport of the VCR SDK, which has ours in its place.
  "^axios$": `module.exports = { defaults: {} };`,
  "^agentkeepalive$": `module.exports = class {}; module.exports.HttpsAgent = class {};`,
  "^form-data$": `module.exports = class { constructor() { throw new Error("forms are not sent"); } };`,
  // It reads the whole bundle to name who is warned, and the warnings concern those who build packages in.
  "^depd$": `module.exports = () => Object.assign(() => {}, { function: (wrapped) => wrapped, property() {} });`,
  // It prints tokens and private keys when DEBUG names them; nobody should.
  "^debug$": `module.exports = () => Object.assign(() => {}, { enabled: false });`,
  // Bodies are UTF-8 and read by ourselves; of its own readers the one for raw bytes is used, which asks for none.
  "^iconv-lite$": `exports.encodingExists = () => false;`,
  // It is asked at the start whether Node is newer than 16.
  "^semver$": `exports.satisfies = () => true;`,
  // Of undici we use one class; its index runs everything else it has.
  "^undici$": `
    Object.defineProperty(exports, "Agent", { get: () => require("undici/lib/dispatcher/agent.js") });`,
  // Until the first token is signed nobody needs it.
  "^jsonwebtoken$": `
    for (const name of ["sign", "verify", "decode"])
      exports[name] = (...args) => require("jsonwebtoken/index.js")[name](...args);`,
  // The words of zod in every language.
  "/locales/index\\.js$": `module.exports = {};`,
};

const shorter = {
  name: "shorter",
  setup({ onResolve, onLoad }) {
    for (const [asked, contents] of Object.entries(INSTEAD)) {
      const namespace = `instead of ${asked}`;
      onResolve({ filter: new RegExp(asked) }, ({ path }) => ({ path, namespace }));
      onLoad({ filter: /./, namespace }, () => ({ contents, resolveDir: import.meta.dirname }));
    }
    onResolve({ filter: new RegExp(`^(${LATE.join("|")})$`) }, ({ path, namespace, resolveDir }) =>
      namespace === "late" ? undefined : { path, namespace: "late", pluginData: resolveDir },
    );
    onLoad({ filter: /./, namespace: "late" }, ({ path, pluginData }) => ({
      resolveDir: pluginData,
      contents: `
        let it;
        const load = () => (it ??= require(${JSON.stringify(path)}));
        module.exports = new Proxy(function () {}, {
          get: (_, name) => (name === "__esModule" ? undefined : load()[name]),
          apply: (_, self, args) => Reflect.apply(load(), self, args),
          construct: (_, args) => Reflect.construct(load(), args),
        });`,
    }));
  },
};

await rm("dist", { recursive: true, force: true });
await Promise.all([
  build({
    ...common,
    entryPoints: ["src/cli/connector.ts"],
    outdir: "dist",
    splitting: true,
    format: "esm",
    // The bundled CommonJS packages call require() for Node's own modules; an ES module has to be given one.
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
  }),
  build({ ...common, entryPoints: { main: "src/boot.ts" }, outdir: "dist", format: "esm" }),
  build({
    ...common,
    plugins: [shorter],
    entryPoints: { server: "src/serve.ts" },
    outExtension: { ".js": ".cjs" },
    outdir: "dist",
    format: "cjs",
    minifyWhitespace: true,
    banner: { js: "(function (exports, require, module, __filename, __dirname) {" },
    footer: { js: "})" },
  }),
]);

// The few characters beyond ASCII stand in strings and patterns, where an escape means the same.
const bundle = await readFile("dist/server.cjs", "utf8");
const escaped = (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
await writeFile("dist/server.cjs", bundle.replace(/[^\0-\x7f]/g, escaped));

const { status } = spawnSync(process.execPath, [`${import.meta.dirname}/code-cache.mjs`], {
  stdio: "inherit",
});
if (status !== 0)
  process.stderr.write("The compiled code could not be kept: the server will start more slowly\n");
