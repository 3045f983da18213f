import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it } from "@jest/globals";
import { buildVonageStatus } from "../support/builders.ts";
import { until } from "../support/ports.ts";
import { buildPrograms } from "../support/programs.ts";
import { JSON_TYPE, send, signed } from "./site.ts";

let child: ChildProcess;
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  child.kill("SIGKILL");
});

const SOCKETS = 3_000;
const HEAD = "POST /webhooks/status HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
const BODY = "x".repeat(128 * 1_024 - 1);
/** None of them ever ends. */
const STRANGERS = [
  `${HEAD}Content-Length: ${BODY.length + 1}\r\n\r\n${BODY}`,
  `${HEAD}Transfer-Encoding: chunked\r\n\r\n${(BODY.length + 1).toString(16)}\r\n${BODY}`,
  `POST /webhooks/message-dispatcher HTTP/1.1\r\nContent-Type: application/json\r\nHost: x\r\nContent-Length: 131072\r\n\r\n${BODY}`,
  `${HEAD}X-Long: ${"x".repeat(15_000)}`,
].map((text) => Buffer.from(text));

async function ask(): Promise<{ megabytes: number; lines: string[] }> {
  child.send("how large?");
  const [answer] = await once(child, "message");
  return answer as { megabytes: number; lines: string[] };
}

async function flood(port: number): Promise<void> {
  let settled = 0;
  for (let n = 0; n < SOCKETS; n++) {
    const socket = connect(port, "127.0.0.1");
    sockets.add(socket);
    const done = () => {
      if (sockets.delete(socket)) settled++;
    };
    socket
      .on("error", () => undefined)
      .on("close", done)
      .resume();
    socket.write(STRANGERS[n % STRANGERS.length] as Buffer, () => settled++);
    if (n % 100 === 99) await sleep(10);
  }
  await until(() => settled >= SOCKETS, 20_000);
}

it("strangers who send 3,000 unfinished requests take little memory, and Vonage is heard all the same", async () => {
  const { path } = await buildPrograms(["test/http/flood-site.ts"]);
  child = fork(path("test/http/flood-site.ts"), { execArgv: [] });
  const [{ url }] = (await once(child, "message")) as [{ url: string }];
  const body = JSON.stringify(buildVonageStatus());
  const tell = () =>
    send(`${url}/webhooks/status`, { headers: { "content-type": JSON_TYPE, ...signed(body) }, body });
  expect((await tell()).status).toBe(200);
  const before = await ask();
  await flood(Number(new URL(url).port));
  const answers = [];
  for (let n = 0; n < 20; n++) answers.push((await tell()).status);
  const during = await ask();
  expect(answers).toEqual(Array(20).fill(200));
  expect(during.megabytes - before.megabytes).toBeLessThan(150);
  // Each kind of them left its first few lines, and no more.
  expect(during.lines.filter((line) => line.endsWith(": overloaded")).length).toBe(10);
}, 60_000);
