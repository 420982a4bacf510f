import type { World } from "../state/app";
import type { Hit } from "../state/selection";
import type { Camera } from "./camera";
import { fleetSize, type FleetsLayer } from "./fleets";
import type { Frame } from "./gl";
import type { Ground } from "./ground";
import { symbolRadius } from "./systems";

/** Tolerance around a symbol in pixels. */
const TOLERANCE_PX = { mouse: 5, touch: 14 };

/**
 * The system or fleet at a pixel: the nearest symbol, measured from its edge. If both are hit, a
 * fleet's badge wins over its system.
 */
export function pick(
  world: World,
  layers: { ground: Ground; fleets: FleetsLayer },
  camera: Camera,
  frame: Frame,
  x: number,
  y: number,
  touch: boolean,
): Hit {
  const tolerance = touch ? TOLERANCE_PX.touch : TOLERANCE_PX.mouse;
  let best: Hit = null;
  let least = tolerance;
  const { xs, ys } = layers.ground;
  const { systems } = world.mirror;
  for (let index = 0; index < systems.length; index += 1) {
    const system = systems[index];
    if (system === undefined) continue;
    const dx = ((xs[index] ?? 0) - camera.x) * camera.zoom + camera.width / 2 - x;
    const dy = ((ys[index] ?? 0) - camera.y) * camera.zoom + camera.height / 2 - y;
    const distance = Math.hypot(dx, dy) - symbolRadius(system.value, frame.symbol);
    if (distance < least) {
      least = distance;
      best = { kind: "system", id: system.id };
    }
  }
  for (const spot of layers.fleets.spots) {
    const at = layers.fleets.position(spot, world, frame.tick, frame.symbol);
    const screen = camera.toScreen(at.x, at.y);
    const size = fleetSize(spot.fleet.strength) * Math.max(frame.symbol, 0.55);
    const distance = Math.hypot(screen.x + at.dx - x, screen.y + at.dy - y) - size - 1;
    if (distance < least && distance < tolerance * 0.7) {
      least = distance;
      best = { kind: "fleet", id: spot.fleet.id };
    }
  }
  return best;
}
