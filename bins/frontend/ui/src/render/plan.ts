import type { Fleet, SystemId } from "../api/wire";
import type { World } from "../state/app";

/** A planned move. */
export interface Plan {
  fleet: Fleet;
  target: SystemId;
  path: SystemId[];
  ticks: number;
  /** Tick of arrival if ordered now: fleets depart with the next tick. */
  arrives: number;
}

export function planOf(world: World, fleet: Fleet, target: SystemId): Plan | null {
  if (fleet.system_id === null || fleet.system_id === target) return null;
  const route = world.graph.route(fleet.system_id, target);
  if (route === null) return null;
  return {
    fleet,
    target,
    path: route.path,
    ticks: route.ticks,
    arrives: world.mirror.tick + 1 + route.ticks,
  };
}
