/**
 * The visible part of the map. A world unit is 1000 units of the API's positions: the map is 1000 ×
 * 1000.
 */

export const WORLD_SCALE = 1 / 1000;

export interface Bounds {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Time constant of animated moves. */
const GLIDE_SECONDS = 0.12;

export class Camera {
  x = 500;
  y = 500;
  zoom = 0.5;
  width = 1;
  height = 1;
  private goal: { x: number; y: number; zoom: number } | null = null;
  private bounds: Bounds = { left: 0, top: 0, right: 1000, bottom: 1000 };

  resize(width: number, height: number): void {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
  }

  setBounds(bounds: Bounds): void {
    this.bounds = bounds;
  }

  toScreen(x: number, y: number): { x: number; y: number } {
    return {
      x: (x - this.x) * this.zoom + this.width / 2,
      y: (y - this.y) * this.zoom + this.height / 2,
    };
  }

  toWorld(x: number, y: number): { x: number; y: number } {
    return {
      x: (x - this.width / 2) / this.zoom + this.x,
      y: (y - this.height / 2) / this.zoom + this.y,
    };
  }

  /** The part of the world in view. */
  view(): Bounds {
    const halfWidth = this.width / 2 / this.zoom;
    const halfHeight = this.height / 2 / this.zoom;
    return {
      left: this.x - halfWidth,
      right: this.x + halfWidth,
      top: this.y - halfHeight,
      bottom: this.y + halfHeight,
    };
  }

  /** The zoom that fits the whole map. */
  fitZoom(): number {
    const mapWidth = Math.max(1, this.bounds.right - this.bounds.left);
    const mapHeight = Math.max(1, this.bounds.bottom - this.bounds.top);
    return Math.min(this.width / mapWidth, this.height / mapHeight) * 0.97;
  }

  fit(glide: boolean): void {
    const zoom = this.fitZoom();
    const { left, right, top, bottom } = this.bounds;
    this.goTo((left + right) / 2, (top + bottom) / 2, zoom, glide);
  }

  /** Centres a point. */
  centre(x: number, y: number, leastZoom: number, glide: boolean): void {
    this.goTo(x, y, Math.max(this.goal?.zoom ?? this.zoom, leastZoom), glide);
  }

  /** Drags the map by pixels. */
  pan(dx: number, dy: number): void {
    this.goal = null;
    this.x -= dx / this.zoom;
    this.y -= dy / this.zoom;
    this.confine();
  }

  /** Zooms by a factor and keeps the point under the given pixel in place. */
  zoomAt(px: number, py: number, factor: number): void {
    this.goal = null;
    const before = this.toWorld(px, py);
    this.zoom = this.limit(this.zoom * factor);
    const after = this.toWorld(px, py);
    this.x += before.x - after.x;
    this.y += before.y - after.y;
    this.confine();
  }

  /** Advances the animation; true while moving. */
  step(seconds: number): boolean {
    const { goal } = this;
    if (goal === null) return false;
    const share = 1 - Math.exp(-seconds / GLIDE_SECONDS);
    this.x += (goal.x - this.x) * share;
    this.y += (goal.y - this.y) * share;
    this.zoom *= (goal.zoom / this.zoom) ** share;
    const near = Math.hypot(goal.x - this.x, goal.y - this.y) * this.zoom;
    if (near < 0.3 && Math.abs(goal.zoom / this.zoom - 1) < 0.002) {
      Object.assign(this, goal);
      this.goal = null;
    }
    return true;
  }

  private goTo(x: number, y: number, wanted: number, glide: boolean): void {
    const zoom = this.limit(wanted);
    const goal = { x, y, zoom };
    if (glide) this.goal = goal;
    else {
      this.goal = null;
      Object.assign(this, goal);
    }
  }

  private limit(zoom: number): number {
    const fit = this.fitZoom();
    return Math.min(Math.max(zoom, fit * 0.6), Math.max(12, fit * 4));
  }

  private confine(): void {
    this.x = Math.min(Math.max(this.x, this.bounds.left), this.bounds.right);
    this.y = Math.min(Math.max(this.y, this.bounds.top), this.bounds.bottom);
  }
}
