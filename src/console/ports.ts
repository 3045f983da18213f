import type { Setting } from "../config/settings.ts";
import type {
  DeadLettersAnswer,
  Dictionary,
  FailuresAnswer,
  MessageStory,
  ResultsAnswer,
  ResultsQuery,
  SetupAnswer,
  StatusAnswer,
  TemplatesAnswer,
} from "../core/insight.ts";
import type { Channel } from "../core/message.ts";
import type { ReplayAnswer, ReplayChoice } from "../flows/dispatch/replay-letters.ts";
import type {
  ImportOutcome,
  ImportProgress,
  ImportRequest,
  OptOutAnswer,
  OptOutRequest,
} from "../flows/inbound/opt-outs.ts";
import type { TestSend } from "../flows/intake/test-send.ts";

export interface FailuresQuery {
  /** Milliseconds since the epoch. */
  from: number;
  code?: string;
  template?: string;
  limit: number;
}

/** What the pages, their JSON and the command line show and do. Everything may reject with a ConnectorError. */
export interface ConsolePorts {
  status(): Promise<StatusAnswer>;
  results(query: ResultsQuery): Promise<ResultsAnswer>;
  failures(query: FailuresQuery): Promise<FailuresAnswer>;
  story(id: string): Promise<MessageStory>;
  words: Dictionary;
  setup(): Promise<SetupAnswer>;
  letters: {
    list(): Promise<DeadLettersAnswer>;
    replay(choice: ReplayChoice): Promise<ReplayAnswer>;
  };
  optOuts: {
    totals(): Promise<Record<Channel, number>>;
    act(request: OptOutRequest): Promise<OptOutAnswer>;
    importCsv(request: ImportRequest, tell?: (soFar: ImportProgress) => void): Promise<ImportOutcome>;
  };
  templates: {
    list(): Promise<TemplatesAnswer>;
    sync(): Promise<TemplatesAnswer>;
  };
  /** Resolves to the id by which the message can be followed. */
  testSend(request: TestSend): Promise<{ id: string }>;
  /** What an event stream's receiver needs; undefined where none is configured or known. */
  connectedSourceMapper: object;
  settings: readonly Setting[];
  /** Sentences about what is off. */
  notes: readonly string[];
  /** How people write the names of platforms. */
  platformNames: Readonly<Record<string, string>>;
}
