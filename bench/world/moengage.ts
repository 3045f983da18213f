import { WhatsAppReport } from "../../src/sandbox/moengage/contract.ts";
import type { SandboxNetwork } from "../../src/sandbox/network.ts";
import { parseJson, saysJson } from "../../src/sandbox/server.ts";
import type { Book } from "./book.ts";

const PATH = "/whatsapp/vonage-v2/dlr";

/** The URL that takes reports, as strict as the sandbox's fake. */
export async function startMoEngage(options: { answerMs: number; book: Book; network: SandboxNetwork }) {
  const { answerMs, book, network } = options;
  const server = await network.serve(0, async (request) => {
    const parsed = WhatsAppReport.safeParse(parseJson(await request.read()));
    if (request.path !== PATH || !saysJson(request) || !parsed.success) {
      book.counts.wrong++;
      return { status: 400, body: { status: "fail" } };
    }
    book.counts.reportCalls++;
    await new Promise((resolve) => setTimeout(resolve, answerMs));
    for (const { msg_id, status } of parsed.data.statuses) book.told(msg_id, status);
    return { status: 200, body: { status: "success" } };
  });
  return { url: server.url, stop: server.stop, deliveryUrl: `${server.url}${PATH}` };
}
