/** Lanes between systems, and the routes of selected fleets and planned moves. */
import type { World } from "../state/app";
import type { SystemId } from "../api/wire";
import { Instances, Program, type Frame } from "./gl";
import { ROW, type Ground } from "./ground";

const SEGMENT = `
vec4 segment(vec2 a, vec2 b, vec2 corner, float halfPx, out vec2 along) {
  vec2 d = (b - a) * uView.z;
  float len = max(length(d), 1e-3);
  vec2 dir = d / len;
  vec2 normal = vec2(-dir.y, dir.x);
  along = vec2((corner.x * 0.5 + 0.5) * len, corner.y * (halfPx + 1.0));
  return place(a, dir * along.x + normal * along.y);
}`;

const LANE_VERTEX = `
layout(location=0) in vec2 corner;
layout(location=1) in vec4 ends;
layout(location=2) in vec2 ids;
uniform sampler2D uOwners;
flat out vec4 tint;
out vec2 along;
${SEGMENT}
vec4 ownerOf(float id) { int i = int(id); return texelFetch(uOwners, ivec2(i % ${ROW}, i / ${ROW}), 0); }
void main() {
  vec4 a = ownerOf(ids.x), b = ownerOf(ids.y);
  bool same = a.a == b.a && a.a > 0.0;
  tint = same ? vec4(mix(a.rgb, vec3(0.9), 0.25), 0.62) : vec4(0.60, 0.56, 0.50, 0.40);
  gl_Position = segment(ends.xy, ends.zw, corner, 0.65, along);
}`;

const LANE_FRAGMENT = `
flat in vec4 tint;
in vec2 along;
out vec4 color;
void main() { color = vec4(tint.rgb, 1.0) * tint.a * cover(abs(along.y) - 0.65); }`;

const ROUTE_VERTEX = `
layout(location=0) in vec2 corner;
layout(location=1) in vec4 ends;
layout(location=2) in vec4 rgba;
flat out vec4 tint;
out vec2 along;
${SEGMENT}
void main() { tint = rgba; gl_Position = segment(ends.xy, ends.zw, corner, 1.6, along); }`;

const ROUTE_FRAGMENT = `
flat in vec4 tint;
in vec2 along;
out vec4 color;
void main() {
  float phase = fract((along.x - uClock.y * 26.0 * (1.0 - uClock.w)) / 14.0) * 14.0;
  float dash = max(abs(phase - 4.5) - 4.5, abs(along.y) - 1.6);
  color = vec4(tint.rgb, 1.0) * tint.a * cover(dash);
}`;

export type RouteColor = readonly [red: number, green: number, blue: number, alpha: number];

export class LanesLayer {
  private readonly lanes: Instances;
  private readonly routes: Instances;
  private readonly lane: Program;
  private readonly route: Program;

  constructor(
    gl: WebGL2RenderingContext,
    private readonly ground: Ground,
  ) {
    this.lane = new Program(gl, LANE_VERTEX, LANE_FRAGMENT);
    this.route = new Program(gl, ROUTE_VERTEX, ROUTE_FRAGMENT);
    this.lanes = new Instances(gl, [4, 2]);
    this.routes = new Instances(gl, [4, 4]);
  }

  load({ mirror }: World): void {
    this.lanes.clear();
    for (const lane of mirror.lanes) {
      const a = mirror.indexOf(lane.a);
      const b = mirror.indexOf(lane.b);
      if (a < 0 || b < 0) continue;
      const { xs, ys } = this.ground;
      this.lanes.push(xs[a] ?? 0, ys[a] ?? 0, xs[b] ?? 0, ys[b] ?? 0, a, b);
    }
    this.lanes.upload();
  }

  clearRoutes(): void {
    this.routes.clear();
  }

  /** Adds a dashed route through the given systems. */
  addRoute({ mirror }: World, path: readonly SystemId[], color: RouteColor): void {
    const { xs, ys } = this.ground;
    for (let i = 1; i < path.length; i += 1) {
      const a = mirror.indexOf(path[i - 1] ?? -1);
      const b = mirror.indexOf(path[i] ?? -1);
      if (a < 0 || b < 0) continue;
      this.routes.push(xs[a] ?? 0, ys[a] ?? 0, xs[b] ?? 0, ys[b] ?? 0, ...color);
    }
  }

  uploadRoutes(): void {
    this.routes.upload();
  }

  draw(frame: Frame): void {
    this.lane.use(frame);
    this.lane.texture("uOwners", 0, this.ground.owners);
    this.lanes.draw();
    this.route.use(frame);
    this.routes.draw();
  }
}
