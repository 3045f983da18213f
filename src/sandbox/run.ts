import { parseArgs } from "node:util";
import { credentialsFrom } from "./credentials.ts";
import { PLATFORM_NAMES, PLATFORMS } from "./platforms.ts";
import { startVcr } from "./vcr/index.ts";
import { startVonage } from "./vonage/index.ts";
import { SENDERS } from "./world.ts";

const HELP = `Runs one fake in a process of its own, steered over HTTP below /_sandbox (any wrong path lists the routes).

  tsx src/sandbox/run.ts vcr|vonage|${PLATFORM_NAMES.join("|")} [options]

  --port N            0: any free port; the URL is printed as one line of JSON, with a platform's variables for
                    the connector (0)
  --connector URL     of the connector; may be repeated for several replicas (http://127.0.0.1:3000)
  --seed N            of all chance (1)
  --whatsapp-number N that campaigns are sent from (447700900000)

The account is read from the connector's own variables: VCR_API_ACCOUNT_ID, VCR_API_ACCOUNT_SECRET,
VCR_API_APPLICATION_ID, VCR_PRIVATE_KEY and VONAGE_SIGNATURE_SECRET.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: "string", default: "0" },
    connector: { type: "string", multiple: true, default: ["http://127.0.0.1:3000"] },
    seed: { type: "string", default: "1" },
    "whatsapp-number": { type: "string", default: "447700900000" },
    help: { type: "boolean", default: false },
  },
});

const shared = { port: Number(values.port), seed: Number(values.seed) };
const [connectorUrl = ""] = values.connector;

const fakes: Record<string, () => Promise<{ url: string; env?: object; stop(): Promise<void> }>> = {
  vcr: () => startVcr({ ...shared, credentials: credentialsFrom(process.env), apps: values.connector }),
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

const start = fakes[positionals[0] ?? ""];
if (values.help || start === undefined) {
  console.log(HELP);
  process.exitCode = values.help ? 0 : 2;
} else {
  const fake = await start();
  console.log(JSON.stringify({ url: fake.url, env: fake.env }));
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void fake.stop().then(() => process.exit(0)));
  }
}
