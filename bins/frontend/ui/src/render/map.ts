/**
 * The map: owns the canvas. Ticks update buffers; an animation frame only advances clock and
 * camera.
 */
import type { App, World } from "../state/app";
import type { Delta, FleetId, SystemId } from "../api/wire";
import { orderableFleet, type Hit } from "../state/selection";
import { Signal } from "../state/signal";
import { Camera, WORLD_SCALE } from "./camera";
import { EffectsLayer } from "./effects";
import { FleetsLayer } from "./fleets";
import type { Frame } from "./gl";
import { Ground } from "./ground";
import { LabelsLayer } from "./labels";
import { LanesLayer } from "./lanes";
import { pick } from "./pick";
import { planOf, type Plan } from "./plan";
import { SystemsLayer } from "./systems";
import { TerritoryLayer } from "./territory";

const MAX_RATIO = 2;
/** Redraws slower than this reduce the resolution of the territory. */
const SLOW_FRAME_MS = 26;
const FAST_FRAME_MS = 18;
/** Fast redraws in a row after which the resolution is raised again. */
const RECOVERY_FRAMES = 240;

interface Layers {
  ground: Ground;
  territory: TerritoryLayer;
  lanes: LanesLayer;
  systems: SystemsLayer;
  fleets: FleetsLayer;
  effects: EffectsLayer;
  labels: LabelsLayer;
}

export interface Hover {
  hit: Exclude<Hit, null>;
  /** Pointer position on the canvas, in CSS pixels. */
  x: number;
  y: number;
}

