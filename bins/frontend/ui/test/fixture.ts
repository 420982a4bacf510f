import type { Delta, Faction, Fleet, Snapshot, System } from "../src/api/wire";

export function system(id: number, change: Partial<System> = {}): System {
  return {
    id,
    name: `Place ${id}`,
    x: id * 100_000,
    y: 0,
    value: 5,
    kind: "normal",
    owner: null,
    garrison: 1000,
    stability: 1000,
    unrest: 0,
    heat: 0,
    reclaim_cooldown: 0,
    maturity: 0,
    focus: "balanced",
    occupation_faction: null,
    occupation_progress: 0,
    is_besieged: false,
    siege_owner: null,
    siege_strength: 0,
    ...change,
  };
}

export function fleet(id: number, change: Partial<Fleet> = {}): Fleet {
  return {
    id,
    owner: "F1",
    system_id: 0,
    strength: 10_000,
    max_strength: 10_000,
    enroute_from: null,
    enroute_to: null,
    departed: null,
    eta: null,
    route: [],
    ...change,
  };
}

export function faction(id: string, change: Partial<Faction> = {}): Faction {
  return {
    id,
    name: `Faction ${id}`,
    color: "#c8553d",
    kind: "starter",
    alive: true,
    home_id: 0,
    muster_id: 0,
    build_stock: 0,
    economy: 1000,
    systems: 1,
    value: 5,
    strength: 10_000,
    fleets: 1,
    parent: null,
    domination_ticks: 0,
    ...change,
  };
}

export function snapshot(change: Partial<Snapshot> = {}): Snapshot {
  return {
    universe_id: "u-1",
    tick: 10,
    tick_delay_ms: 300,
    generator_seed: 7,
    rules: "classic",
    systems: [system(0, { owner: "F1" }), system(1), system(2), system(3, { owner: "F2" })],
    lanes: [
      { a: 0, b: 1, ticks: 2 },
      { a: 1, b: 2, ticks: 2 },
      { a: 2, b: 3, ticks: 1 },
      { a: 0, b: 3, ticks: 9 },
    ],
    fleets: [fleet(1), fleet(2, { owner: "F2", system_id: 3 })],
    factions: [faction("F1"), faction("F2", { home_id: 3, value: 7 })],
    next_fleet_id: 3,
    result: null,
    highlight_ids: [],
    events: [],
    history_tail: [],
    digest: "000000000000000a",
    ...change,
  };
}

export function delta(tick: number, change: Partial<Delta> = {}): Delta {
  return {
    universe_id: "u-1",
    tick,
    systems: [],
    fleets: [],
    fleets_removed: [],
    factions: [],
    next_fleet_id: 3,
    result: null,
    events: [],
    texts: [],
    digest: "000000000000000b",
    ...change,
  };
}
