/**
 * Data shared by all layers: positions and owners of systems and colours of factions, in textures
 * indexed by number. The colour of a captured system changes gradually, so that the capture is
 * visible.
 */
import { factionColor, NEUTRAL, type Rgb } from "../state/palette";
import type { World } from "../state/app";
import type { FactionId } from "../api/wire";
import { WORLD_SCALE, type Bounds } from "./camera";
import { dataTexture } from "./gl";
import { CANDIDATES, nearestGrid, NONE, type NearestGrid } from "./nearest";

/** Systems per row of the textures. */
export const ROW = 1024;
/** Number of factions: numbers fit a byte, and 0 means nobody. */
const FACTIONS = 256;
const FADE_SECONDS = 0.7;
/** Radius coloured around a system, in typical distances between systems. */
export const REACH = 0.99;

export class Ground {
  /** RG32F: position of each system in world units. */
  readonly positions: WebGLTexture;
  /** RGBA8: colour of each system's owner; alpha is the faction number. */
  readonly owners: WebGLTexture;
  /** RGBA8: colour of each faction number. */
  readonly palette: WebGLTexture;
  bounds: Bounds = { left: 0, top: 0, right: 1000, bottom: 1000 };
  /** Typical distance between systems, world units. */
  spacing = 100;
  grid: NearestGrid | null = null;
  xs = new Float32Array(0);
  ys = new Float32Array(0);
  private readonly numbers = new Map<FactionId, number>();
  private colors: Rgb[] = [];
  private shown = new Uint8Array(0);
  private fading = new Map<number, { from: Rgb; start: number }>();

  constructor(private readonly gl: WebGL2RenderingContext) {
    this.positions = dataTexture(gl);
    this.owners = dataTexture(gl);
    this.palette = dataTexture(gl);
  }

