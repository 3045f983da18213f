import { appendFileSync } from "node:fs";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeLeaks, findLeaks, parseLog, type Secrets } from "./auditor.ts";
import { type Connector, type ConnectorProcess, type Output, startConnector } from "./connector.ts";
import { type Credentials, createCredentials, credentialsEnv } from "./credentials.ts";
import { startFront } from "./front.ts";
import type { FakeOptions, FakePlatform, Senders } from "./platform.ts";
import { PLATFORMS, type PlatformName, type Platforms } from "./platforms.ts";
import { ownPort } from "./ports.ts";
import { startVcr, type Vcr, type VcrOptions } from "./vcr/index.ts";
import { startVonage, type Vonage, type VonageOptions } from "./vonage/index.ts";

export const SENDERS: Senders = { whatsapp: "447700900000", sms: "447700900001" };

const SERVICE_NAME = "neru-sandbox-connector-dev";

/** How connectors are run, and where their log is. */
export interface Runner<C extends Connector = Connector> {
  /** Starts one on `VCR_PORT` of this whole environment; resolves once it serves. */
  start(env: Record<string, string>): Promise<C>;
  /** What all of them have logged so far, each line as an object where it is JSON. */
  lines(): readonly unknown[] | Promise<readonly unknown[]>;
}

/** How long the neighbours take for an answer, in milliseconds; 0 where nothing is said. */
export interface Delays {
  queue?: number;
  state?: number;
  messages?: number;
  platform?: number;
}

export interface WorldOptions<C extends Connector, Name extends PlatformName> {
  run: Runner<C>;
  platforms: readonly Name[];
  /** Connectors that are started with the world; 1 by default. */
  replicas?: number;
  /** One address in front of all replicas, which then may die and come back; else the first has the world's address. */
  front?: boolean;
  /** Of all chance. */
  seed?: number;
  /** A fresh account by default; to make one takes longer than the rest of a world. */
  credentials?: Credentials;
  serviceName?: string;
  senders?: Partial<Senders>;
  vcr?: Partial<VcrOptions>;
  vonage?: Partial<VonageOptions>;
  delays?: Delays;
  /** Of the connectors, over what the world says; an empty value switches off. */
  env?: Record<string, string>;
  /** What must not be logged and carries no tag, beside what the fakes list. */
  secrets?: Secrets;
  /** An address to give to the connectors in place of a neighbour's own. */
  through?: (neighbour: string, url: string) => Promise<string>;
}

/** Connectors among their neighbours: a local VCR, a fake Vonage and fake platforms. */
export interface World<C extends Connector = Connector, Name extends PlatformName = PlatformName> {
  credentials: Credentials;
  senders: Senders;
  vcr: Vcr;
  vonage: Vonage;
  platforms: Pick<Platforms, Name>;
  /** Where the neighbours find the connector. */
  url: string;
  port: number;
  /** All that were started, in order. */
  connectors: C[];
  /** A connector's whole environment. */
  env(port: number, more?: Record<string, string>): Record<string, string>;
  /** Starts one more, on a port of its own unless one is given. */
  start(more?: Record<string, string>, port?: number): Promise<C>;
  /** What is private in the log, in words. */
  leaks(): Promise<string[]>;
  /** The connectors first, so that they can hand over what they hold. */
  stop(): Promise<void>;
}

/**
 * Runs connectors as processes of the build, which write to one file in a folder of its own. `onChunk` is given what
 * they write as well, so that somebody can watch.
 */
export async function processes(options: {
  name: string;
  onChunk?: ((chunk: string) => void) | undefined;
}): Promise<Runner<ConnectorProcess> & { logFile: string }> {
  const { name, onChunk } = options;
  const logFile = join(await mkdtemp(join(tmpdir(), `connector-${name}-`)), "connector.log");
  const output: Output = onChunk
    ? (chunk) => {
        appendFileSync(logFile, chunk);
        onChunk(chunk.toString());
      }
    : { file: logFile };
  return {
    logFile,
    start: (env) => startConnector({ env, output }),
    lines: async () => parseLog(await readFile(logFile, "utf8")),
  };
}

async function startPlatforms<Name extends PlatformName>(
  names: readonly Name[],
  options: FakeOptions,
): Promise<Pick<Platforms, Name>> {
  const started = names.map(async (name) => [name, await PLATFORMS[name](options)]);
  return Object.fromEntries(await Promise.all(started));
}

