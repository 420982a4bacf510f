/**
 * Systems: symbol by kind (disc, relic diamond, forge square, hive hexagon), size by value, colour
 * by owner; rings for sieges and occupation, glow for recent fighting, spikes for unrest, brackets
 * for the selection.
 */
import type { World } from "../state/app";
import type { FactionId, System } from "../api/wire";
import { Instances, Program, type Frame } from "./gl";
import { ROW, type Ground } from "./ground";

/**
 * Heat and unrest from which their effects are drawn in full; a matter of looks, not of the rules.
 */
const FULL_HEAT = 1_500;
const FULL_UNREST = 600;
const KINDS = { normal: 0, relic: 1, forge: 2, hive: 3 } as const;
export const FLAG = { home: 1, mine: 2, muster: 4, selected: 8, hovered: 16 } as const;

/** Radius of a system's symbol in CSS pixels. The shader uses the same formula. */
export function symbolRadius(value: number, symbol: number): number {
  return (3.6 + 0.62 * value) * symbol;
}

const VERTEX = `
layout(location=0) in vec2 corner;
layout(location=1) in vec4 a;   // index, value, kind, flags
layout(location=2) in vec4 b;   // occupier, progress, besieger, heat
layout(location=3) in vec2 c;   // unrest, reclaim cooldown
uniform sampler2D uPositions;
uniform sampler2D uOwners;
uniform sampler2D uPalette;
out vec2 at;
flat out vec4 owner;
flat out vec4 shape;            // radius, kind, flags, heat
flat out vec4 occupier;         // colour, progress
flat out vec4 besieger;         // colour, 1 when besieged
flat out vec2 trouble;
void main() {
  int i = int(a.x);
  ivec2 texel = ivec2(i % ${ROW}, i / ${ROW});
  owner = texelFetch(uOwners, texel, 0);
  float radius = (3.6 + 0.62 * a.y) * uClock.z;
  shape = vec4(radius, a.z, a.w, b.w);
  occupier = vec4(texelFetch(uPalette, ivec2(int(b.x), 0), 0).rgb, b.x > 0.5 ? b.y : -1.0);
  besieger = vec4(texelFetch(uPalette, ivec2(int(b.z), 0), 0).rgb, b.z > 0.5 ? 1.0 : 0.0);
  trouble = c;
  // Keep the quad as small as its content: most systems are quiet, and every pixel costs.
  float unit = max(uClock.z, 0.6);
  bool busy = b.x > 0.5 || b.z > 0.5 || c.x > 0.15 || c.y > 0.0 || a.w > 0.5;
  float extent = radius + (busy ? 18.0 : owner.a > 0.0 ? 11.0 : 3.5) * unit + b.w * 14.0;
  at = corner * extent;
  gl_Position = place(texelFetch(uPositions, texel, 0).xy, at);
}`;

