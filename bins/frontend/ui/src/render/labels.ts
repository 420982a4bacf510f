/**
 * Text on the map: names of systems (as many as fit), strengths of fleets, names of factions over
 * their territory. Layout runs when the zoom, the visible region or a tick changes it, never per
 * frame; the GPU moves the letters of moving fleets.
 */
import type { World } from "../state/app";
import type { FactionId } from "../api/wire";
import { amount } from "../state/format";
import { Declutter, type Box } from "./declutter";
import { BERTH, fleetSize, type FleetSpot } from "./fleets";
import { Instances, Program, type Frame } from "./gl";
import { ATLAS_SIZE, GlyphAtlas, type TextStyle } from "./glyphs";
import type { Ground } from "./ground";
import { symbolRadius } from "./systems";
import { largestHoldings, placesAround, type Place } from "./holdings";

const NAME: TextStyle = { size: 11.5, weight: 500, spacing: 0.2 };
const STRONG: TextStyle = { size: 12.5, weight: 700, spacing: 0.2 };
const NUMBER: TextStyle = { size: 10.5, weight: 600, spacing: 0 };
const REALM: TextStyle = { size: 14, weight: 700, spacing: 3.2 };
const SMALL_REALM: TextStyle = { size: 11, weight: 700, spacing: 1.6 };
/** Sideways shift to try if a name does not fit below its system, as a share of its width. */
const SHIFT = 0.25;
/** Half the space reserved for the first fleet at a system, in pixels. */
const BERTH_PX = 5;
/** Distance between systems, in pixels, below which faction names are small. */
const SMALL_REALM_PX = 80;

const VERTEX = `
layout(location=0) in vec2 corner;
layout(location=1) in vec4 ends;
layout(location=2) in vec4 time;    // departed, eta (0 = at rest), fixed offset px: x, y
layout(location=3) in vec4 glyph;   // texel u, v; size in px
layout(location=4) in vec4 rgba;
layout(location=5) in vec4 hang;    // value of the system (-1: no symbol), direction x, y, 0
uniform float uAtlas;               // 1 / size in CSS pixels
out vec2 uv;
flat out vec4 tint;
void main() {
  bool moving = time.y > 0.0;
  float share = moving ? clamp((uClock.x - time.x) / max(time.y - time.x, 0.001), 0.0, 1.0) : 0.0;
  float radius = hang.x < 0.0 ? 0.0 : (3.6 + 0.62 * hang.x) * uClock.z + 7.0 * uClock.z;
  vec2 unit = corner * 0.5 + 0.5;
  // Snap to device pixels to keep letters crisp.
  vec2 anchor = (mix(ends.xy, ends.zw, share) - uView.xy) * uView.z + hang.yz * radius;
  if (!moving) anchor = floor(anchor * uView.w + 0.5) / uView.w;
  vec2 px = anchor + time.zw + unit * glyph.zw;
  uv = (glyph.xy / uView.w + unit * glyph.zw) * uAtlas;
  tint = rgba;
  gl_Position = vec4(px.x * 2.0 / uSize.x, -px.y * 2.0 / uSize.y, 0.0, 1.0);
}`;

const FRAGMENT = `
uniform sampler2D uGlyphs;
in vec2 uv;
flat in vec4 tint;
out vec4 color;
void main() {
  vec4 t = texture(uGlyphs, uv);
  float ink = t.r;
  float edge = t.g * 0.82;
  color = vec4(tint.rgb * ink, max(ink, edge)) * tint.a;
}`;

const SIZES = [4, 4, 4, 4, 4];

interface Anchor {
  ax: number;
  ay: number;
  bx: number;
  by: number;
  departed: number;
  eta: number;
  value: number;
  dirX: number;
  dirY: number;
}

