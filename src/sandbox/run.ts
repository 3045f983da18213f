import { parseArgs } from "node:util";
import { mustBeFree, runCommand, UsageFault } from "./command-line.ts";
import {
  type Credentials,
  createCredentials,
  credentialsEnv,
  credentialsFrom,
  VARIABLES,
} from "./credentials.ts";
import { PLATFORM_NAMES, PLATFORMS } from "./platforms.ts";
import { startVcr } from "./vcr/index.ts";
import { startVonage } from "./vonage/index.ts";
import { SENDERS } from "./world.ts";

const HELP = `Runs one fake in a process of its own, steered over HTTP below /_sandbox (any wrong path lists the routes).

  tsx src/sandbox/run.ts vcr|vonage|${PLATFORM_NAMES.join("|")} [options]

  --port N            0: any free port; the URL is printed as one line of JSON, with a platform's variables for
                    the connector (0)
  --connector URL     of the connector; may be repeated for several replicas (port VCR_PORT or 3000)
  --seed N            of all chance (1)
  --whatsapp-number N that campaigns are sent from (447700900000)

The account is read from the connector's own variables: VCR_API_ACCOUNT_ID, VCR_API_ACCOUNT_SECRET,
VCR_API_APPLICATION_ID, VCR_PRIVATE_KEY and VONAGE_SIGNATURE_SECRET. Where none of them is set, vcr makes an account
up and prints it for your .env.

npm run vcr is vcr on port 3001, where npm run dev looks for it.
`;

const read = () =>
  parseArgs({
    allowPositionals: true,
    options: {
      port: { type: "string", default: "0" },
      connector: {
        type: "string",
        multiple: true,
        default: [`http://127.0.0.1:${process.env["VCR_PORT"] || 3000}`],
      },
      seed: { type: "string", default: "1" },
      "whatsapp-number": { type: "string", default: "447700900000" },
      help: { type: "boolean", default: false },
    },
  });

type Fake = { url: string; env?: object; stop(): Promise<void> };

function fakesFor({ values }: ReturnType<typeof read>): Record<string, () => Promise<Fake>> {
  const shared = { port: Number(values.port), seed: Number(values.seed) };
  const [connectorUrl = ""] = values.connector;
  return {
    vcr: () => startVcr({ ...shared, credentials: accountForVcr(), apps: values.connector }),
    vonage: () =>
      startVonage({
        ...shared,
        credentials: credentialsFrom(process.env),
        statusUrl: `${connectorUrl}/webhooks/status`,
        inboundUrl: `${connectorUrl}/webhooks/inbound`,
      }),
    ...Object.fromEntries(
      PLATFORM_NAMES.map((name) => [
        name,
        async () => {
          const credentials = credentialsFrom(process.env);
          const senders = { ...SENDERS, whatsapp: values["whatsapp-number"] };
          return PLATFORMS[name]({ ...shared, credentials, connectorUrl, senders });
        },
      ]),
    ),
  };
}

/** What the connector has; where nothing is configured, an account that is made up and told. */
function accountForVcr(): Credentials {
  const isSet = Object.values(VARIABLES).some((name) => process.env[name]);
  if (isSet) return credentialsFrom(process.env);
  const credentials = createCredentials();
  const lines = Object.entries(credentialsEnv(credentials)).map(
    ([name, value]) => `${name}="${value.trim().replaceAll("\n", "\\n")}"`,
  );
  console.error(
    `No account is set. This one is made up; put it into .env, and start npm run dev:\n\n${lines.join("\n")}\n`,
  );
  return credentials;
}

async function main(): Promise<number> {
  const given = read();
  const { values, positionals } = given;
  const start = fakesFor(given)[positionals[0] ?? ""];
  const port = Number(values.port);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const names = ["vcr", "vonage", ...PLATFORM_NAMES].join(", ");
  if (start === undefined) throw new UsageFault(`The first word must be one of ${names}`);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new UsageFault("--port must be 0 to 65535");
  if (!Number.isInteger(Number(values.seed))) throw new UsageFault("--seed must be a whole number");
  if (port > 0) await mustBeFree(port, "choose another with --port");
  const fake = await start();
  console.log(JSON.stringify({ url: fake.url, env: fake.env }));
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void fake.stop().then(() => process.exit(0)));
  }
  return 0;
}

await runCommand(main);