const FRAGMENT = `
in vec2 at;
flat in vec4 owner;
flat in vec4 shape;
flat in vec4 occupier;
flat in vec4 besieger;
flat in vec2 trouble;
out vec4 color;

vec4 over(vec4 below, vec3 rgb, float alpha) { return vec4(rgb, 1.0) * alpha + below * (1.0 - alpha); }
float ring(float d, float radius, float width) { return cover(abs(d - radius) - width * 0.5); }

float symbol(vec2 p, float r, int kind) {
  if (kind == 1) return (abs(p.x) + abs(p.y) - r * 1.30) * 0.7071;                       // relic: diamond
  if (kind == 2) return max(abs(p.x), abs(p.y)) - r * 0.95;                              // forge: square
  if (kind == 3) { vec2 q = abs(p); return max(q.x * 0.866 + q.y * 0.5, q.y) - r * 1.05; } // hive: hexagon
  return length(p) - r;
}

void main() {
  float r = shape.x;
  int kind = int(shape.y);
  int flags = int(shape.z);
  float heat = shape.w;
  float d = length(at);
  float unit = max(uClock.z, 0.6);
  bool owned = owner.a > 0.0;
  vec3 tint = owned ? owner.rgb : vec3(0.60, 0.57, 0.52);
  vec4 c = vec4(0.0);

  if (owned) {
    float away = max(d - r, 0.0) / unit;
    c = over(c, tint, 0.34 * exp(-away / 5.0) * (1.0 - smoothstep(5.0, 10.5, away)) * step(r, d));
  }
  if (heat > 0.01) c = over(c, vec3(1.0, 0.42, 0.12), heat * 0.55 * exp(-max(d - r, 0.0) / (9.0 * unit)));

  float s = symbol(at, r, kind);
  c = over(c, vec3(0.035), cover(s - 2.0 * unit) * 0.9);
  c = over(c, owned ? tint : vec3(0.30, 0.285, 0.265), cover(s));
  // Dark inside, with a bright core for the special kinds.
  c = over(c, vec3(0.05), cover(s + r * 0.32) * 0.62);
  if (kind == 1) c = over(c, vec3(0.96, 0.90, 0.72), cover(length(at) - r * 0.30));
  if (kind == 2) c = over(c, vec3(1.0, 0.62, 0.25), cover(max(abs(at.x), abs(at.y)) - r * 0.28));
  if (kind == 3) c = over(c, vec3(0.70, 0.92, 0.62), cover(abs(length(at) - r * 0.34) - r * 0.11));
  if (!owned) c = over(c, vec3(0.66, 0.63, 0.57), cover(abs(s + 0.5) - 0.55));

  if ((flags & ${FLAG.home}) != 0) c = over(c, tint, ring(d, r + 4.5 * unit, 1.3));
  if ((flags & ${FLAG.mine}) != 0) c = over(c, vec3(0.98, 0.95, 0.88), cover(abs(s - 1.6 * unit) - 0.6));
  if ((flags & ${FLAG.muster}) != 0) {
    vec2 m = at - vec2(0.0, -(r + 9.0 * unit));
    c = over(c, vec3(0.98, 0.95, 0.88), cover(max(abs(m.x) * 0.9 + m.y * 0.5, -m.y) - 2.4 * unit));
  }

  float wave = 0.5 + 0.5 * sin(uClock.y * 5.0) * (1.0 - uClock.w);
  if (besieger.a > 0.5) {
    float angle = atan(at.y, at.x);
    float gaps = smoothstep(0.35, 0.45, abs(fract(angle * 4.0 / 6.28318 + uClock.y * 0.12 * (1.0 - uClock.w)) - 0.5) * 2.0);
    c = over(c, mix(besieger.rgb, vec3(1.0), 0.25), ring(d, r + (7.0 + 1.6 * wave) * unit, 2.0) * gaps * (0.65 + 0.35 * wave));
  }
  if (occupier.a >= 0.0) {
    float turn = fract(atan(at.x, -at.y) / 6.28318 + 1.0);
    float band = ring(d, r + 11.5 * unit, 2.6);
    c = over(c, occupier.rgb, band * 0.28);
    c = over(c, mix(occupier.rgb, vec3(1.0), 0.2), band * step(turn, occupier.a) * (0.75 + 0.25 * wave));
  }
  if (trouble.x > 0.15) {
    float angle = atan(at.y, at.x);
    float spikes = pow(0.5 + 0.5 * cos(angle * 9.0 + uClock.y * 1.5 * (1.0 - uClock.w)), 6.0);
    c = over(c, vec3(0.96, 0.78, 0.30), spikes * trouble.x * exp(-abs(d - r - 5.0 * unit) / (2.2 * unit)) * 0.8);
  }
  if (trouble.y > 0.0) c = over(c, vec3(0.62, 0.80, 0.86), ring(d, r + 3.0 * unit, 1.0) * 0.5);
  if ((flags & ${FLAG.selected}) != 0) {
    vec2 q = abs(at) - (r + 8.0 * unit);
    float bracket = max(max(q.x, q.y), -max(q.x, q.y) - 1.8);
    float gap = max(4.0, r * 0.55) - min(abs(at.x), abs(at.y));
    c = over(c, vec3(0.99, 0.93, 0.78), cover(max(bracket, gap)));
  } else if ((flags & ${FLAG.hovered}) != 0) {
    c = over(c, vec3(0.99, 0.93, 0.78), ring(d, r + 7.0 * unit, 1.2) * 0.8);
  }
  color = c;
}`;

export class SystemsLayer {
  private readonly program: Program;
  private readonly instances: Instances;
  private selected = -1;
  private hovered = -1;

  constructor(
    gl: WebGL2RenderingContext,
    private readonly ground: Ground,
  ) {
    this.program = new Program(gl, VERTEX, FRAGMENT);
    this.instances = new Instances(gl, [4, 4, 2]);
  }

  /** Rewrites all systems. */
  load(world: World, mine: FactionId | null): void {
    const { mirror, rules } = world;
    const captureTicks = rules?.["capture.ticks"] ?? 1;
    const homes = new Set<number>();
    const musters = new Set<number>();
    for (const faction of mirror.factions.values()) {
      if (faction.home_id !== null && faction.alive) homes.add(faction.home_id);
      if (faction.id === mine && faction.muster_id !== null) musters.add(faction.muster_id);
    }
    this.instances.reserve(mirror.systems.length);
    this.instances.count = mirror.systems.length;
    mirror.systems.forEach((system, index) => {
      let flags = 0;
      if (homes.has(system.id)) flags |= FLAG.home;
      if (mine !== null && system.owner === mine) flags |= FLAG.mine;
      if (musters.has(system.id)) flags |= FLAG.muster;
      if (index === this.selected) flags |= FLAG.selected;
      if (index === this.hovered) flags |= FLAG.hovered;
      this.write(index, system, flags, captureTicks);
    });
    this.instances.upload();
  }

  /**
   * Sets the selected and hovered systems by index, -1 for none; true if changed. Call `load` to
   * apply.
   */
  mark(selected: number, hovered: number): boolean {
    if (selected === this.selected && hovered === this.hovered) return false;
    this.selected = selected;
    this.hovered = hovered;
    return true;
  }

  draw(frame: Frame): void {
    this.program.use(frame);
    this.program.texture("uPositions", 0, this.ground.positions);
    this.program.texture("uOwners", 1, this.ground.owners);
    this.program.texture("uPalette", 2, this.ground.palette);
    this.instances.draw();
  }

  private write(index: number, system: System, flags: number, captureTicks: number): void {
    const { data, stride } = this.instances;
    const at = index * stride;
    data[at] = index;
    data[at + 1] = system.value;
    data[at + 2] = KINDS[system.kind];
    data[at + 3] = flags;
    data[at + 4] = this.ground.number(system.occupation_faction);
    data[at + 5] = Math.min(1, system.occupation_progress / captureTicks);
    data[at + 6] = system.is_besieged ? this.ground.number(system.siege_owner) : 0;
    data[at + 7] = Math.min(1, system.heat / FULL_HEAT);
    data[at + 8] = Math.min(1, system.unrest / FULL_UNREST);
    data[at + 9] = system.reclaim_cooldown;
  }
}
