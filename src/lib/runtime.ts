/** Milliseconds since the epoch. */
export type Clock = () => number;

/** Resolves after so many milliseconds, earlier when the connector stops. */
export type Pause = (ms: number) => Promise<void>;
