/** The largest connected territory of each faction, and positions for its name there. */
import type { World } from "../state/app";
import type { FactionId, SystemId } from "../api/wire";
import { WORLD_SCALE } from "./camera";

/** A point in world units. */
export interface Place {
  x: number;
  y: number;
}

export interface Holding extends Place {
  faction: FactionId;
  members: SystemId[];
}

export function largestHoldings({ mirror, graph }: Pick<World, "mirror" | "graph">): Holding[] {
  const seen = new Set<SystemId>();
  const best = new Map<FactionId, SystemId[]>();
  for (const system of mirror.systems) {
    const { owner } = system;
    if (owner === null || seen.has(system.id)) continue;
    const part = [system.id];
    seen.add(system.id);
    for (let i = 0; i < part.length; i += 1) {
      for (const { to } of graph.neighboursOf(part[i] ?? -1)) {
        if (seen.has(to) || mirror.system(to)?.owner !== owner) continue;
        seen.add(to);
        part.push(to);
      }
    }
    if (part.length > (best.get(owner)?.length ?? 0)) best.set(owner, part);
  }
  return [...best].map(([faction, part]) => {
    let x = 0;
    let y = 0;
    for (const id of part) {
      x += mirror.system(id)?.x ?? 0;
      y += mirror.system(id)?.y ?? 0;
    }
    const scale = WORLD_SCALE / part.length;
    return { faction, x: x * scale, y: y * scale, members: part };
  });
}

/** Candidate positions for a name: the previous one, then others by distance from the middle. */
export function placesAround(middle: Place, last: Place | undefined, spacing: number): Place[] {
  const places: Place[] = last === undefined ? [] : [last];
  const step = spacing * 0.17;
  for (let ring = 0; ring <= 9; ring += 1) {
    for (let row = -ring; row <= ring; row += 1) {
      const side = ring - Math.abs(row);
      places.push({ x: middle.x + side * step, y: middle.y + row * step });
      if (side > 0) places.push({ x: middle.x - side * step, y: middle.y + row * step });
    }
  }
  return places;
}