interface Region {
  bucket: number;
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export class LabelsLayer {
  private readonly program: Program;
  private readonly names: Instances;
  private readonly fleets: Instances;
  private readonly realms: Instances;
  private readonly atlas: GlyphAtlas;
  private region: Region | null = null;
  private order: Uint32Array = new Uint32Array(0);
  private taken = new Declutter();
  private readonly realmPlaces = new Map<FactionId, Place>();

  constructor(
    private readonly gl: WebGL2RenderingContext,
    private readonly ground: Ground,
    ratio: number,
  ) {
    this.program = new Program(gl, VERTEX, FRAGMENT);
    this.names = new Instances(gl, SIZES);
    this.fleets = new Instances(gl, SIZES);
    this.realms = new Instances(gl, SIZES);
    this.atlas = new GlyphAtlas(gl, ratio);
  }

  /** Sorts the names of a new map by importance. */
  load({ mirror }: World): void {
    const weight = (index: number): number => {
      const system = mirror.systems[index];
      return system === undefined ? 0 : system.value + (system.kind === "normal" ? 0 : 12);
    };
    this.realmPlaces.clear();
    this.order = Uint32Array.from(mirror.systems, (_, index) => index);
    this.order.sort((a, b) => weight(b) - weight(a) || a - b);
    this.region = null;
  }

  /** Forces a new layout, after an owner or the selection changed. */
  invalidate(): void {
    this.region = null;
  }

  /** Lays out the names if necessary. */
  layoutNames(
    world: World,
    frame: Frame,
    mine: FactionId | null,
    special: readonly number[],
  ): void {
    const bucket = Math.floor(Math.log2(frame.zoom) * 4);
    const halfWidth = frame.width / 2 / frame.zoom;
    const halfHeight = frame.height / 2 / frame.zoom;
    const { region } = this;
    if (
      region !== null &&
      region.bucket === bucket &&
      frame.x - halfWidth >= region.left &&
      frame.x + halfWidth <= region.right &&
      frame.y - halfHeight >= region.top &&
      frame.y + halfHeight <= region.bottom
    ) {
      return;
    }
    this.region = {
      bucket,
      left: frame.x - halfWidth * 2,
      right: frame.x + halfWidth * 2,
      top: frame.y - halfHeight * 2,
      bottom: frame.y + halfHeight * 2,
    };
    this.placeNames(world, this.region, 2 ** (bucket / 4), frame.symbol, mine, special);
  }

  /** Lays out the strengths of fleets, once per tick and when the zoom changes enough. */
  layoutFleets(
    spots: readonly FleetSpot[],
    world: World,
    mine: FactionId | null,
    { zoom, symbol }: Frame,
  ): void {
    this.fleets.clear();
    const numbers = new Declutter();
    const roomPx = this.ground.spacing * zoom;
    if (roomPx >= 34) {
      for (const spot of spots) {
        const own = spot.fleet.owner === mine;
        if (roomPx < 60 && !own && spot.eta > 0) continue;
        const text = amount(spot.fleet.strength);
        const [red, green, blue] = this.ground.color(this.ground.number(spot.fleet.owner));
        const lift = (channel: number): number => (channel / 255) * 0.45 + 0.5;
        const at: Anchor = {
          ...spot,
          value: spot.eta > 0 ? -1 : (world.mirror.system(spot.fleet.system_id ?? -1)?.value ?? 0),
          dirX: spot.offsetX,
          dirY: spot.offsetY,
        };
        const size = fleetSize(spot.fleet.strength);
        const width = this.atlas.width(NUMBER, text);
        const beside = { x: spot.offsetX < -0.2 ? -size - 3 - width : size + 3, y: 4 };
        let place: Place | undefined = beside;
        if (spot.eta === 0) {
          const above = { x: -width / 2, y: -size - 3 };
          place = [beside, above].find((hang) =>
            this.placeNumber(numbers, at, hang, width, zoom, symbol),
          );
          if (own) place ??= beside;
        }
        if (place === undefined) continue;
        this.write(this.fleets, NUMBER, text, at, place.x, place.y, [
          lift(red),
          lift(green),
          lift(blue),
          1,
        ]);
      }
    }
    this.atlas.upload();
    this.fleets.upload();
  }

  draw(frame: Frame, fitZoom: number): void {
    this.program.use(frame);
    this.program.texture("uGlyphs", 0, this.atlas.texture);
    this.gl.uniform1f(this.program.at("uAtlas"), this.atlas.ratio / ATLAS_SIZE);
    if (frame.zoom < fitZoom * 2.5) this.realms.draw();
    this.names.draw();
    this.fleets.draw();
  }

  /**
   * Reserves the position of an idle fleet's strength if it overlaps no name (placed at the zoom of
   * their bucket) and no other strength.
   */
  private placeNumber(
    numbers: Declutter,
    at: Anchor,
    hang: Place,
    width: number,
    zoom: number,
    symbol: number,
  ): boolean {
    const radius = symbolRadius(at.value, symbol) + 7 * symbol;
    const boxAt = (scale: number): Box => {
      const left = at.ax * scale + at.dirX * radius + hang.x;
      const bottom = at.ay * scale + at.dirY * radius + hang.y + 1;
      return { left, top: bottom - 10, right: left + width, bottom };
    };
    const namesZoom = this.region === null ? zoom : 2 ** (this.region.bucket / 4);
    return this.taken.isFree(boxAt(namesZoom)) && numbers.place(boxAt(zoom));
  }

  private placeNames(
    world: World,
    region: Region,
    zoom: number,
    symbol: number,
    mine: FactionId | null,
    special: readonly number[],
  ): void {
    const { mirror } = world;
    const { xs, ys } = this.ground;
    this.names.clear();
    this.taken = new Declutter();
    const berths = new Declutter();
    const homes = new Set<number>();
    for (const faction of mirror.factions.values()) {
      if (faction.alive && faction.home_id !== null) homes.add(mirror.indexOf(faction.home_id));
    }
    const place = (index: number, force: boolean): void => {
      const system = mirror.systems[index];
      const x = xs[index] ?? 0;
      const y = ys[index] ?? 0;
      if (system === undefined || x < region.left || x > region.right) return;
      if (y < region.top || y > region.bottom) return;
      const strong = homes.has(index) || force;
      const style = strong ? STRONG : NAME;
      const width = this.atlas.width(style, system.name);
      const below = symbolRadius(system.value, symbol) + 7 * symbol;
      const px = x * zoom;
      const py = y * zoom + below;
      const boxAt = (shift: number): Box => ({
        left: px - width / 2 - 5 + shift,
        right: px + width / 2 + 5 + shift,
        top: py - 2,
        bottom: py + 14,
      });
      const shifts = [0, -width * SHIFT, width * SHIFT];
      let shift: number | undefined = 0;
      if (force) this.taken.take(boxAt(0));
      else {
        const free = (at: number): boolean => homes.has(index) || berths.isFree(boxAt(at));
        shift = shifts.find((at) => free(at) && this.taken.place(boxAt(at)));
      }
      if (shift === undefined) return;
      const own = mine !== null && system.owner === mine;
      const bright = own || strong ? 0.97 : system.owner === null ? 0.66 : 0.82;
      const at: Anchor = {
        ax: x,
        ay: y,
        bx: x,
        by: y,
        departed: 0,
        eta: 0,
        value: system.value,
        dirX: 0,
        dirY: 1,
      };
      this.write(this.names, style, system.name, at, shift - width / 2, style.size * 0.8, [
        bright,
        bright * 0.96,
        bright * 0.89,
        1,
      ]);
    };
    // Names never cover symbols. Only names of homes may cover the position of a system's first
    // fleet.
    for (let index = 0; index < mirror.systems.length; index += 1) {
      const x = xs[index] ?? 0;
      const y = ys[index] ?? 0;
      if (x < region.left || x > region.right || y < region.top || y > region.bottom) continue;
      const radius = symbolRadius(mirror.systems[index]?.value ?? 0, symbol);
      this.taken.take({
        left: x * zoom - radius,
        right: x * zoom + radius,
        top: y * zoom - radius,
        bottom: y * zoom + radius,
      });
      const off = (radius + 7 * symbol) * BERTH;
      const left = x * zoom + off - BERTH_PX;
      const top = y * zoom - off - BERTH_PX;
      berths.take({ left, top, right: left + 2 * BERTH_PX, bottom: top + 2 * BERTH_PX });
    }
    for (const index of special) if (index >= 0) place(index, true);
    for (const index of homes) if (!special.includes(index)) place(index, false);
    this.placeRealms(world, zoom, berths);
    for (const index of this.order) {
      if (!homes.has(index) && !special.includes(index)) place(index, false);
    }
    this.atlas.upload();
    this.names.upload();
    this.realms.upload();
  }

  /**
   * Places each faction's name in its largest connected territory, as close to the middle as
   * possible without covering symbols and, preferably, fleets. Tries the previous position first to
   * keep names in place.
   */
  private placeRealms(world: World, zoom: number, berths: Declutter): void {
    this.realms.clear();
    for (const { faction, x, y, members } of largestHoldings(world)) {
      if (members.length < 2) continue;
      const name = world.mirror.faction(faction)?.name.replace(/^the\s+/i, "") ?? faction;
      const letter = world.marks.get(faction)?.letter ?? "";
      const title = name.toUpperCase();
      const text = title.startsWith(letter) ? title : `${letter} · ${title}`;
      const number = this.ground.number(faction);
      const last = this.realmPlaces.get(faction);
      const places = placesAround({ x, y }, last, this.ground.spacing);
      const styles =
        this.ground.spacing * zoom < SMALL_REALM_PX ? [SMALL_REALM] : [REALM, SMALL_REALM];
      let style = SMALL_REALM;
      let width = 0;
      let place: Place | undefined;
      for (const off of [berths, null]) {
        for (style of styles) {
          width = this.atlas.width(style, text);
          const half = width / 2 + 4;
          const boxAt = (at: Place): Box => ({
            left: at.x * zoom - half,
            right: at.x * zoom + half,
            top: at.y * zoom - 11,
            bottom: at.y * zoom + 11,
          });
          place = places.find(
            (at) =>
              [-1, -0.5, 0, 0.5, 1].every(
                (end) => this.ground.ownerAt(at.x + (end * half) / zoom, at.y) === number,
              ) &&
              (off === null || off.isFree(boxAt(at))) &&
              this.taken.place(boxAt(at)),
          );
          if (place !== undefined) break;
        }
        if (place !== undefined) break;
      }
      if (place === undefined) continue;
      this.realmPlaces.set(faction, place);
      const [red, green, blue] = this.ground.color(number);
      const at: Anchor = {
        ax: place.x,
        ay: place.y,
        bx: place.x,
        by: place.y,
        departed: 0,
        eta: 0,
        value: -1,
        dirX: 0,
        dirY: 0,
      };
      this.write(this.realms, style, text, at, -width / 2, 5, [
        red / 255,
        green / 255,
        blue / 255,
        0.85,
      ]);
    }
  }

  private write(
    into: Instances,
    style: TextStyle,
    text: string,
    at: Anchor,
    x: number,
    baseline: number,
    color: readonly [number, number, number, number],
  ): void {
    let pen = Math.round(x * this.atlas.ratio) / this.atlas.ratio;
    for (const character of text) {
      const glyph = this.atlas.glyph(style, character);
      if (character !== " ") {
        into.reserve(into.count + 1);
        const { data, stride } = into;
        let i = into.count * stride;
        data[i++] = at.ax;
        data[i++] = at.ay;
        data[i++] = at.bx;
        data[i++] = at.by;
        data[i++] = at.departed;
        data[i++] = at.eta;
        data[i++] = pen - 3;
        data[i++] = Math.round(baseline - style.size - 3);
        data[i++] = glyph.u;
        data[i++] = glyph.v;
        data[i++] = glyph.width;
        data[i++] = glyph.height;
        data[i++] = color[0];
        data[i++] = color[1];
        data[i++] = color[2];
        data[i++] = color[3];
        data[i++] = at.value;
        data[i++] = at.dirX;
        data[i++] = at.dirY;
        data[i] = 0;
        into.count += 1;
      }
      pen += glyph.advance + style.spacing;
    }
  }
}
