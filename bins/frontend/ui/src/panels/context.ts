import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { MapView } from "../render/map";
import type { App, World } from "../state/app";
import { useSignal } from "../state/signal";

export interface Ui {
  app: App;
  /** The map; null until its canvas exists. */
  map: MapView | null;
}

export const UiContext = createContext<Ui | null>(null);

export function useUi(): Ui {
  const ui = useContext(UiContext);
  if (ui === null) throw new Error("panel rendered outside of the shell");
  return ui;
}

/** The world; redraws the component a few times per second at most. */
export function useWorld(): World | null {
  return useSignal(useUi().app.world)?.now ?? null;
}
