/**
 * Whether the sector stands still: the connection is open, yet no tick comes. A spectator
 * is not told of a pause; only silence shows it. A war that has ended is not still, it is over.
 */
import type { Connection } from "../api/feed";

/** Silence shorter than this is never called standing still, in milliseconds. */
const LEAST_SILENCE_MS = 2_000;
/** So many ticks overdue are more than jitter. */
const SILENT_TICKS = 6;

export interface Pulse {
  connection: Connection;
  /** Whether the run has ended. */
  ended: boolean;
  /** Time from tick to tick. */
  tickDelayMs: number;
  /** Since the last entry of the stream. */
  silentMs: number;
}

/** How long the stream may be silent before the sector counts as standing still. */
export function stillAfterMs(tickDelayMs: number): number {
  return Math.max(LEAST_SILENCE_MS, SILENT_TICKS * tickDelayMs);
}

export function standsStill({ connection, ended, tickDelayMs, silentMs }: Pulse): boolean {
  return connection === "live" && !ended && silentMs >= stillAfterMs(tickDelayMs);
}
