/** Numbers, times and addresses as text. */

/** Thousands with one decimal: 10000 → "10.0k", 1234567 → "1.2M", 950 → "950". */
export function amount(value: number): string {
  const size = Math.abs(value);
  if (size >= 999_950) return `${(value / 1_000_000).toFixed(1)}M`;
  if (size >= 1_000) return `${(value / 1_000).toFixed(1)}k`;
  return String(value);
}

/** Per mille as percent: 1000 → "100 %", 55 → "6 %". */
export function percent(perMille: number): string {
  return `${Math.round(perMille / 10)} %`;
}

/** A count with its noun: 1 → "1 tick", 2 → "2 ticks". */
export function count(value: number, noun: string): string {
  return `${value} ${noun}${value === 1 ? "" : "s"}`;
}

/** A waiting time, rounded up: "12 s", "1 min 05 s". */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/** A shortened address: "0x52b1…9aF0". */
export function shortAddress(address: string): string {
  return `${address.slice(0, 6)}…${address.slice(-4)}`;
}

/** A date in the format of the locale: "29 Nov 2026". */
export function day(time: string): string {
  return new Date(time).toLocaleDateString(undefined, { dateStyle: "medium" });
}

/** A date and time in the format of the locale, to the minute. */
export function moment(time: string): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
