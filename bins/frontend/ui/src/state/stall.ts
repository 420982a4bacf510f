/**
 * Detects a stalled sector: the connection is open, but no ticks arrive. Spectators are not
 * notified of a pause. A finished run is not stalled.
 */
import type { Connection } from "../api/feed";

/** Minimum silence of a stall, in milliseconds. */
const MIN_STALL_MS = 2_000;
/** Minimum silence of a stall, in ticks. */
const STALL_TICKS = 6;

export interface StreamState {
  connection: Connection;
  /** Whether the run has ended. */
  ended: boolean;
  /** Time between ticks. */
  tickDelayMs: number;
  /** Time since the last entry of the stream. */
  silentMs: number;
}

/** Silence after which a sector counts as stalled. */
export function stallAfterMs(tickDelayMs: number): number {
  return Math.max(MIN_STALL_MS, STALL_TICKS * tickDelayMs);
}

export function isStalled({ connection, ended, tickDelayMs, silentMs }: StreamState): boolean {
  return connection === "live" && !ended && silentMs >= stallAfterMs(tickDelayMs);
}
