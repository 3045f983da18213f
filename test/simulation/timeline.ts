import type { Exchange } from "./net.ts";

/** A log line. */
export const shortened = (line: string) => {
  const { time: _time, ...rest } = JSON.parse(line);
  return JSON.stringify(rest).slice(0, 300);
};

/** One exchange in a line. */
export function describeExchange({
  from,
  to,
  edge,
  request,
  leftAt,
  endedAt = 0,
  result,
  faults,
}: Exchange): string {
  const answer =
    result && "failure" in result ? result.failure : `${result?.status} ${result?.text.slice(0, 80)}`;
  const struck = faults.length > 0 ? ` [${faults.join(", ")}]` : "";
  return `${from.name} > ${to} ${edge} ${request.body.slice(0, 200)} => ${answer} (${endedAt - leftAt} ms)${struck}`;
}
