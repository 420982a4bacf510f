import type { MapView } from "../render/map";
import type { App } from "../state/app";

const PAN_PX = 80;
/** Ticks per arrow key in a recorded run. */
const SKIP_TICKS = 10;

/**
 * Adds the keyboard shortcuts listed in the help dialog. Returns the function that removes them.
 */
export function attachKeys(map: MapView, app: App): () => void {
  const centreZoom = (factor: number): void =>
    map.camera.zoomAt(map.camera.width / 2, map.camera.height / 2, factor);

  const actions: Record<string, () => void> = {
    "?": () => app.dialog.set("help"),
    Escape: () => app.select(null),
    f: () => map.fit(),
    h: () => goHome(map, app),
    n: () => nextFleet(map, app),
    m: () => {
      const selection = app.selection.value;
      if (selection?.kind === "system") app.muster(selection.id);
    },
    c: () => {
      const selection = app.selection.value;
      const fleet =
        selection?.kind === "fleet" ? app.current?.mirror.fleets.get(selection.id) : undefined;
      if (fleet !== undefined) app.cancel(fleet);
    },
    "+": () => centreZoom(1.3),
    "=": () => centreZoom(1.3),
    "-": () => centreZoom(1 / 1.3),
    ArrowLeft: () => map.camera.pan(PAN_PX, 0),
    ArrowRight: () => map.camera.pan(-PAN_PX, 0),
    ArrowUp: () => map.camera.pan(0, PAN_PX),
    ArrowDown: () => map.camera.pan(0, -PAN_PX),
    a: () => map.camera.pan(PAN_PX, 0),
    d: () => map.camera.pan(-PAN_PX, 0),
    w: () => map.camera.pan(0, PAN_PX),
    s: () => map.camera.pan(0, -PAN_PX),
  };

  const recording = app.recording;
  if (recording !== null) {
    const skip = (by: number) => (): void => recording.skip(app.current?.mirror.tick ?? 0, by);
    Object.assign(actions, {
      " ": () => recording.toggle(app.current?.mirror.tick ?? 0),
      ArrowLeft: skip(-SKIP_TICKS),
      ArrowRight: skip(SKIP_TICKS),
    });
  }

  const pressed = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || app.dialog.value !== null) return;
    const target = event.target as HTMLElement | null;
    // Sliders use the arrow keys but not the space bar.
    const isSlider = target instanceof HTMLInputElement && target.type === "range";
    const isField = target !== null && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
    if (isField && !(isSlider && event.key === " ")) return;
    // The space bar presses a focused button.
    if (event.key === " " && target?.tagName === "BUTTON") return;
    if (/^[0-9]$/.test(event.key)) {
      app.share.set(event.key === "0" ? 100 : Number(event.key) * 10);
      return;
    }
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const action = actions[key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };
  window.addEventListener("keydown", pressed);
  return () => window.removeEventListener("keydown", pressed);
}

function goHome(map: MapView, app: App): void {
  const faction = app.current?.mirror.faction(app.session.faction);
  const place = faction?.home_id ?? faction?.muster_id ?? null;
  if (place === null) return;
  map.show(place);
  app.select({ kind: "system", id: place });
}

/** Cycles through the player's idle fleets, strongest first. */
function nextFleet(map: MapView, app: App): void {
  const faction = app.session.faction;
  const mirror = app.current?.mirror;
  if (faction === null || mirror === undefined) return;
  const idle = mirror
    .fleetsOf(faction)
    .filter((fleet) => fleet.system_id !== null)
    .sort((a, b) => b.strength - a.strength || a.id - b.id);
  const selection = app.selection.value;
  const at = idle.findIndex((fleet) => selection?.kind === "fleet" && fleet.id === selection.id);
  const next = idle[(at + 1) % idle.length];
  if (next === undefined) return;
  app.select({ kind: "fleet", id: next.id });
  map.showFleet(next.id);
}
