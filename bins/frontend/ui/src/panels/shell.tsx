import { useEffect, useRef, useState } from "preact/hooks";
import { attachInput } from "../render/input";
import { MapView } from "../render/map";
import type { App } from "../state/app";
import { useSignal } from "../state/signal";
import { attachKeys } from "./keys";
import { UiContext } from "./context";
import { BotKeysDialog } from "./botkeys";
import { EventLog } from "./log";
import { FactionTable } from "./factions";
import { FactionsDialog } from "./choose";
import { HelpDialog } from "./help";
import { Inspector } from "./inspector";
import { ConnectionBanner, ToastStack, VictoryBanner } from "./notices";
import { OperatorDialog } from "./operator";
import { OrderList } from "./orders";
import { PlaybackBar } from "./playback";
import { PreviewBar } from "./preview";
import { SignInDialog } from "./join";
import { Tooltip } from "./tooltip";
import { TopBar } from "./topbar";
import { exposeHook } from "./hook";

type Tab = "factions" | "selected" | "log" | "orders";

const TABS: { id: Tab; label: string }[] = [
  { id: "factions", label: "Factions" },
  { id: "selected", label: "Selected" },
  { id: "log", label: "Log" },
  { id: "orders", label: "Orders" },
];

/** The whole page. `live` is false for the preview of a seed. */
export function Shell({ app, live }: { app: App; live: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [map, setMap] = useState<MapView | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [tab, setTab] = useState<Tab>("factions");
  const [open, setOpen] = useState(false);
  const dialog = useSignal(app.dialog);
  const selection = useSignal(app.selection);

  useEffect(() => {
    if (canvas.current === null) return undefined;
    try {
      const made = new MapView(canvas.current, app);
      attachInput(made, app);
      exposeHook(made, app);
      setMap(made);
      return attachKeys(made, app);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }, [app]);

  useEffect(() => {
    if (selection === null) return;
    setTab("selected");
    setOpen(true);
  }, [selection]);

  const show = (id: Tab): void => {
    setOpen(tab !== id || !open);
    setTab(id);
  };
  const panel = (id: Tab): string => `panel ${id}${tab === id ? " current" : ""}`;

  return (
    <UiContext.Provider value={{ app, map }}>
      <div
        class={`shell${open ? " open" : ""}${live ? "" : " still"}${app.recording === null ? "" : " recording"}`}
      >
        <TopBar live={live} />
        {!live && <PreviewBar />}
        <div class="map">
          <canvas
            ref={canvas}
            tabIndex={0}
            role="application"
            aria-label="Map of the sector. The tables next to it show the same data."
          />
          <div class="notices">
            {live && <ConnectionBanner />}
            {problem !== null && (
              <div class="banner" role="alert">
                {problem}
              </div>
            )}
            <VictoryBanner />
          </div>
          {map !== null && <Tooltip map={map} />}
          <div class="map-tools" role="group" aria-label="Map">
            <button type="button" aria-label="Zoom in" onClick={() => zoom(map, 1.4)}>
              +
            </button>
            <button type="button" aria-label="Zoom out" onClick={() => zoom(map, 1 / 1.4)}>
              −
            </button>
            <button type="button" aria-label="Fit the whole map" onClick={() => map?.fit()}>
              ⤢
            </button>
          </div>
        </div>
        {app.recording !== null && <PlaybackBar recording={app.recording} />}
        <main class="panels">
          <nav class="tabs" aria-label="Panels">
            {TABS.map(({ id, label }) => (
              <button
                key={id}
                type="button"
                aria-pressed={open && tab === id}
                onClick={() => show(id)}
              >
                {label}
              </button>
            ))}
          </nav>
          <div class="side left">
            <section class={panel("factions")} aria-labelledby="factions-title">
              <h2 id="factions-title">Factions</h2>
              <FactionTable />
            </section>
            <section class={panel("orders")} aria-labelledby="orders-title">
              <h2 id="orders-title">My orders</h2>
              <OrderList />
            </section>
          </div>
          <div class="side right">
            <section class={panel("selected")} aria-labelledby="selected-title">
              <h2 id="selected-title">Selected</h2>
              <Inspector />
            </section>
            <section class={panel("log")} aria-labelledby="log-title">
              <h2 id="log-title">Events</h2>
              <EventLog />
            </section>
          </div>
        </main>
        <ToastStack />
        {dialog === "help" && <HelpDialog />}
        {dialog === "signin" && <SignInDialog />}
        {dialog === "factions" && <FactionsDialog />}
        {dialog === "keys" && <BotKeysDialog />}
        {dialog === "operator" && <OperatorDialog />}
      </div>
    </UiContext.Provider>
  );
}

function zoom(map: MapView | null, factor: number): void {
  map?.camera.zoomAt(map.camera.width / 2, map.camera.height / 2, factor);
}
