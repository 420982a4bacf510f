/**
 * The wire contract, as the server writes it. The rest of the UI imports its types
 * from here only, so that types generated from the API document (`npm run codegen`
 * writes `schema.ts`) can replace these definitions without touching anything else.
 *
 * Integers everywhere: strength, garrison, stock and economy in thousandths;
 * stability, unrest, heat and odds in per mille; positions 0..1_000_000; time in ticks.
 */
export type FactionId = string;
export type SystemId = number;
export type FleetId = number;

export type SystemKind = "normal" | "relic" | "forge" | "hive";
export type Focus = "balanced" | "industry" | "garrison" | "order";
export type FactionKind = "starter" | "league" | "splinter";
export type RunCause = "domination" | "last_standing" | "tick_limit";

/** What of a system can change from tick to tick. */
export interface SystemState {
  id: SystemId;
  owner: FactionId | null;
  garrison: number;
  stability: number;
  unrest: number;
  heat: number;
  reclaim_cooldown: number;
  maturity: number;
  focus: Focus;
  occupation_faction: FactionId | null;
  occupation_progress: number;
  is_besieged: boolean;
  siege_owner: FactionId | null;
  siege_strength: number;
}

export interface System extends SystemState {
  name: string;
  x: number;
  y: number;
  value: number;
  kind: SystemKind;
}

export interface Lane {
  a: SystemId;
  b: SystemId;
  ticks: number;
}

export interface Fleet {
  id: FleetId;
  owner: FactionId;
  system_id: SystemId | null;
  strength: number;
  max_strength: number;
  enroute_from: SystemId | null;
  enroute_to: SystemId | null;
  departed: number | null;
  eta: number | null;
  route: SystemId[];
}

export interface Faction {
  id: FactionId;
  name: string;
  color: string;
  kind: FactionKind;
  alive: boolean;
  home_id: SystemId | null;
  muster_id: SystemId | null;
  build_stock: number;
  economy: number;
  systems: number;
  value: number;
  strength: number;
  domination_ticks: number;
}

export type GameEvent =
  | {
      type: "launched";
      fleet: FleetId;
      faction: FactionId;
      from: SystemId;
      to: SystemId;
      arrives: number;
    }
  | { type: "arrived"; fleet: FleetId; faction: FactionId; system: SystemId }
  | {
      type: "battle";
      system: SystemId;
      attacker: FactionId;
      defender: FactionId;
      attack: number;
      defence: number;
      odds: number;
      winner: FactionId;
      attacker_loss: number;
      defender_loss: number;
      garrison_loss: number;
    }
  | { type: "occupation_started"; system: SystemId; faction: FactionId }
  | { type: "occupation_lost"; system: SystemId; faction: FactionId }
  | { type: "captured"; system: SystemId; faction: FactionId; from: FactionId | null }
  | { type: "rebelled"; system: SystemId; from: FactionId; to: FactionId }
  | { type: "seceded"; system: SystemId; from: FactionId; to: FactionId }
  | { type: "fleet_built"; fleet: FleetId; faction: FactionId; system: SystemId; strength: number }
  | {
      type: "order_applied";
      order: number;
      faction: FactionId;
      kind: OrderKind;
      fleet: FleetId | null;
      client_id: string | null;
    }
  | {
      type: "order_refused";
      order: number;
      faction: FactionId;
      kind: OrderKind;
      code: string;
      client_id: string | null;
    }
  | { type: "eliminated"; faction: FactionId }
  | { type: "run_ended"; winner: FactionId | null; cause: RunCause };

export interface RunResult {
  winner: FactionId | null;
  cause: RunCause;
  tick: number;
}

export interface HistoryEntry {
  tick: number;
  event: GameEvent;
  text: string;
}

export interface Snapshot {
  universe_id: string;
  tick: number;
  tick_delay_ms: number;
  generator_seed: number;
  rules: string;
  systems: System[];
  lanes: Lane[];
  fleets: Fleet[];
  factions: Faction[];
  next_fleet_id: number;
  result: RunResult | null;
  highlight_ids: SystemId[];
  events: GameEvent[];
  history_tail: HistoryEntry[];
  digest: string;
}

export interface Delta {
  universe_id: string;
  tick: number;
  systems: SystemState[];
  fleets: Fleet[];
  fleets_removed: FleetId[];
  factions: Faction[];
  next_fleet_id: number;
  result: RunResult | null;
  events: GameEvent[];
  texts: string[];
  digest: string;
}

export interface RunEnd {
  universe_id: string;
  tick: number;
  winner: FactionId | null;
  cause: RunCause;
  next_universe_in_ms: number;
}

export type StreamEntry =
  | { id: string; type: "snapshot"; data: Snapshot }
  | { id: string; type: "delta"; data: Delta }
  | { id: string; type: "run_end"; data: RunEnd };

export type OrderKind = "move" | "cancel" | "muster" | "focus";

export type Order =
  | {
      kind: "move";
      faction: FactionId;
      origin_id: SystemId;
      target_id: SystemId;
      fleet_id?: FleetId;
      strength?: number;
      client_id?: string;
    }
  | { kind: "cancel"; faction: FactionId; fleet_id: FleetId; client_id?: string }
  | { kind: "muster"; faction: FactionId; target_id: SystemId; client_id?: string }
  | { kind: "focus"; faction: FactionId; system_id: SystemId; focus: Focus; client_id?: string };

export interface FactionSeat {
  id: FactionId;
  name: string;
  color: string;
  kind: FactionKind;
  alive: boolean;
  systems: number;
  value: number;
  strength: number;
  claimed: boolean;
  claimable: boolean;
  controller: "human" | "bot";
}

export interface FactionList {
  universe_id: string;
  factions: FactionSeat[];
}

export interface Me {
  address: string;
  faction: FactionId | null;
  universe_id: string | null;
  role: string;
}

export interface OrderReceipt {
  id: string;
  duplicates: string[];
}

/** RFC 9457 problem document, with the extension members of this API. */
export interface ProblemDocument {
  type?: string;
  title?: string;
  status?: number;
  code?: string;
  detail?: string;
  instance?: string;
  errors?: { field?: string; value?: unknown; allowed?: string; detail?: string }[];
}
