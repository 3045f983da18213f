import type { Transport } from "../../transport.ts";
import { createPost } from "../callback.ts";
import type { PlatformChannel } from "../platform.ts";
import { postDsn } from "./client.ts";
import type { FindTemplate } from "./components.ts";
import { INTAKE_PATH, type SendAnswer, STATUS_CODES } from "./contract.ts";
import { rejected } from "./from-error.ts";
import { isReported, reportToDsn } from "./from-report.ts";
import { whatsappToMessage } from "./to-message.ts";

export interface WebEngageDependencies {
  transport: Transport;
  authenticate: PlatformChannel["intake"]["authenticate"];
  findTemplate: FindTemplate;
  messageTtlSeconds: number;
}

const ACCEPTED: SendAnswer = { status: "whatsapp_accepted", statusCode: STATUS_CODES.success };

/** WebEngage, as its WhatsApp service provider. It has no contract for what people answer, so there are no replies. */
export function webengageWhatsApp(
  settings: { numbers: readonly string[]; dsnUrl: string; dsnToken: string },
  { transport, authenticate, findTemplate, messageTtlSeconds }: WebEngageDependencies,
): PlatformChannel {
  const tag = "ww";
  const post = createPost(transport);
  const intakeSettings = { origin: tag, numbers: settings.numbers, messageTtlSeconds, findTemplate };
  return {
    tag,
    platform: "webengage",
    channel: "whatsapp",
    intake: {
      path: INTAKE_PATH,
      formats: ["json"],
      authenticate,
      toMessage: (body, now) => whatsappToMessage(body, intakeSettings, now),
      accepted: () => ({ status: 200, body: ACCEPTED }),
      failed: rejected,
    },
    reports: {
      maxBatch: 1,
      wants: isReported,
      async post(reports) {
        for (const report of reports)
          await postDsn(post, settings.dsnUrl, settings.dsnToken, reportToDsn(report));
      },
    },
  };
}
