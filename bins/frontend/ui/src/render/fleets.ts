/**
 * Fleets: arrowheads on lanes, which the GPU places by departure and arrival tick, and badges next
 * to systems for idle fleets. Buffers change only with a tick.
 */
import type { World } from "../state/app";
import type { FactionId, Fleet, FleetId } from "../api/wire";
import { Instances, Program, type Frame } from "./gl";
import type { Ground } from "./ground";
import { symbolRadius } from "./systems";

/** Where a fleet is drawn: between two points, or next to one with an offset in pixels. */
export interface FleetSpot {
  fleet: Fleet;
  ax: number;
  ay: number;
  bx: number;
  by: number;
  departed: number;
  eta: number;
  offsetX: number;
  offsetY: number;
}

/** Distance of an idle fleet from the centre of its system, in radii plus a gap. */
const BERTH_RADII = 1.15;
/** Offset of the first fleet to the right of and above its system, in the same unit. */
export const BERTH = BERTH_RADII * Math.SQRT1_2;
/** Offset of moving fleets to the right of their lane, in pixels. */
const LANE_SIDE_PX = 4;

const VERTEX = `
layout(location=0) in vec2 corner;
layout(location=1) in vec4 ends;
layout(location=2) in vec4 time;    // departed, eta (0 = at rest), offset in radii: x, y
layout(location=3) in vec4 look;    // faction number, size, flags (1 mine, 2 selected), value of the system
uniform sampler2D uPalette;
out vec2 at;
flat out vec3 tint;
flat out vec4 shape;                // size, moving, flags
void main() {
  bool moving = time.y > 0.0;
  float share = moving ? clamp((uClock.x - time.x) / max(time.y - time.x, 0.001), 0.0, 1.0) : 0.0;
  vec2 world = mix(ends.xy, ends.zw, share);
  float size = look.y * max(uClock.z, 0.55);
  float extent = size * 3.2 + 4.0;
  vec2 dir = moving ? normalize(ends.zw - ends.xy) : vec2(0.0, -1.0);
  at = corner * extent;
  // Rotate the quad so that "forward" is up in its own coordinates.
  vec2 turned = vec2(-dir.y, dir.x) * at.x + dir * -at.y;
  float radius = (3.6 + 0.62 * look.w) * uClock.z;
  vec2 offset = moving ? vec2(-dir.y, dir.x) * ${LANE_SIDE_PX}.0 * uClock.z : time.zw * (radius + 7.0 * uClock.z);
  tint = texelFetch(uPalette, ivec2(int(look.x), 0), 0).rgb;
  shape = vec4(size, moving ? 1.0 : 0.0, look.z, 0.0);
  gl_Position = place(world, turned + offset);
}`;

const FRAGMENT = `
in vec2 at;
flat in vec3 tint;
flat in vec4 shape;
out vec4 color;
vec4 over(vec4 below, vec3 rgb, float alpha) { return vec4(rgb, 1.0) * alpha + below * (1.0 - alpha); }
float arrow(vec2 p, float s) {
  // Point up, notch at the tail.
  vec2 q = vec2(abs(p.x), p.y);
  float side = dot(q - vec2(0.0, -s * 1.35), normalize(vec2(2.3, -0.95)));
  float tail = dot(q - vec2(0.0, s * 0.55), normalize(vec2(-0.45, 1.0)));
  return max(side, tail);
}
float shield(vec2 p, float s) {
  vec2 q = vec2(abs(p.x), p.y);
  return max(max(q.x - s * 0.82, -q.y - s * 0.85), dot(q - vec2(0.0, s * 1.15), normalize(vec2(0.9, 0.75))));
}
void main() {
  float s = shape.x;
  int flags = int(shape.z);
  bool moving = shape.y > 0.5;
  vec4 c = vec4(0.0);
  if (moving) {
    float trail = smoothstep(s * 3.4, s * 0.4, at.y) * step(s * 0.2, at.y) * exp(-abs(at.x) / (s * 0.34));
    c = over(c, tint, trail * 0.55);
  }
  float d = moving ? arrow(at, s) : shield(at, s);
  c = over(c, vec3(0.02), cover(d - 1.7) * 0.9);
  c = over(c, tint, cover(d));
  if (!moving) c = over(c, vec3(0.05), cover(d + s * 0.38) * 0.55);
  if ((flags & 1) != 0) c = over(c, vec3(0.99, 0.96, 0.88), cover(abs(d - 0.3) - 0.65));
  if ((flags & 2) != 0) {
    float pulse = 0.5 + 0.5 * sin(uClock.y * 4.0) * (1.0 - uClock.w);
    c = over(c, vec3(0.99, 0.93, 0.78), cover(abs(length(at) - s * 2.1 - pulse) - 0.9));
  }
  color = c;
}`;

