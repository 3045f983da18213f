interface Mutation {
  file: string;
  from: string;
  to: string;
  /** The seed, or the name of the kept world, that showed it to be missing, and the invariant that was broken. */
  found: number | string;
  breaks: string;
}

/** Guarantees of the connector, each with what takes it out. */
export const MUTATIONS: Record<string, Mutation> = {
  "no claim": {
    file: "src/flows/dispatch/send.ts",
    from: "return { refusal, claim: await claims.claim(job) };",
    to: 'return { refusal, claim: { outcome: "won" } };',
    found: 2,
    breaks: "once",
  },
  "claim after the send": {
    file: "src/flows/dispatch/send.ts",
    from: "return { refusal, claim: await claims.claim(job) };",
    to: 'void new Promise((r) => setTimeout(r, 500)).then(() => claims.claim(job)); return { refusal, claim: { outcome: "won" } };',
    found: 2,
    breaks: "once",
  },
  "no look at opt-outs": {
    file: "src/flows/dispatch/send.ts",
    from: 'if (!refusal && purpose !== "opt-out-confirmation") {',
    to: "if (false as boolean) {",
    found: 2,
    breaks: "stop",
  },
  "an answer before the queue's": {
    file: "src/flows/intake/accept.ts",
    from: "const { url } = await queue.put(",
    to: 'const url = ""; void queue.put(',
    found: 1,
    breaks: "durable",
  },
  "no look at the half day before": {
    file: "src/flows/dispatch/claims.ts",
    from: "const bucketsOf = ({ acceptedAt }: QueuedMessage) => claimBuckets(acceptedAt);",
    to: "const bucketsOf = ({ acceptedAt }: QueuedMessage) => claimBuckets(acceptedAt).slice(-1);",
    found: 9,
    breaks: "once",
  },
  "no order of reports": {
    file: "src/flows/status/status-ledger.ts",
    from: 'if (OUTDATED_BY[status].some(isKnown)) return "outdated";',
    to: "",
    found: 2,
    breaks: "order",
  },
  "a repeat at once": {
    file: "src/platforms/clevertap/index.ts",
    from: "{ countsRepeats: true }",
    to: "{}",
    found: 196,
    breaks: "late",
  },
  "dead letters stay": {
    file: "src/compose.ts",
    from: "queuesReady.then(deadLetters.start),",
    to: "",
    found: 28,
    breaks: "liveness",
  },
  "an emptied State is not noticed": {
    file: "src/compose/vcr.ts",
    from: "createState(session, runtime, stateMarks.used)",
    to: "createState(session, runtime)",
    found: 10,
    breaks: "noticed",
  },
  "reports of a lost variable are ignored": {
    file: "src/flows/status/receive-status.ts",
    from: "if (lost) {",
    to: "if (lost && (false as boolean)) {",
    found: 31,
    breaks: "reported",
  },
  "doubt is taken for sent": {
    file: "src/flows/dispatch/send.ts",
    from: "return awaitOutcome(job, ports);",
    to: "return;",
    found: 1,
    breaks: "settled",
  },
  "doubt is sent again": {
    file: "src/vonage/client.ts",
    from: 'code === "not_sent" ? "transient" : "unknown"',
    to: '"transient"',
    found: 18,
    breaks: "once",
  },
  "the word that is heard last counts": {
    file: "src/flows/inbound/suppression.ts",
    from: "const settled = () => settle(channel, names, { [said]: at });",
    to: "const settled = () => settle(channel, names, { [said]: now() });",
    found: 2,
    breaks: "stop",
  },
  "START counts of two at once": {
    file: "src/core/consent.ts",
    from: 'return consent.out >= (consent.in ?? consent.out) ? "out" : "in";',
    to: 'return consent.out > (consent.in ?? 0) ? "out" : "in";',
    found: 3,
    breaks: "stop",
  },
  "what fails while connecting is in doubt": {
    file: "src/lib/http-client.ts",
    from: "return isStarted",
    to: 'return isStarted || reason !== "ECONNREFUSED"',
    found: 58,
    breaks: "doubt",
  },
  "each put-back makes a copy": {
    file: "src/flows/dispatch/send.ts",
    from: "return afterFailure(job, result, ports);",
    to: "return afterFailure({ ...job, message }, result, ports);",
    found: 188,
    breaks: "bounds",
  },
  "a claim before there is a slot": {
    file: "src/flows/dispatch/send.ts",
    from: "return void (await ports.queue.put(job));",
    to: '{ const { claim } = await checkAndClaim(job, isExpired, ports); return claim.outcome === "won" ? putBack(job, ports) : void (await ports.queue.put(job)); }',
    found: 3,
    breaks: "bounds",
  },
  "suppression after the claim": {
    file: "src/flows/dispatch/send.ts",
    from: 'if (claim.outcome === "won" && !refusal) return sendContent(job, ports);',
    to: 'if (claim.outcome === "won") return sendContent(job, ports);',
    found: 2,
    breaks: "stop",
  },
  "copies of a job are not one": {
    file: "src/flows/dispatch/dispatch.ts",
    from: "const same = underWay.get(key);",
    to: "const same = undefined as { job: Job; outcome: Promise<void> } | undefined;",
    found: "jobs-of-unknown-outcome-multiply",
    breaks: "bounds",
  },
  "what was put back is taken for a copy": {
    file: "src/compose/dispatch.ts",
    from: "putsBack();",
    to: "",
    found: 1,
    breaks: "settled",
  },
};
