import { describe, expect, it } from "vitest";
import type { SystemState } from "../src/api/wire";
import { compareFactionIds, Mirror } from "../src/state/mirror";
import { delta, faction, fleet, snapshot, system } from "./fixture";

function stateOf(id: number, change: Partial<SystemState>): SystemState {
  const { name, x, y, value, kind, ...state } = system(id);
  void [name, x, y, value, kind];
  return { ...state, ...change };
}

describe("the mirror", () => {
  it("becomes the next snapshot with a delta", () => {
    const mirror = new Mirror(snapshot());
    const moving = fleet(1, {
      system_id: null,
      enroute_from: 0,
      enroute_to: 1,
      departed: 11,
      eta: 13,
    });
    const result = mirror.apply(
      delta(11, {
        systems: [stateOf(1, { owner: "F2", garrison: 0 })],
        fleets: [moving, fleet(3, { system_id: 1, owner: "F2" })],
        fleets_removed: [2],
        factions: [faction("F2", { systems: 2 }), faction("L1", { kind: "league" })],
        next_fleet_id: 4,
      }),
    );
    expect(result).toBe("applied");
    expect(mirror.tick).toBe(11);
    expect(mirror.digest).toBe("000000000000000b");
    expect(mirror.nextFleetId).toBe(4);
    expect(mirror.system(1)).toEqual({ ...system(1), owner: "F2", garrison: 0 });
    expect(mirror.system(0)).toEqual(system(0, { owner: "F1" }));
    expect([...mirror.fleets.keys()].sort()).toEqual([1, 3]);
    expect(mirror.fleets.get(1)).toEqual(moving);
    expect(mirror.faction("F2")?.systems).toBe(2);
    expect(mirror.faction("L1")?.kind).toBe("league");
  });

  it("lists the fleets at a system, strongest first, through moves and losses", () => {
    const mirror = new Mirror(snapshot());
    mirror.apply(
      delta(11, { fleets: [fleet(5, { strength: 20_000 }), fleet(6, { strength: 4_000 })] }),
    );
    expect(mirror.fleetsAt(0).map(({ id }) => id)).toEqual([5, 1, 6]);
    mirror.apply(
      delta(12, {
        fleets: [fleet(5, { system_id: null, enroute_from: 0, enroute_to: 1, eta: 14 })],
        fleets_removed: [6],
      }),
    );
    expect(mirror.fleetsAt(0).map(({ id }) => id)).toEqual([1]);
    mirror.apply(delta(13, { fleets: [fleet(5, { system_id: 1 })] }));
    expect(mirror.fleetsAt(1).map(({ id }) => id)).toEqual([5]);
  });

  it("refuses a gap, another universe and an unknown system without a change", () => {
    const mirror = new Mirror(snapshot());
    const change = { fleets_removed: [1] };
    expect(mirror.apply(delta(12, change))).toBe("gap");
    expect(mirror.apply(delta(11, { ...change, universe_id: "u-2" }))).toBe("gap");
    expect(mirror.apply(delta(11, { ...change, systems: [stateOf(77, {})] }))).toBe("gap");
    expect(mirror.tick).toBe(10);
    expect(mirror.fleets.has(1)).toBe(true);
  });

  it("skips old deltas", () => {
    const mirror = new Mirror(snapshot());
    expect(mirror.apply(delta(10, { fleets_removed: [1] }))).toBe("stale");
    expect(mirror.fleets.has(1)).toBe(true);
  });

  it("does not share its systems with the snapshot", () => {
    const from = snapshot();
    new Mirror(from).apply(delta(11, { systems: [stateOf(1, { owner: "F1" })] }));
    expect(from.systems[1]?.owner).toBeNull();
  });

  it("ranks the living by value, systems, strength and lower home system, as the engine does", () => {
    const mirror = new Mirror(
      snapshot({
        factions: [
          faction("L1", { value: 9, kind: "league", home_id: null }),
          faction("F2", { value: 9, home_id: 3 }),
          faction("F10", { value: 9, home_id: 1 }),
          faction("F3", { value: 20, alive: false }),
          faction("F1", { value: 12, home_id: 2 }),
        ],
      }),
    );
    expect(mirror.ranking().map(({ id }) => id)).toEqual(["F1", "F10", "F2", "L1", "F3"]);
  });

  it("orders faction ids by number", () => {
    expect(["F10", "S1", "F2", "L1"].sort(compareFactionIds)).toEqual(["F2", "F10", "L1", "S1"]);
  });
});
