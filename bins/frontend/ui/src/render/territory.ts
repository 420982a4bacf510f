/**
 * The background: void, stars, and the territory of each faction, which is everything closer to its
 * systems than to others. Rendered to a texture, only when the view or an owner changes. Slow
 * machines get a lower resolution.
 */
import { dataTexture, Program, type Frame } from "./gl";
import { REACH, ROW, type Ground } from "./ground";
import { CANDIDATES } from "./nearest";

const COVER_SCREEN = `
void main() {
  vec2 corner = vec2(float(gl_VertexID & 1) * 4.0 - 1.0, float(gl_VertexID >> 1) * 4.0 - 1.0);
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

const FILL = `
uniform sampler2D uPositions;
uniform sampler2D uOwners;
uniform usampler2D uNearest;
uniform vec4 uGrid;      // left, top, cell, spacing
uniform ivec2 uCells;
uniform float uScale;    // texture pixels per CSS pixel
uniform float uMine;     // faction number of the player, 0 = none
out vec4 color;

// An integer hash: the same on every GPU, and cheap in software.
float hash(vec2 p) {
  uvec2 q = uvec2(ivec2(floor(p))) * uvec2(1597334677u, 3812015801u);
  uint n = (q.x ^ q.y) * 1597334677u;
  n = (n ^ (n >> 15)) * 2246822519u;
  return float(n >> 8) / 16777215.0;
}
float noise(vec2 p) {
  vec2 i = floor(p), f = fract(p);
  f = f * f * (3.0 - 2.0 * f);
  return mix(mix(hash(i), hash(i + vec2(1, 0)), f.x), mix(hash(i + vec2(0, 1)), hash(i + vec2(1, 1)), f.x), f.y);
}
ivec2 texel(uint index) { return ivec2(int(index) % ${ROW}, int(index) / ${ROW}); }

float pattern(int kind, vec2 px) {
  if (kind == 1) return step(0.8, fract((px.x + px.y) / 9.0));
  if (kind == 2) return 1.0 - smoothstep(1.0, 1.7, length(fract(px / 9.0) * 9.0 - 4.5));
  if (kind == 3) return step(0.8, fract((px.x - px.y) / 9.0));
  if (kind == 4) return max(step(0.88, fract(px.x / 10.0)), step(0.88, fract(px.y / 10.0)));
  if (kind == 5) return step(0.8, fract(px.y / 8.0));
  return 0.0;
}

vec3 sky(vec2 px, vec2 world) {
  vec3 c = vec3(0.038, 0.034, 0.041);
  float cloud = noise(world * 0.004) * 0.6 + noise(world * 0.011 + 7.0) * 0.4;
  c += vec3(0.030, 0.020, 0.016) * smoothstep(0.45, 0.95, cloud);
  vec2 far = px / 34.0 + uView.xy * uView.z * 0.012;
  vec2 cell = floor(far);
  float seed = hash(cell);
  vec2 star = vec2(hash(cell + 3.0), hash(cell + 57.0)) * 0.8 + 0.1;
  float d = length(fract(far) - star) * 34.0;
  return c + vec3(0.80, 0.74, 0.66) * step(0.72, seed) * (0.10 + 0.30 * fract(seed * 37.0)) * (1.0 - smoothstep(0.2, 1.1, d));
}

