/** The event log: notable events, newest last. */
import type { Delta, FactionId, GameEvent, Snapshot, SystemId } from "../api/wire";

export const LOG_LIMIT = 400;

export type LogFilter = "all" | "battles" | "captures" | "mine";

export interface LogLine {
  key: number;
  tick: number;
  text: string;
  event: GameEvent;
  system: SystemId | null;
}

/** The system of an event. */
export function systemOf(event: GameEvent): SystemId | null {
  if ("system" in event) return event.system;
  return event.type === "launched" ? event.from : null;
}

/** The factions involved in an event. */
export function factionsOf(event: GameEvent): FactionId[] {
  const named: (FactionId | null)[] = [];
  if ("faction" in event) named.push(event.faction);
  if (event.type === "battle") named.push(event.attacker, event.defender);
  if (event.type === "captured") named.push(event.from);
  if (event.type === "rebelled" || event.type === "seceded") named.push(event.from, event.to);
  if (event.type === "run_ended") named.push(event.winner);
  return named.filter((id): id is FactionId => id !== null);
}

const NOTABLE = new Set<GameEvent["type"]>([
  "battle",
  "captured",
  "rebelled",
  "seceded",
  "occupation_started",
  "eliminated",
  "run_ended",
]);
const CAPTURES = new Set<GameEvent["type"]>(["captured", "rebelled", "seceded", "eliminated"]);

/** Whether an event is logged: notable events of all factions, and all events of the player's. */
export function isKept(event: GameEvent, mine: FactionId | null): boolean {
  return NOTABLE.has(event.type) || (mine !== null && factionsOf(event).includes(mine));
}

export function matches(line: LogLine, filter: LogFilter, mine: FactionId | null): boolean {
  switch (filter) {
    case "battles":
      return line.event.type === "battle";
    case "captures":
      return CAPTURES.has(line.event.type);
    case "mine":
      return mine !== null && factionsOf(line.event).includes(mine);
    case "all":
      return isKept(line.event, mine);
  }
}

/** The log at a snapshot, from its history. */
export function linesOfSnapshot(snapshot: Snapshot): LogLine[] {
  return snapshot.history_tail.map(({ tick, event, text }, key) => ({
    key,
    tick,
    text,
    event,
    system: systemOf(event),
  }));
}

/** Appends the events of a tick; returns the same array if none is logged. */
export function withDelta(
  lines: readonly LogLine[],
  delta: Delta,
  mine: FactionId | null,
): readonly LogLine[] {
  const fresh: LogLine[] = [];
  let key = (lines[lines.length - 1]?.key ?? -1) + 1;
  delta.events.forEach((event, index) => {
    const text = delta.texts[index];
    if (text === undefined || !isKept(event, mine)) return;
    fresh.push({ key, tick: delta.tick, text, event, system: systemOf(event) });
    key += 1;
  });
  return fresh.length === 0 ? lines : [...lines, ...fresh].slice(-LOG_LIMIT);
}