export class MapView {
  readonly camera = new Camera();
  readonly hover = new Signal<Hover | null>(null);
  /** The planned move, for the panels. */
  readonly plan = new Signal<Plan | null>(null);
  fps = 0;
  frames = 0;
  private readonly gl: WebGL2RenderingContext;
  private layers: Layers | null = null;
  private world: World | null = null;
  private readonly calm = matchMedia("(prefers-reduced-motion: reduce)");
  private lastFrameMs = 0;
  private slowness = 0;
  private redrawnBefore = false;
  private fitted = "";
  private stale = { fleets: true, systems: true, realms: true, routes: true };
  private fleetZoomBucket = 0;

  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly app: App,
  ) {
    const gl = canvas.getContext("webgl2", {
      alpha: false,
      antialias: false,
      depth: false,
      preserveDrawingBuffer: false,
      powerPreference: "high-performance",
    });
    if (gl === null) throw new Error("This browser does not support WebGL2, which the map needs.");
    this.gl = gl;
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      this.layers = null;
    });
    canvas.addEventListener("webglcontextrestored", () => this.build());
    new ResizeObserver(() => this.resize()).observe(canvas);
    this.resize();
    this.build();
    app.listen({
      snapshot: (world) => this.load(world),
      delta: (world, delta) => this.update(world, delta),
    });
    const again = (): void => this.markAll();
    app.selection.subscribe(again);
    app.aim.subscribe(again);
    app.share.subscribe(again);
    app.session.state.subscribe(again);
    this.hover.subscribe(() => {
      this.stale.systems = true;
      this.stale.routes = true;
    });
    requestAnimationFrame(this.draw);
  }

  /** The system or fleet at a point of the canvas; more tolerant for touch. */
  pick(x: number, y: number, touch: boolean): Hit {
    if (this.layers === null || this.world === null) return null;
    const frame = this.frame(performance.now());
    return pick(this.world, this.layers, this.camera, frame, x, y, touch);
  }

  /** Sets the hovered system or fleet. */
  point(hover: Hover | null): void {
    const before = this.hover.value;
    if (before === null && hover === null) return;
    this.hover.set(hover);
  }

  fit(glide = true): void {
    this.camera.fit(glide && !this.calm.matches);
  }

  /** Centres a system. */
  show(id: SystemId): void {
    const system = this.world?.mirror.system(id);
    if (system === undefined || this.layers === null) return;
    const leastZoom = Math.min(110 / this.layers.ground.spacing, this.camera.fitZoom() * 6);
    const { x, y } = { x: system.x * WORLD_SCALE, y: system.y * WORLD_SCALE };
    this.camera.centre(x, y, leastZoom, !this.calm.matches);
  }

  showFleet(id: FleetId): void {
    const spot = this.layers?.fleets.spots.find(({ fleet }) => fleet.id === id);
    const system = spot?.fleet.system_id ?? spot?.fleet.enroute_to ?? null;
    if (system !== null && system !== undefined) this.show(system);
  }

  systemOnScreen(id: SystemId): { x: number; y: number } | null {
    const system = this.world?.mirror.system(id);
    if (system === undefined) return null;
    return this.camera.toScreen(system.x * WORLD_SCALE, system.y * WORLD_SCALE);
  }

  fleetOnScreen(id: FleetId): { x: number; y: number } | null {
    if (this.layers === null || this.world === null) return null;
    const spot = this.layers.fleets.spots.find(({ fleet }) => fleet.id === id);
    if (spot === undefined) return null;
    const { tick, symbol } = this.frame(performance.now());
    const at = this.layers.fleets.position(spot, this.world, tick, symbol);
    const screen = this.camera.toScreen(at.x, at.y);
    return { x: screen.x + at.dx, y: screen.y + at.dy };
  }

  get fleetsDrawn(): number {
    return this.layers?.fleets.spots.length ?? 0;
  }

  private build(): void {
    const { gl } = this;
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    const ground = new Ground(gl);
    this.layers = {
      ground,
      territory: new TerritoryLayer(gl, ground),
      lanes: new LanesLayer(gl, ground),
      systems: new SystemsLayer(gl, ground),
      fleets: new FleetsLayer(gl, ground),
      effects: new EffectsLayer(gl, ground),
      labels: new LabelsLayer(gl, ground, this.ratio()),
    };
    if (this.world !== null) this.load(this.world);
  }

  private load(world: World): void {
    this.world = world;
    const { layers } = this;
    if (layers === null) return;
    layers.ground.load(world);
    layers.territory.load();
    layers.lanes.load(world);
    layers.labels.load(world);
    layers.effects.clear();
    this.camera.setBounds(layers.ground.bounds);
    const key = `${world.mirror.universeId} ${world.mirror.seed} ${world.mirror.systems.length}`;
    if (this.fitted !== key) {
      this.fitted = key;
      this.camera.fit(false);
    }
    this.markAll();
  }

  private update(world: World, delta: Delta): void {
    const { layers } = this;
    if (layers === null) return;
    const seconds = performance.now() / 1000;
    layers.ground.learnFactions(world);
    for (const state of delta.systems) {
      const index = world.mirror.indexOf(state.id);
      if (index >= 0 && layers.ground.setOwner(index, state.owner, seconds))
        this.stale.realms = true;
    }
    layers.effects.add(world, delta.events, seconds);
    this.stale.fleets = true;
    this.stale.systems = true;
    this.stale.routes = true;
  }

  private markAll(): void {
    this.stale = { fleets: true, systems: true, realms: true, routes: true };
    this.layers?.labels.invalidate();
  }

  private ratio(): number {
    return Math.min(window.devicePixelRatio || 1, MAX_RATIO);
  }

  private resize(): void {
    const { clientWidth, clientHeight } = this.canvas;
    const ratio = this.ratio();
    const width = Math.max(1, Math.round(clientWidth * ratio));
    const height = Math.max(1, Math.round(clientHeight * ratio));
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    const wasWhole = Math.abs(this.camera.zoom / this.camera.fitZoom() - 1) < 0.02;
    this.camera.resize(clientWidth, clientHeight);
    if (wasWhole) this.camera.fit(false);
    this.gl.viewport(0, 0, width, height);
    this.keepSelectionInView();
  }

  /** Moves the map if an opening panel covers the selection. */
  private keepSelectionInView(): void {
    const selection = this.app.selection.value;
    if (selection === null) return;
    const at =
      selection.kind === "system"
        ? this.systemOnScreen(selection.id)
        : this.fleetOnScreen(selection.id);
    if (at === null) return;
    const { width, height } = this.camera;
    if (at.x > 0 && at.y > 0 && at.x < width && at.y < height - 24) return;
    const { x, y } = this.camera.toWorld(at.x, at.y);
    this.camera.centre(x, y, 0, !this.calm.matches);
  }

  private frame(nowMs: number): Frame {
    const { camera, world } = this;
    const spacingPx = (this.layers?.ground.spacing ?? 100) * camera.zoom;
    return {
      x: camera.x,
      y: camera.y,
      zoom: camera.zoom,
      width: camera.width,
      height: camera.height,
      ratio: this.ratio(),
      tick: world?.clock.at(nowMs) ?? 0,
      seconds: nowMs / 1000,
      symbol: Math.min(Math.max(spacingPx / 92, 0.24), 1.55),
      calm: this.calm.matches ? 1 : 0,
    };
  }

  private readonly draw = (nowMs: number): void => {
    requestAnimationFrame(this.draw);
    const elapsedMs = Math.max(0.1, nowMs - this.lastFrameMs);
    this.lastFrameMs = nowMs;
    this.fps += 0.1 * (1000 / elapsedMs - this.fps);
    this.frames += 1;
    this.camera.step(Math.min(elapsedMs, 100) / 1000);
    const { layers, world } = this;
    if (layers === null || world === null) return;
    const frame = this.frame(nowMs);
    if (layers.ground.step(frame.seconds, this.camera.view())) layers.territory.invalidate();
    this.refresh(layers, world, frame);
    const mine = layers.ground.number(this.app.session.faction);
    const redrawn = layers.territory.draw(frame, mine);
    this.watchSpeed(layers, elapsedMs, redrawn);
    layers.lanes.draw(frame);
    layers.systems.draw(frame);
    layers.fleets.draw(frame);
    layers.effects.draw(frame);
    layers.labels.draw(frame, this.camera.fitZoom());
  };

  private refresh(layers: Layers, world: World, frame: Frame): void {
    const { stale } = this;
    const mine = this.app.session.faction;
    const selection = this.app.selection.value;
    const hit = this.hover.value?.hit ?? null;
    const selected = selection?.kind === "system" ? world.mirror.indexOf(selection.id) : -1;
    const hovered = hit?.kind === "system" ? world.mirror.indexOf(hit.id) : -1;
    if (layers.systems.mark(selected, hovered) || stale.systems) {
      layers.systems.load(world, mine);
    }
    if (stale.realms) layers.labels.invalidate();
    layers.labels.layoutNames(world, frame, mine, [selected]);
    const zoomBucket = Math.floor(Math.log2(frame.zoom) * 4);
    if (stale.fleets || zoomBucket !== this.fleetZoomBucket) {
      this.fleetZoomBucket = zoomBucket;
      layers.fleets.load(world, mine, selection?.kind === "fleet" ? selection.id : null);
      layers.labels.layoutFleets(layers.fleets.spots, world, mine, frame);
    }
    if (stale.routes) this.layRoutes(layers, world);
    this.stale = { fleets: false, systems: false, realms: false, routes: false };
  }

  private layRoutes(layers: Layers, world: World): void {
    const { app } = this;
    layers.lanes.clearRoutes();
    const hit = this.hover.value?.hit ?? null;
    for (const shown of [app.selection.value, hit]) {
      const fleet = shown?.kind === "fleet" ? world.mirror.fleets.get(shown.id) : undefined;
      if (fleet === undefined) continue;
      const start = fleet.system_id ?? fleet.enroute_to;
      if (start === null || fleet.route.length === 0) continue;
      const [red, green, blue] = layers.ground.color(layers.ground.number(fleet.owner));
      const color = [red / 255, green / 255, blue / 255, 0.75] as const;
      layers.lanes.addRoute(world, [start, ...fleet.route], color);
    }
    const armed = orderableFleet(world.mirror, app.selection.value, app.session.faction);
    const target = hit?.kind === "system" ? hit.id : (app.aim.value?.target ?? null);
    const plan = armed === null || target === null ? null : planOf(world, armed, target);
    if (plan !== null) layers.lanes.addRoute(world, plan.path, [1, 0.93, 0.74, 0.95]);
    layers.lanes.uploadRoutes();
    this.plan.set(plan);
  }

  /** Lowers the resolution of the territory after slow redraws and raises it after fast ones. */
  private watchSpeed(layers: Layers, elapsedMs: number, redrawn: boolean): void {
    const slow = this.redrawnBefore && elapsedMs > SLOW_FRAME_MS;
    const fast = this.redrawnBefore && elapsedMs < FAST_FRAME_MS;
    this.redrawnBefore = redrawn;
    if (elapsedMs > 3000) return;
    this.slowness = Math.max(-RECOVERY_FRAMES, this.slowness + (slow ? 10 : fast ? -1 : 0));
    if (this.slowness >= 100) {
      this.slowness = 0;
      layers.territory.adjustQuality(1);
    } else if (this.slowness === -RECOVERY_FRAMES) {
      this.slowness = 0;
      layers.territory.adjustQuality(-1);
    }
  }
}
