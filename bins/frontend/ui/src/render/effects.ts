/**
 * Short effects for battles, captures and rebellions, in a fixed ring of slots without allocation.
 */
import type { GameEvent } from "../api/wire";
import type { World } from "../state/app";
import { Instances, Program, type Frame } from "./gl";
import type { Ground } from "./ground";

const SLOTS = 512;
const BATTLE = 0;
const CAPTURE = 1;
const REBELLION = 2;
const LONG_AGO = -1e6;

const VERTEX = `
layout(location=0) in vec2 corner;
layout(location=1) in vec4 a;   // x, y, start, kind
layout(location=2) in vec2 b;   // faction number, strength 0..1
uniform sampler2D uPalette;
out vec2 at;
flat out vec4 look;             // age 0..1, kind, strength
flat out vec3 tint;
void main() {
  float life = a.w == 0.0 ? 1.5 : 2.2;
  float age = (uClock.y - a.z) / life;
  look = vec4(age, a.w, b.y, 0.0);
  tint = texelFetch(uPalette, ivec2(int(b.x), 0), 0).rgb;
  float extent = age >= 0.0 && age < 1.0 ? (30.0 + 26.0 * b.y) * max(uClock.z, 0.6) : 0.0;
  at = corner * extent;
  gl_Position = place(a.xy, at);
}`;

const FRAGMENT = `
in vec2 at;
flat in vec4 look;
flat in vec3 tint;
out vec4 color;
void main() {
  float age = look.x;
  float fade = (1.0 - age) * (1.0 - age);
  float unit = max(uClock.z, 0.6);
  float reach = (24.0 + 22.0 * look.z) * unit;
  float grown = uClock.w > 0.5 ? 0.7 : 1.0 - pow(1.0 - age, 3.0);
  float d = length(at);
  float angle = atan(at.y, at.x);
  vec3 rgb = tint;
  float alpha = 0.0;
  if (look.y < 0.5) {
    float ray = pow(abs(cos(angle * 4.0 + look.z * 9.0)), 18.0);
    float burst = ray * exp(-d / (reach * 0.30)) * (1.0 - smoothstep(0.0, 0.55, age)) * (1.0 - 0.7 * uClock.w);
    float ring = exp(-abs(d - reach * grown) / (1.6 * unit)) * fade;
    float core = exp(-d / (6.0 * unit)) * (1.0 - smoothstep(0.0, 0.6, age));
    alpha = clamp(burst + ring + core * 0.9, 0.0, 1.0);
    rgb = mix(vec3(1.0, 0.72, 0.36), vec3(1.0, 0.34, 0.12), age);
  } else if (look.y < 1.5) {
    float front = reach * grown;
    alpha = (exp(-abs(d - front) / (2.6 * unit)) + 0.22 * step(d, front)) * fade;
  } else {
    float jag = 1.0 + 0.22 * cos(angle * 7.0 + age * 5.0 * (1.0 - uClock.w));
    alpha = exp(-abs(d - reach * grown * jag) / (2.0 * unit)) * fade + exp(-d / (8.0 * unit)) * fade * 0.5;
    rgb = mix(vec3(1.0, 0.82, 0.30), tint, 0.35);
  }
  color = vec4(rgb, 1.0) * clamp(alpha, 0.0, 1.0);
}`;

export class EffectsLayer {
  private readonly program: Program;
  private readonly instances: Instances;
  private next = 0;
  private endsAt = 0;

  constructor(
    gl: WebGL2RenderingContext,
    private readonly ground: Ground,
  ) {
    this.program = new Program(gl, VERTEX, FRAGMENT);
    this.instances = new Instances(gl, [4, 2]);
    this.instances.reserve(SLOTS);
    this.clear();
  }

  clear(): void {
    const { data, stride } = this.instances;
    data.fill(0);
    for (let slot = 0; slot < SLOTS; slot += 1) data[slot * stride + 2] = LONG_AGO;
    this.instances.count = SLOTS;
    this.instances.upload();
    this.endsAt = 0;
  }

  /** Starts the effects for the events of a tick. */
  add(world: World, events: readonly GameEvent[], seconds: number): void {
    let added = false;
    for (const event of events) {
      if (event.type === "battle") {
        const size = Math.min(1, (event.attack + event.defence) / 60_000);
        added = this.put(world, event.system, BATTLE, event.winner, size, seconds) || added;
      } else if (event.type === "captured") {
        added = this.put(world, event.system, CAPTURE, event.faction, 0.4, seconds) || added;
      } else if (event.type === "rebelled" || event.type === "seceded") {
        added = this.put(world, event.system, REBELLION, event.to, 0.7, seconds) || added;
      }
    }
    if (added) this.instances.upload();
  }

  draw(frame: Frame): void {
    if (frame.seconds > this.endsAt) return;
    this.program.use(frame);
    this.program.texture("uPalette", 0, this.ground.palette);
    this.instances.draw();
  }

  private put(
    world: World,
    system: number,
    kind: number,
    faction: string,
    size: number,
    seconds: number,
  ): boolean {
    const index = world.mirror.indexOf(system);
    if (index < 0) return false;
    const { data, stride } = this.instances;
    const at = this.next * stride;
    data[at] = this.ground.xs[index] ?? 0;
    data[at + 1] = this.ground.ys[index] ?? 0;
    data[at + 2] = seconds;
    data[at + 3] = kind;
    data[at + 4] = this.ground.number(faction);
    data[at + 5] = size;
    this.next = (this.next + 1) % SLOTS;
    this.endsAt = seconds + 2.5;
    return true;
  }
}
