/**
 * The client's copy of the sector: a snapshot kept current by deltas. It always equals the snapshot
 * that the server would send at its tick. A delta that is not the next one is refused as a whole.
 */
import type {
  Delta,
  Faction,
  FactionId,
  Fleet,
  FleetId,
  Lane,
  RunResult,
  Snapshot,
  System,
  SystemId,
} from "../api/wire";

export type DeltaResult = "applied" | "stale" | "gap";

export class Mirror {
  readonly universeId: string;
  readonly seed: number;
  readonly rules: string;
  readonly tickDelayMs: number;
  readonly lanes: readonly Lane[];
  readonly systems: readonly System[];
  readonly fleets = new Map<FleetId, Fleet>();
  readonly factions = new Map<FactionId, Faction>();
  tick: number;
  digest: string;
  result: RunResult | null;
  nextFleetId: number;
  private readonly indexById = new Map<SystemId, number>();
  private readonly docked = new Map<SystemId, Set<FleetId>>();

  constructor(snapshot: Snapshot) {
    this.universeId = snapshot.universe_id;
    this.seed = snapshot.generator_seed;
    this.rules = snapshot.rules;
    this.tickDelayMs = snapshot.tick_delay_ms;
    this.lanes = snapshot.lanes;
    this.systems = snapshot.systems.map((system) => ({ ...system }));
    this.systems.forEach((system, index) => this.indexById.set(system.id, index));
    for (const fleet of snapshot.fleets) this.putFleet(fleet);
    for (const faction of snapshot.factions) this.factions.set(faction.id, faction);
    this.tick = snapshot.tick;
    this.digest = snapshot.digest;
    this.result = snapshot.result;
    this.nextFleetId = snapshot.next_fleet_id;
  }

  /** Applies the next delta; any other leaves the mirror untouched. */
  apply(delta: Delta): DeltaResult {
    if (delta.universe_id !== this.universeId) return "gap";
    if (delta.tick <= this.tick) return "stale";
    if (delta.tick !== this.tick + 1) return "gap";
    if (delta.systems.some((state) => !this.indexById.has(state.id))) return "gap";
    for (const state of delta.systems) {
      const system = this.system(state.id);
      if (system !== undefined) Object.assign(system, state);
    }
    for (const id of delta.fleets_removed) this.removeFleet(id);
    for (const fleet of delta.fleets) this.putFleet(fleet);
    for (const faction of delta.factions) this.factions.set(faction.id, faction);
    this.tick = delta.tick;
    this.digest = delta.digest;
    this.result = delta.result;
    this.nextFleetId = delta.next_fleet_id;
    return "applied";
  }

  system(id: SystemId): System | undefined {
    const index = this.indexById.get(id);
    return index === undefined ? undefined : this.systems[index];
  }

  /** Index of a system in `systems` and in the GPU buffers; -1 if unknown. */
  indexOf(id: SystemId): number {
    return this.indexById.get(id) ?? -1;
  }

  /** The fleets at a system, strongest first. */
  fleetsAt(id: SystemId): Fleet[] {
    const out: Fleet[] = [];
    for (const fleetId of this.docked.get(id) ?? []) {
      const fleet = this.fleets.get(fleetId);
      if (fleet !== undefined) out.push(fleet);
    }
    return out.sort((a, b) => b.strength - a.strength || a.id - b.id);
  }

  fleetsOf(faction: FactionId): Fleet[] {
    return [...this.fleets.values()].filter((fleet) => fleet.owner === faction);
  }

  faction(id: FactionId | null): Faction | undefined {
    return id === null ? undefined : this.factions.get(id);
  }

  /**
   * Factions in the order of the table, ranked as by the engine: the living first, by value,
   * systems and strength; ties go to the lower home system, and factions without a home come last.
   */
  ranking(): Faction[] {
    return [...this.factions.values()].sort(
      (a, b) =>
        Number(b.alive) - Number(a.alive) ||
        b.value - a.value ||
        b.systems - a.systems ||
        b.strength - a.strength ||
        (a.home_id ?? Infinity) - (b.home_id ?? Infinity) ||
        compareFactionIds(a.id, b.id),
    );
  }

  private putFleet(fleet: Fleet): void {
    this.undock(fleet.id);
    this.fleets.set(fleet.id, fleet);
    if (fleet.system_id === null) return;
    const at = this.docked.get(fleet.system_id);
    if (at === undefined) this.docked.set(fleet.system_id, new Set([fleet.id]));
    else at.add(fleet.id);
  }

  private removeFleet(id: FleetId): void {
    this.undock(id);
    this.fleets.delete(id);
  }

  private undock(id: FleetId): void {
    const place = this.fleets.get(id)?.system_id ?? null;
    if (place !== null) this.docked.get(place)?.delete(id);
  }
}

/** Orders by letter, then by number: `F2` before `F10`. */
export function compareFactionIds(a: FactionId, b: FactionId): number {
  const letters = a.charCodeAt(0) - b.charCodeAt(0);
  return letters !== 0 ? letters : Number(a.slice(1)) - Number(b.slice(1));
}
