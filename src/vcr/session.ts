import { Bridge, type IRequestParams, JWT, Config as SdkConfig, VCRSession } from "@vonage/vcr-sdk";
import type { Config } from "../config/schema.ts";
import { ConnectorError } from "../lib/errors.ts";
import { isWebPage } from "../lib/http.ts";
import type { HttpClient } from "../lib/http-client.ts";

export type { VCRSession } from "@vonage/vcr-sdk";

/** Of the configuration. On the real VCR, without `providersUrl`, each provider has a host of its own. */
export type SessionSettings = Pick<Config, "application" | "instance" | "providersUrl"> & {
  account: Pick<Config["account"], "id">;
};

/** The accept answer has to come within about 4 s, a wait for a turn included. */
const DEADLINE_MS = 2_000;

/** The global session's id. https://developer.vonage.com/en/vonage-cloud-runtime/guides/sessions */
const GLOBAL_SESSION = "00000000-0000-0000-0000-000000000000";

/**
 * The SDK's session over our sockets: bounded, kept alive, with a deadline. Nothing is ever sent to VCR's log
 * service, which would copy every payload, phone numbers included, and end the process when it fails.
 */
export function createSession(settings: SessionSettings, httpClient: HttpClient): VCRSession {
  const bridge = new PooledBridge(settings, httpClient);
  const config = new LocalConfig(bridge, settings.providersUrl);
  config.logsSubmission = false;
  return new QuietSession(bridge, config, new JWT(bridge, config), GLOBAL_SESSION);
}

/** An answer of a VCR provider that is not 2xx. */
export class ProviderRefusal extends ConnectorError {
  readonly status: number;

  constructor(status: number, provider: string) {
    const detail = { status, provider };
    super("provider_refused", "A VCR provider answered with an error", { retryable: true, detail });
    this.status = status;
  }
}

class PooledBridge extends Bridge {
  readonly #transport: HttpClient;
  readonly #env: Record<string, string | undefined>;

  constructor(settings: SessionSettings, httpClient: HttpClient) {
    super();
    this.#transport = httpClient;
    // The SDK asks its bridge for these names; the process's own environment is never consulted.
    this.#env = {
      INSTANCE_SERVICE_NAME: settings.instance.serviceName,
      INSTANCE_ID: settings.instance.id,
      API_APPLICATION_ID: settings.application.id,
      API_ACCOUNT_ID: settings.account.id,
      PRIVATE_KEY: settings.application.privateKey,
      VCR_INSTANCE_PUBLIC_URL: settings.instance.publicUrl,
    };
  }

  override getEnv(name: string): string {
    // The SDK compares with null to find out whether a variable is set, whatever its types say.
    return this.#env[name] as string;
  }

  override log(): void {}

  override runBackgroundTask(): void {}

  override async request<T, K>({ method, url, headers, data }: IRequestParams<T>): Promise<K> {
    const response = await this.#transport.request({
      method: method as "GET" | "POST" | "PUT" | "DELETE",
      url,
      ...(headers ? { headers } : {}),
      ...(data === undefined || data === null ? {} : { body: serialised(data) }),
      deadlineMs: DEADLINE_MS,
    });
    if (response.status < 200 || response.status > 299) {
      throw new ProviderRefusal(response.status, new URL(url).pathname.split("/")[1] || "state");
    }
    // It must not pass for the acknowledgement of a job, which would be lost.
    if (isWebPage(response.text)) {
      throw new ConnectorError("provider_garbled", "Something else answered in place of a VCR provider", {
        retryable: true,
        detail: { status: response.status },
      });
    }
    return parsed(response.text) as K;
  }
}

/** A body that is serialised already; whoever has measured it need not do it twice. */
export class SerialisedBody {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const serialised = (data: unknown): string =>
  data instanceof SerialisedBody ? data.text : JSON.stringify(data);

/** As the SDK's own transport does it: JSON where it is JSON, else the text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

class LocalConfig extends SdkConfig {
  readonly #providersUrl: string | undefined;

  constructor(bridge: Bridge, providersUrl: string | undefined) {
    super(bridge);
    this.#providersUrl = providersUrl;
  }

  override getExecutionUrl(
    func: string,
    pathname: string | null = null,
    query?: Record<string, string>,
  ): string {
    if (!this.#providersUrl)
      return super.getExecutionUrl(func, pathname as string, query as Record<string, string>);
    const search = new URLSearchParams({ func: `${func}.${this.namespace}`, async: "false", ...query });
    return `${this.#providersUrl}/${pathname ?? ""}?${search}`;
  }
}

class QuietSession extends VCRSession {
  #token = "";
  #askedAt = 0;

  /** The SDK's own takes its token apart for each call, to see whether it is still good: once a second is enough. */
  override getToken(): string {
    const at = this.bridge.getSystemTime();
    if (at !== this.#askedAt) {
      this.#token = super.getToken();
      this.#askedAt = at;
    }
    return this.#token;
  }

  /** The SDK's own serialises every payload and answer once more for a log line that is never sent. */
  override request<T, K>(params: IRequestParams<T>): Promise<K> {
    return this.bridge.request(params);
  }
}
