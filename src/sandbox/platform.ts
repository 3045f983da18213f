import type { Secrets } from "./auditor.ts";
import type { CampaignResult } from "./campaign.ts";
import type { Credentials } from "./credentials.ts";
import type { Channel, Funnel, Violation } from "./ledger.ts";
import type { SandboxNetwork } from "./network.ts";
import type { AcceptedMessage } from "./vonage/index.ts";

/** What campaigns are sent from: a WhatsApp number, digits only, and an SMS sender. */
export interface Senders {
  whatsapp: string;
  sms: string;
}

/** What every fake platform is started with. */
export interface FakeOptions {
  /** The Vonage account, for platforms that present its key and secret; others make secrets of their own. */
  credentials: Pick<Credentials, "accountId" | "accountSecret">;
  connectorUrl: string;
  senders: Senders;
  /** Of all chance. */
  seed?: number | undefined;
  /** 0, the default, takes any free port. */
  port?: number | undefined;
  /** How long each answer to the connector takes, in milliseconds; 0 by default. */
  answerMs?: number | undefined;
  /** Sockets by default. */
  network?: SandboxNetwork | undefined;
}

/**
 * A fake platform: it sends campaigns to the connector, takes what the connector tells it, and holds both against
 * the vendor's document. It is one folder, `src/sandbox/<name>/`, written from that document and from nothing of the
 * connector's, with a start function `(options: FakeOptions) => Promise<FakePlatform>`, and one line in
 * `platforms.ts`; then the demo (`npm run sandbox -- --platform <name>`), `npx tsx src/sandbox/run.ts <name>` and
 * `createWorld({ platforms: ["<name>"] })` have it, and every campaign is audited.
 *
 * `createLedger` books messages and reports, `runCampaign` offers messages and repeats them, `createFaults` makes
 * trouble, `createPoster` calls the connector, `serve` and `control` answer it and whoever steers the fake.
 */
export interface FakePlatform {
  url: string;
  /** The variables with which a connector serves this platform: its URLs here, and secrets. */
  env: Record<string, string>;
  /**
   * What must not be logged and carries no tag (`CANARY`), by what it is: paths that the vendor fixed, for example.
   * Secrets, texts and template parameters carry the tag, and people have numbers that begin with 999.
   */
  secrets: Secrets;
  /** The channels that `campaign` can send on. */
  channels: readonly Channel[];
  setConnector(url: string): void;
  /** Offers so many messages, `rate` a second, and repeats what was not taken as the vendor does. */
  campaign(options: FakeCampaign): Promise<CampaignResult>;
  /** What became of the messages offered so far; of one channel or of all, of any time or such a one. */
  funnel(channel?: Channel, isOfferedAt?: (at: number) => boolean): Funnel;
  /** Everything that the connector did against the vendor's document. */
  violations(): Violation[];
  /** Ids of messages whose content differs from what was asked for, among those that reached Vonage. */
  altered(messages: readonly AcceptedMessage[]): string[];
  stop(): Promise<void>;
}

export interface FakeCampaign {
  channel: Channel;
  count: number;
  /** Messages per second. */
  rate: number;
  onProgress?: ((result: CampaignResult) => void) | undefined;
}