/** The address that the connector is given for each neighbour, and its environment's part that names them. */
async function addressesOf(
  neighbours: Record<string, { url: string; env?: Record<string, string> }>,
  through: NonNullable<WorldOptions<Connector, PlatformName>["through"]>,
) {
  const urls: Record<string, string> = {};
  const env: Record<string, string> = {};
  for (const [name, neighbour] of Object.entries(neighbours)) {
    const url = await through(name, neighbour.url);
    urls[name] = url;
    for (const [variable, value] of Object.entries(neighbour.env ?? {}))
      env[variable] = value.replace(neighbour.url, url);
  }
  return { urls, env };
}

/** The VCR, Vonage and the platforms, for a connector at `url`. */
async function startNeighbours<Name extends PlatformName>(
  options: Omit<WorldOptions<Connector, Name>, "run">,
  { credentials, senders, url }: { credentials: Credentials; senders: Senders; url: string },
) {
  const { seed = 1, delays = {} } = options;
  const vcr = await startVcr({
    ...{
      credentials,
      seed,
      serviceName: options.serviceName ?? SERVICE_NAME,
      apps: options.front ? [] : [url],
    },
    delays: { "queue-service": delays.queue, "client-persistence-api": delays.state },
    ...options.vcr,
  });
  const vonage = await startVonage({
    ...{ credentials, seed, statusUrl: `${url}/webhooks/status`, inboundUrl: `${url}/webhooks/inbound` },
    delays: { messages: delays.messages },
    ...options.vonage,
  });
  const platforms = await startPlatforms(options.platforms, {
    ...{ credentials, connectorUrl: url, senders, seed, answerMs: delays.platform },
  });
  const fakes: Record<string, FakePlatform> = platforms;
  const all = { vcr, vonage, ...fakes };
  const given = await addressesOf(all, options.through ?? (async (_, address) => address));
  const secrets: Secrets = Object.assign(
    {},
    options.secrets,
    ...Object.values(fakes).map((fake) => fake.secrets),
  );
  const stop = () => Promise.all(Object.values(all).map((neighbour) => neighbour.stop()));
  return { vcr, vonage, platforms, given, secrets, stop };
}

/** Starts the neighbours, then the connectors; see the options. */
export async function createWorld<C extends Connector, const Name extends PlatformName>(
  options: WorldOptions<C, Name>,
): Promise<World<C, Name>> {
  const { run, credentials = createCredentials() } = options;
  const senders = { ...SENDERS, ...options.senders };
  const connectors: C[] = [];
  const port = await ownPort();
  const front = options.front ? await startFront(() => connectors) : undefined;
  const url = front?.url ?? `http://127.0.0.1:${port}`;
  const neighbours = await startNeighbours(options, { credentials, senders, url });
  const { vcr, vonage, platforms, given, secrets } = neighbours;

  const env: World["env"] = (ofPort, more) => ({
    ...credentialsEnv(credentials),
    VCR_PORT: String(ofPort),
    VCR_PROVIDERS_URL: given.urls["vcr"] as string,
    VCR_INSTANCE_PUBLIC_URL: url,
    VCR_INSTANCE_SERVICE_NAME: options.serviceName ?? SERVICE_NAME,
    INSTANCE_ID: "sandbox-instance",
    VONAGE_API_HOST: given.urls["vonage"] as string,
    WHATSAPP_NUMBER: senders.whatsapp,
    SMS_SENDER_ID: senders.sms,
    ...given.env,
    ...options.env,
    ...more,
  });
  const start: World<C>["start"] = async (more, ofPort) => {
    const connector = await run.start(env(ofPort ?? (await ownPort()), more));
    connectors.push(connector);
    return connector;
  };
  const stop = async () => {
    const ends = await Promise.allSettled(connectors.map((connector) => connector.stop()));
    // Whatever failed: nothing may be left behind that would keep this process from ending.
    await Promise.all([neighbours.stop(), front?.stop()]);
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  };

  try {
    for (let n = 0; n < (options.replicas ?? 1); n++) await start({}, n === 0 ? port : undefined);
  } catch (error) {
    await stop();
    throw error;
  }
  if (front) vcr.setApps(connectors.map((connector) => connector.url));
  const leaks = async () => describeLeaks(findLeaks(await run.lines(), secrets));
  return { credentials, senders, vcr, vonage, platforms, url, port, connectors, env, start, leaks, stop };
}
