/**
 * Exponential backoff with full jitter: the wait before an attempt (counted from 0) is uniform in
 * 0..min(cap, base·2^attempt), which spreads clients that were disconnected together.
 */
export function backoffMs(attempt: number, random: number, baseMs = 300, capMs = 15_000): number {
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.floor(random * ceiling);
}
