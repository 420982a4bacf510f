import { describe, expect, it } from "vitest";
import { Camera } from "../src/render/camera";
import { Declutter } from "../src/render/declutter";
import { CANDIDATES, NONE, nearestGrid } from "../src/render/nearest";

describe("the camera", () => {
  const camera = new Camera();
  camera.resize(800, 600);
  camera.setBounds({ left: 0, top: 0, right: 1000, bottom: 1000 });

  it("converts between screen and world", () => {
    camera.fit(false);
    const world = camera.toWorld(123, 456);
    const screen = camera.toScreen(world.x, world.y);
    expect(screen.x).toBeCloseTo(123);
    expect(screen.y).toBeCloseTo(456);
  });

  it("keeps the point under the pointer while zooming", () => {
    camera.fit(false);
    const before = camera.toWorld(300, 200);
    camera.zoomAt(300, 200, 2.5);
    const after = camera.toWorld(300, 200);
    expect(after.x).toBeCloseTo(before.x);
    expect(after.y).toBeCloseTo(before.y);
  });

  it("moves to its target", () => {
    camera.fit(false);
    camera.centre(900, 100, camera.zoom * 3, true);
    for (let i = 0; i < 200 && camera.step(1 / 60); i += 1);
    expect(camera.x).toBe(900);
    expect(camera.y).toBe(100);
    expect(camera.step(1 / 60)).toBe(false);
  });

  it("keeps the map in view", () => {
    camera.pan(1e6, -1e6);
    expect(camera.x).toBeGreaterThanOrEqual(0);
    expect(camera.y).toBeLessThanOrEqual(1000);
    camera.zoomAt(0, 0, 1e-9);
    expect(camera.zoom).toBeGreaterThan(camera.fitZoom() / 2);
  });
});

describe("labels", () => {
  it("do not overlap", () => {
    const declutter = new Declutter();
    const box = (left: number, top: number) => ({ left, top, right: left + 100, bottom: top + 14 });
    expect(declutter.place(box(0, 0))).toBe(true);
    expect(declutter.place(box(99, 13))).toBe(false);
    expect(declutter.place(box(100, 0))).toBe(true);
    expect(declutter.place(box(-500, -500))).toBe(true);
    expect(declutter.place(box(-450, -500))).toBe(false);
  });
});

describe("the grid of nearest systems", () => {
  it("holds the nearest systems of every cell, nearest first", () => {
    let seed = 7;
    const random = (): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return (seed / 2_147_483_647) * 1000;
    };
    const xs = Float32Array.from({ length: 200 }, random);
    const ys = Float32Array.from({ length: 200 }, random);
    const grid = nearestGrid(xs, ys, { left: -50, top: -50, right: 1050, bottom: 1050 });
    for (let cell = 0; cell < grid.columns * grid.rows; cell += 7) {
      const cx = grid.left + ((cell % grid.columns) + 0.5) * grid.cell;
      const cy = grid.top + (Math.floor(cell / grid.columns) + 0.5) * grid.cell;
      const distance = (i: number): number => Math.hypot((xs[i] ?? 0) - cx, (ys[i] ?? 0) - cy);
      const expected = Array.from(xs.keys())
        .map(distance)
        .sort((a, b) => a - b)
        .slice(0, CANDIDATES);
      const found = [...grid.indices.subarray(cell * CANDIDATES, (cell + 1) * CANDIDATES)];
      found.forEach((id, i) => expect(distance(id)).toBeCloseTo(expected[i] ?? NaN, 3));
    }
  });

  it("leaves entries empty on a tiny map", () => {
    const grid = nearestGrid(new Float32Array([1, 2]), new Float32Array([1, 2]), {
      left: 0,
      top: 0,
      right: 3,
      bottom: 3,
    });
    expect(grid.indices[1]).not.toBe(NONE);
    expect(grid.indices[2]).toBe(NONE);
  });
});
