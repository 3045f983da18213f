import type {
  DeadLettersAnswer,
  FailuresAnswer,
  MessageStory,
  ResultsAnswer,
  SetupAnswer,
  StatusAnswer,
  TemplatesAnswer,
} from "../core/insight.ts";
import type { ReplayAnswer } from "../flows/dispatch/replay-letters.ts";
import type { ImportOutcome, OptOutAnswer } from "../flows/inbound/opt-outs.ts";

/** Answers as lines for people, and whether they tell of something wrong. */
export interface Told {
  lines: string[];
  isWrong: boolean;
}

const told = (lines: readonly string[], isWrong = false): Told => ({ lines: lines.map(plain), isWrong });

/** What came from outside must not steer a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
const plain = (line: string) => line.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ");

const when = (at: string | null) => (at === null ? "never" : `${at.slice(0, 16).replace("T", " ")} UTC`);

export function statusWords({ version, channels, dependencies, deadLetters, inDoubt }: StatusAnswer): Told {
  const away = dependencies.filter(({ up }) => up === false);
  const stopped = channels.filter(({ state }) => state === "paused" || state === "slowed");
  const lines = [
    `version ${version}`,
    ...channels.map(
      ({ platform, channel, state, reason, waiting, ratePerSecond, lastStatusAt }) =>
        `${platform} ${channel}: ${state}${reason ? `, ${reason}` : ""}; ${waiting ?? "?"} waiting, ${ratePerSecond ?? "?"} a second; last status ${when(lastStatusAt)}`,
    ),
    ...dependencies.map(
      ({ name, up, note }) =>
        `${name}: ${up === null ? "not asked yet" : up ? "answers" : "away"}${note ? `, ${note}` : ""}`,
    ),
    `${deadLetters ?? "?"} held, ${inDoubt ?? "?"} in doubt`,
  ];
  return told(
    lines,
    away.length + stopped.length > 0 || (deadLetters ?? 0) > 0 || channels.every(({ on }) => !on),
  );
}

export function setupWords({ checks }: SetupAnswer): Told {
  const lines = checks.flatMap(({ title, ok, found, remedy }) => [
    `${ok === null ? "?    " : ok ? "ok   " : "WRONG"}  ${title}: ${found}`,
    ...(remedy ? [`       ${ok === false ? "What to do" : "Advice"}: ${remedy}`] : []),
  ]);
  return told(
    lines,
    checks.some(({ ok }) => ok === false),
  );
}

export function resultsWords({ from, rows }: ResultsAnswer): Told {
  const lines = rows.flatMap((row) => [
    `${row.platform} ${row.channel}  ${row.template ? `${row.template} (${row.language})` : "no template"}  from ${row.sender}`,
    `  accepted ${row.accepted}, sent ${row.sent}, delivered ${row.delivered}, read ${row.read}, failed ${row.failed}, waiting ${row.waiting}, opted out ${row.optedOut}, refused ${row.refused}`,
    ...row.reasons.flatMap(({ code, count, description, nextStep, samples }) => [
      `  ${count} x ${code}: ${description}`,
      `      next step: ${nextStep}`,
      ...(samples.length > 0 ? [`      for example ${samples.join(" ")}`] : []),
    ]),
  ]);
  const isWrong = rows.some(({ failed, refused }) => failed + refused > 0);
  return told([`since ${when(from)}`, ...(rows.length === 0 ? ["nothing was sent"] : lines)], isWrong);
}

export function failuresWords({ failures }: FailuresAnswer): Told {
  const lines = failures.flatMap(({ at, id, platform, channel, template, code, description, nextStep }) => [
    `${when(at)}  ${id}  ${platform} ${channel}  ${template || "no template"}  ${code}: ${description}`,
    `  next step: ${nextStep}`,
  ]);
  return told(lines.length === 0 ? ["no message failed"] : lines, failures.length > 0);
}

export function storyWords(story: MessageStory): Told {
  if (!story.found) return told([story.message], true);
  const { id, platform, channel, template, messageUuid, state, steps } = story;
  const lines = steps.map(({ at, step, status, code, description, attempt, outcome }) => {
    const facts = [
      status,
      attempt === undefined ? undefined : `attempt ${attempt}`,
      outcome,
      code,
      description,
    ];
    return `  ${when(at)}  ${step}  ${facts.filter(Boolean).join(", ")}`.trimEnd();
  });
  return told(
    [
      `${id}: ${state}`,
      `  ${platform} ${channel}, ${template || "no template"}, message_uuid ${messageUuid ?? "none yet"}`,
      ...lines,
    ],
    state === "failed" || state === "in doubt",
  );
}

export function lettersWords({ letters }: DeadLettersAnswer): Told {
  const lines = letters.map(({ queue, kind, id, attempt, at, reason, key }) =>
    [queue, kind, id ?? key, attempt === null ? "" : `attempt ${attempt}`, `found ${when(at)}`, reason]
      .filter(Boolean)
      .join("  "),
  );
  return told([...lines, `${letters.length} held`], letters.length > 0);
}

export const replayWords = ({ replayed, left, dryRun }: ReplayAnswer): Told =>
  told(
    [
      `${replayed} ${dryRun ? "would be put back" : "put back"}, ${left} ${dryRun ? "would be left" : "left"}`,
    ],
    replayed === 0 && left > 0,
  );

export const totalsWords = ({ totals }: { totals: Record<string, number> }): Told =>
  told(Object.entries(totals).map(([channel, count]) => `${count} opted out of ${channel}`));

export const optOutWords = ({ channel, number, optedOut, since, changed }: OptOutAnswer): Told =>
  told([
    `${number} ${optedOut ? "has opted out of" : "gets messages on"} ${channel}${since ? `, since ${when(since)}` : ""}${changed ? " (changed)" : ""}`,
  ]);

export const importWords = ({ changed, same, faults, dryRun }: ImportOutcome): Told =>
  told(
    [
      ...faults.map((fault) => `skipped: ${fault}`),
      `${changed} ${dryRun ? "would be changed" : "changed"}, ${same} need no change, ${faults.length} skipped`,
    ],
    faults.length > 0,
  );

export function templatesWords({ syncedAt, templates }: TemplatesAnswer): Told {
  const lines = templates.map(({ name, language, status, parameters, lastMismatch }) =>
    [
      `${name} (${language})`,
      status,
      parameters.join("; "),
      lastMismatch ? `did not fit: ${lastMismatch}` : "",
    ]
      .filter(Boolean)
      .join("  "),
  );
  return told([`${templates.length} templates, synced ${when(syncedAt)}`, ...lines]);
}

export const sentWords = ({ id }: { id: string }): Told =>
  told([`accepted: ${id}`, `follow it with: npm run connector -- message ${id}`]);
