import { asConnectorError } from "../../lib/errors.ts";
import { accessProbes } from "./access.ts";
import { accountProbes } from "./account.ts";
import type { Probe } from "./check.ts";
import { DAY_MS, good, MINUTE_MS, minutesAgo, pathProbe, type SetupPorts, unknown, wrong } from "./ports.ts";
import { sendingProbes } from "./sending.ts";
import { webhookProbes } from "./webhooks.ts";

/** Everything that a machine can find of the troubleshooting guide. */
export function setupProbes(ports: SetupPorts): Probe[] {
  const { facts } = ports;
  return [
    ...accountProbes(ports),
    ...webhookProbes(ports),
    ...facts.channels.map(({ path, name }) => pathProbe(path, `${name} sends reach this instance`, ports)),
    ...accessProbes(ports),
    ...facts.whatsappNumbers.map((number) => templateProbe(number, ports)),
    ...sendingProbes(ports),
    ...facts.channels.map((channel) => reportProbe(channel, ports)),
    ...facts.ofPlatforms.map(({ id, title, ...finding }) => ({ id, title, look: async () => finding })),
  ];
}

function templateProbe(number: string, { templates, now }: SetupPorts): Probe {
  return {
    ...{ id: `templates-${number}`, title: `WhatsApp number ${number}: its account and its templates` },
    async look() {
      try {
        const { templates: list, startedAt } = await templates(number);
        const approved = list.filter(({ status }) => status === "APPROVED").length;
        const hours = Math.floor((now() - startedAt) / (60 * MINUTE_MS));
        const found = `${approved} of ${list.length} templates are approved; the list is ${hours < 1 ? "less than an hour" : `${hours} hours`} old`;
        if (approved === 0)
          return wrong(found, "Have a template approved in WhatsApp Manager, then open Templates and sync");
        return good(found, now() - startedAt > DAY_MS ? "Open Templates and sync" : "");
      } catch (error) {
        const { code, message } = asConnectorError(error);
        return code === "templates_refused"
          ? wrong(
              message,
              "Set WABA_ID to the id of the WhatsApp Business Account that holds the number, from WhatsApp Manager",
            )
          : unknown(message);
      }
    },
  };
}

function reportProbe({ tag, name }: { tag: string; name: string }, { seen, now }: SetupPorts): Probe {
  return {
    ...{ id: `report-${tag}`, title: `${name}: reports are taken` },
    async look() {
      const last = seen.lastReport(tag);
      if (!last)
        return unknown("This process has sent no report yet", "Send a test message from the platform");
      const when = minutesAgo(last.at, now());
      if (!last.error) return good(`The last one was taken ${when}`);
      const { status, message } = last.error;
      return wrong(
        `The last one was not taken ${when}: ${status ? `the platform answered ${status}` : message}`,
        "Compare the delivery URL with the one that the platform shows, letter by letter (Settings has its fingerprint), and its token where it has one. Put right within 24 hours, no report is lost",
      );
    },
  };
}
