import { until } from "../support/ports.ts";

/** Holds whoever awaits `passed` until it is opened. */
export function createGate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const gate = {
    waiting: 0,
    open: () => open(),
    get passed() {
      gate.waiting++;
      return opened;
    },
    reached: until,
  };
  return gate;
}