export class FleetsLayer {
  readonly spots: FleetSpot[] = [];
  private readonly program: Program;
  private readonly instances: Instances;

  constructor(
    gl: WebGL2RenderingContext,
    private readonly ground: Ground,
  ) {
    this.program = new Program(gl, VERTEX, FRAGMENT);
    this.instances = new Instances(gl, [4, 4, 4]);
  }

  /** Rewrites all fleets. */
  load(world: World, mine: FactionId | null, selected: FleetId | null): void {
    const { mirror } = world;
    this.instances.clear();
    this.spots.length = 0;
    const berths = new Map<number, number>();
    for (const fleet of mirror.fleets.values()) {
      const spot = this.spotOf(world, fleet, berths);
      if (spot === null) continue;
      this.spots.push(spot);
      const flags = (fleet.owner === mine ? 1 : 0) | (fleet.id === selected ? 2 : 0);
      const value = fleet.system_id === null ? 0 : (mirror.system(fleet.system_id)?.value ?? 0);
      this.instances.push(
        spot.ax,
        spot.ay,
        spot.bx,
        spot.by,
        spot.departed,
        spot.eta,
        spot.offsetX,
        spot.offsetY,
        this.ground.number(fleet.owner),
        fleetSize(fleet.strength),
        flags,
        value,
      );
    }
    this.instances.upload();
  }

  /** Current position of a fleet: world position and offset in pixels. */
  position(spot: FleetSpot, world: World, tick: number, symbol: number) {
    const moving = spot.eta > 0;
    if (!moving) {
      const value = world.mirror.system(spot.fleet.system_id ?? -1)?.value ?? 0;
      const radius = symbolRadius(value, symbol) + 7 * symbol;
      return { x: spot.ax, y: spot.ay, dx: spot.offsetX * radius, dy: spot.offsetY * radius };
    }
    const at = shareOfWay(spot.departed, spot.eta, tick);
    const length = Math.hypot(spot.bx - spot.ax, spot.by - spot.ay) || 1;
    return {
      x: spot.ax + (spot.bx - spot.ax) * at,
      y: spot.ay + (spot.by - spot.ay) * at,
      dx: (-(spot.by - spot.ay) / length) * LANE_SIDE_PX * symbol,
      dy: ((spot.bx - spot.ax) / length) * LANE_SIDE_PX * symbol,
    };
  }

  draw(frame: Frame): void {
    this.program.use(frame);
    this.program.texture("uPalette", 0, this.ground.palette);
    this.instances.draw();
  }

  private spotOf(world: World, fleet: Fleet, berths: Map<number, number>): FleetSpot | null {
    const { mirror } = world;
    const { xs, ys } = this.ground;
    if (fleet.system_id !== null) {
      const index = mirror.indexOf(fleet.system_id);
      if (index < 0) return null;
      const berth = berths.get(index) ?? 0;
      berths.set(index, berth + 1);
      // The first berth is at the upper right; the next ones follow clockwise.
      const angle = -Math.PI / 4 + berth * 0.95;
      const x = xs[index] ?? 0;
      const y = ys[index] ?? 0;
      return {
        fleet,
        ax: x,
        ay: y,
        bx: x,
        by: y,
        departed: 0,
        eta: 0,
        offsetX: Math.cos(angle) * BERTH_RADII,
        offsetY: Math.sin(angle) * BERTH_RADII,
      };
    }
    const from = mirror.indexOf(fleet.enroute_from ?? -1);
    const to = mirror.indexOf(fleet.enroute_to ?? -1);
    if (from < 0 || to < 0 || fleet.eta === null) return null;
    return {
      fleet,
      ax: xs[from] ?? 0,
      ay: ys[from] ?? 0,
      bx: xs[to] ?? 0,
      by: ys[to] ?? 0,
      departed: fleet.departed ?? fleet.eta - 1,
      eta: fleet.eta,
      offsetX: 0,
      offsetY: 0,
    };
  }
}

/** Progress of a fleet along its lane, 0..1; stays at 1 until the arrival is reported. */
export function shareOfWay(departed: number, eta: number, tick: number): number {
  const share = (tick - departed) / Math.max(eta - departed, 0.001);
  return Math.min(Math.max(share, 0), 1);
}

/** Half the size of a fleet's symbol in pixels; grows slowly with strength. */
export function fleetSize(strength: number): number {
  return Math.min(4.2 + Math.sqrt(Math.max(strength, 0) / 1000) * 0.62, 11);
}
