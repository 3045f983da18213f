import { expect, it } from "@jest/globals";
import { shutDown } from "../../src/compose/shutdown.ts";
import { systemRuntime } from "../../src/lib/runtime.ts";
import { createRecordingLog } from "../support/ports.ts";

it("a stop says so first, serves on for a while, ends what is in hand and writes the figures before it closes", async () => {
  const steps: string[] = [];
  const step = (name: string) => async () => void steps.push(name);
  const stopping = new AbortController();
  stopping.signal.addEventListener("abort", () => steps.push("no new work"));
  await shutDown({
    ...{ stopping, drainMs: 2_000, drain: () => void steps.push("unready") },
    deadLetters: { stop: step("letters") },
    pacing: { whatsapp: { ackDelay: { release: () => void steps.push("release") } } },
    alerts: { stop: () => void steps.push("alerts") },
    server: { stop: step("server") },
    ...{
      events: { stop: step("events") },
      journal: { stop: step("figures") },
      state: { drained: step("state") },
    },
    refusals: { flush: () => void steps.push("refusals") },
    httpClients: { vcr: { close: step("sockets") } },
    preparing: Promise.resolve(),
    runtime: {
      ...systemRuntime,
      setTimeout(work, ms) {
        if (ms === 2_000) {
          steps.push("serves on");
          work();
        }
        return { unref: () => undefined };
      },
    },
    log: createRecordingLog(),
  });
  expect(steps).toEqual([
    ...[
      "unready",
      "serves on",
      "no new work",
      "alerts",
      "letters",
      "release",
      "server",
      "events",
      "figures",
      "state",
    ],
    ...["refusals", "sockets"],
  ]);
});