void main() {
  vec2 px = vec2(gl_FragCoord.x, uSize.y * uScale - gl_FragCoord.y) / uScale;
  vec2 world = (px - uSize * 0.5) / uView.z + uView.xy;
  vec3 base = sky(px, world);
  float spacing = uGrid.w;
  // A slight bend makes borders look natural.
  vec2 bent = world + (vec2(noise(world / spacing * 2.2), noise(world / spacing * 2.2 + 31.0)) - 0.5) * spacing * 0.16;
  ivec2 cell = ivec2(floor((bent - uGrid.xy) / uGrid.z));
  if (any(lessThan(cell, ivec2(0))) || any(greaterThanEqual(cell, uCells))) { color = vec4(base, 1.0); return; }

  uint ids[${CANDIDATES}];
  vec2 delta[${CANDIDATES}];
  float nearest = 1e20;
  int own = -1;
  for (int i = 0; i < ${CANDIDATES / 4}; i++) {
    uvec4 four = texelFetch(uNearest, ivec2(cell.x * ${CANDIDATES / 4} + i, cell.y), 0);
    for (int j = 0; j < 4; j++) {
      int k = i * 4 + j;
      ids[k] = four[j];
      delta[k] = vec2(1e9);
      if (four[j] == 0xffffffffu) continue;
      delta[k] = bent - texelFetch(uPositions, texel(four[j]), 0).xy;
      float d = dot(delta[k], delta[k]);
      if (d < nearest) { nearest = d; own = k; }
    }
  }
  float reach = spacing * ${REACH};
  float di = sqrt(nearest);
  if (own < 0 || di > reach) { color = vec4(base, 1.0); return; }
  vec4 ownColor = texelFetch(uOwners, texel(ids[own]), 0);
  float owner = floor(ownColor.a * 255.0 + 0.5);
  if (owner < 0.5) { color = vec4(base, 1.0); return; }
  // Distance to the border: half the difference between the nearest own and foreign system, over
  // its slope.
  float border = reach - di;
  for (int k = 0; k < ${CANDIDATES}; k++) {
    if (k == own || ids[k] == 0xffffffffu) continue;
    float dj = length(delta[k]);
    if (0.5 * (dj - di) > border) continue;
    if (floor(texelFetch(uOwners, texel(ids[k]), 0).a * 255.0 + 0.5) == owner) continue;
    float slope = 0.5 * length(delta[k] / dj - delta[own] / max(di, 1e-4));
    border = min(border, 0.5 * (dj - di) / max(slope, 0.35));
  }
  float borderPx = border * uView.z;
  float mine = uMine > 0.5 && owner == uMine ? 1.0 : 0.0;
  float wide = 0.9 + 0.6 * mine;
  float line = 1.0 - smoothstep(wide, wide + 1.0 / uScale + 0.4, abs(borderPx - wide));
  float glow = exp(-border / (spacing * 0.13));
  int kind = int(mod(owner - 1.0, 6.0));
  float near = smoothstep(reach, reach * 0.2, di);
  float marks = pattern(kind, (world - uGrid.xy) * uView.z) * 0.10;
  float fill = 0.115 + 0.05 * near + 0.20 * glow + marks + 0.06 * mine;
  vec3 tint = ownColor.rgb;
  vec3 c = mix(base, tint * 0.9, clamp(fill, 0.0, 0.8));
  color = vec4(mix(c, tint, line * (0.62 + 0.3 * mine)), 1.0);
}`;

const COPY = `
uniform sampler2D uPicture;
out vec4 color;
void main() { color = texture(uPicture, gl_FragCoord.xy / (uSize * uView.w)); }`;

const SCALES = [1, 0.66, 0.5, 0.33];
const SETTLE_SECONDS = 0.2;

export class TerritoryLayer {
  private readonly fill: Program;
  private readonly copy: Program;
  private readonly nearest: WebGLTexture;
  private readonly picture: WebGLTexture;
  private readonly target: WebGLFramebuffer;
  private readonly empty: WebGLVertexArrayObject;
  private drawn = "";
  private width = 0;
  private height = 0;
  private quality = 0;
  private dirty = true;
  private coarse = false;
  private redraws = 0;
  private lastRedraw = -Infinity;
  private lastMove = -Infinity;

  constructor(
    private readonly gl: WebGL2RenderingContext,
    private readonly ground: Ground,
  ) {
    this.fill = new Program(gl, COVER_SCREEN, FILL);
    this.copy = new Program(gl, COVER_SCREEN, COPY);
    this.nearest = dataTexture(gl);
    this.picture = gl.createTexture();
    this.target = gl.createFramebuffer();
    this.empty = gl.createVertexArray();
  }

  load(): void {
    const { gl } = this;
    const { grid } = this.ground;
    if (grid === null) return;
    gl.bindTexture(gl.TEXTURE_2D, this.nearest);
    gl.texImage2D(
      gl.TEXTURE_2D,
      0,
      gl.RGBA32UI,
      (grid.columns * CANDIDATES) / 4,
      grid.rows,
      0,
      gl.RGBA_INTEGER,
      gl.UNSIGNED_INT,
      grid.indices,
    );
    this.dirty = true;
  }

  /** Requests a redraw, after an owner changed. */
  invalidate(): void {
    this.dirty = true;
  }

  /** Lowers (+1) or raises (-1) the resolution. */
  adjustQuality(step: 1 | -1): void {
    this.quality = Math.min(Math.max(this.quality + step, 0), SCALES.length - 1);
  }

  /** Draws the background; true if it had to be rendered again. */
  draw(frame: Frame, mine: number): boolean {
    const { gl } = this;
    const before = this.redraws;
    const full = Math.min(frame.ratio, 1.5);
    const key = `${frame.x} ${frame.y} ${frame.zoom} ${frame.width} ${frame.height} ${mine}`;
    if (key !== this.drawn) {
      // The view moves: use the reduced resolution, and the full one when it stops.
      this.drawn = key;
      this.lastMove = frame.seconds;
      this.redraw(frame, full * (SCALES[this.quality] ?? 1), mine);
      this.coarse = this.quality > 0;
    } else if (this.coarse && frame.seconds - this.lastMove > SETTLE_SECONDS) {
      this.redraw(frame, full, mine);
      this.coarse = false;
    } else if (this.dirty && frame.seconds - this.lastRedraw >= this.quality * 0.1) {
      this.coarse = this.quality > 1;
      this.lastMove = frame.seconds;
      this.redraw(frame, this.coarse ? full * (SCALES[this.quality] ?? 1) : full, mine);
    }
    this.copy.use(frame);
    this.copy.texture("uPicture", 0, this.picture);
    gl.disable(gl.BLEND);
    gl.bindVertexArray(this.empty);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.enable(gl.BLEND);
    return this.redraws !== before;
  }

  private redraw(frame: Frame, scale: number, mine: number): void {
    const { gl } = this;
    const { grid } = this.ground;
    this.dirty = false;
    this.redraws += 1;
    this.lastRedraw = frame.seconds;
    const width = Math.max(1, Math.round(frame.width * scale));
    const height = Math.max(1, Math.round(frame.height * scale));
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.target);
    if (width !== this.width || height !== this.height) {
      this.allocate(width, height);
    }
    gl.viewport(0, 0, width, height);
    gl.disable(gl.BLEND);
    if (grid !== null) {
      this.fill.use(frame);
      this.fill.texture("uPositions", 0, this.ground.positions);
      this.fill.texture("uOwners", 1, this.ground.owners);
      this.fill.texture("uNearest", 2, this.nearest);
      gl.uniform4f(this.fill.at("uGrid"), grid.left, grid.top, grid.cell, this.ground.spacing);
      gl.uniform2i(this.fill.at("uCells"), grid.columns, grid.rows);
      gl.uniform1f(this.fill.at("uScale"), scale);
      gl.uniform1f(this.fill.at("uMine"), mine);
      gl.bindVertexArray(this.empty);
      gl.drawArrays(gl.TRIANGLES, 0, 3);
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
    gl.enable(gl.BLEND);
  }

  private allocate(width: number, height: number): void {
    const { gl } = this;
    this.width = width;
    this.height = height;
    gl.bindTexture(gl.TEXTURE_2D, this.picture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, width, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, null);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.picture, 0);
  }
}
