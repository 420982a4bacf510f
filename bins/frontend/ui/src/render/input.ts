/** Mouse, touch, pen and wheel input on the map. */
import type { App } from "../state/app";
import { meaningOf, orderableFleet } from "../state/selection";
import type { MapView } from "./map";

/** Movement below which a press is a click, in CSS pixels. */
const CLICK_SLOP_PX = 6;
/** Share of a fleet sent by a Shift-click, in percent. */
const SHIFT_SHARE = 50;

interface Press {
  x: number;
  y: number;
  startX: number;
  startY: number;
}

export function attachInput(map: MapView, app: App): void {
  const { canvas } = map;
  const presses = new Map<number, Press>();
  let dragged = false;

  const local = (event: { clientX: number; clientY: number }): { x: number; y: number } => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && event.button !== 0) return;
    const { x, y } = local(event);
    canvas.setPointerCapture(event.pointerId);
    if (presses.size === 0) dragged = false;
    presses.set(event.pointerId, { x, y, startX: x, startY: y });
    canvas.focus({ preventScroll: true });
  });

  canvas.addEventListener("pointermove", (event) => {
    const { x, y } = local(event);
    const press = presses.get(event.pointerId);
    if (press === undefined) {
      if (event.pointerType !== "touch") hoverAt(x, y);
      return;
    }
    if (Math.hypot(x - press.startX, y - press.startY) > CLICK_SLOP_PX) dragged = true;
    if (dragged || presses.size > 1) {
      const other = [...presses.entries()].find(([id]) => id !== event.pointerId)?.[1];
      if (other === undefined) map.camera.pan(x - press.x, y - press.y);
      else pinch(press, { x, y }, other);
      map.point(null);
    }
    press.x = x;
    press.y = y;
  });

  const release = (event: PointerEvent): void => {
    const press = presses.get(event.pointerId);
    presses.delete(event.pointerId);
    if (press === undefined || dragged || event.type !== "pointerup") return;
    if (presses.size > 0) {
      dragged = true;
      return;
    }
    click(press.startX, press.startY, event);
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => map.point(null));

  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const { x, y } = local(event);
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const delta = Math.min(Math.max(event.deltaY * lines, -240), 240);
      map.camera.zoomAt(x, y, Math.exp(-delta * (event.ctrlKey ? 0.01 : 0.0016)));
      hoverAt(x, y);
    },
    { passive: false },
  );
  canvas.addEventListener("dblclick", (event) => {
    const { x, y } = local(event);
    if (map.pick(x, y, false) === null) map.camera.zoomAt(x, y, 1.8);
  });
  canvas.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    app.select(null);
  });

  function hoverAt(x: number, y: number): void {
    const hit = map.pick(x, y, false);
    canvas.classList.toggle("over", hit !== null);
    map.point(hit === null ? null : { hit, x, y });
  }

  function pinch(press: Press, to: { x: number; y: number }, other: Press): void {
    const before = Math.hypot(press.x - other.x, press.y - other.y);
    const after = Math.hypot(to.x - other.x, to.y - other.y);
    const middle = { x: (to.x + other.x) / 2, y: (to.y + other.y) / 2 };
    map.camera.pan((to.x - press.x) / 2, (to.y - press.y) / 2);
    if (before > 8 && after > 8) map.camera.zoomAt(middle.x, middle.y, after / before);
  }

  function click(x: number, y: number, event: PointerEvent): void {
    const world = app.current;
    if (world === null) return;
    const touch = event.pointerType === "touch";
    const hit = map.pick(x, y, touch);
    const armed = orderableFleet(world.mirror, app.selection.value, app.session.faction);
    const meaning = meaningOf(hit, armed, app.aim.value, touch);
    if (meaning.do === "select") {
      app.select(meaning.selection);
    } else if (meaning.do === "aim") {
      app.aim.set(meaning.aim);
    } else if (armed !== null) {
      app.move(armed, meaning.aim.target, event.shiftKey ? SHIFT_SHARE : app.share.value);
    }
    if (touch) map.point(null);
  }
}
