import type { MapView } from "../render/map";
import type { App } from "../state/app";

/**
 * A read-only view of world and map as `window.__sector`, for browser tests, which cannot read a
 * WebGL canvas.
 */
export function exposeHook(map: MapView, app: App): void {
  const hook = {
    get tick() {
      return app.current?.mirror.tick ?? null;
    },
    get universeId() {
      return app.current?.mirror.universeId ?? null;
    },
    get seed() {
      return app.current?.mirror.seed ?? null;
    },
    get stalled() {
      return app.stalled.value;
    },
    get connection() {
      return app.connection.value;
    },
    get fps() {
      return map.fps;
    },
    get frames() {
      return map.frames;
    },
    get fleets() {
      return map.fleetsDrawn;
    },
    get faction() {
      return app.session.faction;
    },
    get selection() {
      return app.selection.value;
    },
    get plan() {
      const plan = map.plan.value;
      return plan === null
        ? null
        : { path: [...plan.path], ticks: plan.ticks, arrives: plan.arrives };
    },
    get orders() {
      return app.orders.value.map(({ clientId, status, reason }) => ({ clientId, status, reason }));
    },
    fleetsOf: (faction: string) =>
      (app.current?.mirror.fleetsOf(faction) ?? []).map((fleet) => ({ ...fleet })),
    fleet: (id: number) => ({ ...app.current?.mirror.fleets.get(id) }),
    system: (id: number) => ({ ...app.current?.mirror.system(id) }),
    neighbours: (id: number) => (app.current?.graph.neighboursOf(id) ?? []).map(({ to }) => to),
    worldToScreen: (id: number) => onPage(map, map.systemOnScreen(id)),
    route: (from: number, to: number) => app.current?.graph.route(from, to) ?? null,
    /** The target of a mouse click at a point of the page. */
    hitAt: (x: number, y: number) => {
      const box = map.canvas.getBoundingClientRect();
      return map.pick(x - box.left, y - box.top, false);
    },
    fleetToScreen: (id: number) => onPage(map, map.fleetOnScreen(id)),
  };
  Object.defineProperty(window, "__sector", { value: Object.freeze(hook), configurable: true });
}

function onPage(map: MapView, point: { x: number; y: number } | null) {
  if (point === null) return null;
  const box = map.canvas.getBoundingClientRect();
  return { x: point.x + box.left, y: point.y + box.top };
}