  load({ mirror }: World): void {
    const { systems } = mirror;
    const rows = Math.max(1, Math.ceil(systems.length / ROW));
    const points = new Float32Array(rows * ROW * 2);
    this.xs = new Float32Array(systems.length);
    this.ys = new Float32Array(systems.length);
    const bounds = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
    systems.forEach((system, index) => {
      const x = system.x * WORLD_SCALE;
      const y = system.y * WORLD_SCALE;
      points.set([x, y], index * 2);
      this.xs[index] = x;
      this.ys[index] = y;
      bounds.left = Math.min(bounds.left, x);
      bounds.right = Math.max(bounds.right, x);
      bounds.top = Math.min(bounds.top, y);
      bounds.bottom = Math.max(bounds.bottom, y);
    });
    const area = (bounds.right - bounds.left) * (bounds.bottom - bounds.top);
    this.spacing = systems.length > 1 ? Math.sqrt(Math.max(area, 1) / systems.length) : 100;
    const margin = this.spacing * REACH;
    this.bounds = {
      left: bounds.left - margin,
      top: bounds.top - margin,
      right: bounds.right + margin,
      bottom: bounds.bottom + margin,
    };
    const pad = this.spacing * 1.1;
    this.grid = nearestGrid(this.xs, this.ys, {
      left: bounds.left - pad,
      top: bounds.top - pad,
      right: bounds.right + pad,
      bottom: bounds.bottom + pad,
    });
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D, this.positions);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RG32F, ROW, rows, 0, gl.RG, gl.FLOAT, points);
    this.shown = new Uint8Array(rows * ROW * 4);
    this.fading.clear();
    this.numbers.clear();
    this.colors = [NEUTRAL];
    this.learnFactions({ mirror });
    systems.forEach((system, index) =>
      this.paint(index, this.color(this.number(system.owner)), this.number(system.owner)),
    );
    this.uploadOwners(true);
  }

  /** Numbers factions in the order they appear. */
  learnFactions({ mirror }: Pick<World, "mirror">): void {
    if (mirror.factions.size + 1 === this.colors.length) return;
    for (const faction of mirror.factions.values()) {
      if (this.numbers.has(faction.id)) continue;
      this.numbers.set(faction.id, Math.min(this.colors.length, FACTIONS - 1));
      this.colors.push(factionColor(faction.color));
    }
    const texels = new Uint8Array(FACTIONS * 4);
    this.colors.slice(0, FACTIONS).forEach((color, number) => {
      texels.set([color[0], color[1], color[2], 255], number * 4);
    });
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D, this.palette);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, FACTIONS, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, texels);
  }

  number(faction: FactionId | null): number {
    return faction === null ? 0 : (this.numbers.get(faction) ?? 0);
  }

  color(number: number): Rgb {
    return this.colors[number] ?? NEUTRAL;
  }

  /** Updates the owner of a system; true if it changed. */
  setOwner(index: number, owner: FactionId | null, seconds: number): boolean {
    const number = this.number(owner);
    const at = index * 4;
    if (this.shown[at + 3] === number) return false;
    const from: Rgb = [this.shown[at] ?? 0, this.shown[at + 1] ?? 0, this.shown[at + 2] ?? 0];
    this.shown[at + 3] = number;
    this.fading.set(index, { from, start: seconds });
    return true;
  }

  /** The number of the faction that owns the territory at a point; 0 for nobody. */
  ownerAt(x: number, y: number): number {
    const { grid } = this;
    if (grid === null) return 0;
    const column = Math.floor((x - grid.left) / grid.cell);
    const row = Math.floor((y - grid.top) / grid.cell);
    if (column < 0 || row < 0 || column >= grid.columns || row >= grid.rows) return 0;
    const first = (row * grid.columns + column) * CANDIDATES;
    let least = this.spacing * REACH;
    let owner = 0;
    for (let i = first; i < first + CANDIDATES; i += 1) {
      const index = grid.indices[i] ?? NONE;
      if (index === NONE) break;
      const distance = Math.hypot((this.xs[index] ?? 0) - x, (this.ys[index] ?? 0) - y);
      if (distance >= least) continue;
      least = distance;
      owner = this.shown[index * 4 + 3] ?? 0;
    }
    return owner;
  }

  /** Advances colour changes; true if a visible one changed. */
  step(seconds: number, view: Bounds): boolean {
    if (this.fading.size === 0) return false;
    const reach = 2 * this.spacing;
    let seen = false;
    for (const [index, { from, start }] of this.fading) {
      const share = Math.min(1, (seconds - start) / FADE_SECONDS);
      const number = this.shown[index * 4 + 3] ?? 0;
      const to = this.color(number);
      const mix = (i: 0 | 1 | 2): number => Math.round(from[i] + (to[i] - from[i]) * share);
      this.paint(index, [mix(0), mix(1), mix(2)], number);
      if (share >= 1) this.fading.delete(index);
      const x = this.xs[index] ?? 0;
      const y = this.ys[index] ?? 0;
      seen ||=
        x > view.left - reach &&
        x < view.right + reach &&
        y > view.top - reach &&
        y < view.bottom + reach;
    }
    this.uploadOwners(false);
    return seen;
  }

  private paint(index: number, color: Rgb, number: number): void {
    const at = index * 4;
    this.shown[at] = color[0];
    this.shown[at + 1] = color[1];
    this.shown[at + 2] = color[2];
    this.shown[at + 3] = number;
  }

  private uploadOwners(allocate: boolean): void {
    const { gl } = this;
    const rows = this.shown.length / (ROW * 4);
    gl.bindTexture(gl.TEXTURE_2D, this.owners);
    if (allocate) {
      gl.texImage2D(
        gl.TEXTURE_2D,
        0,
        gl.RGBA8,
        ROW,
        rows,
        0,
        gl.RGBA,
        gl.UNSIGNED_BYTE,
        this.shown,
      );
    } else {
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, ROW, rows, gl.RGBA, gl.UNSIGNED_BYTE, this.shown);
    }
  }
}
