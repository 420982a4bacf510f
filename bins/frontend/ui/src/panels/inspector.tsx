import { useSignal } from "../state/signal";
import { useUi, useWorld } from "./context";
import { FleetSheet } from "./fleet";
import { SystemSheet } from "./system";

/** The selected system or fleet. */
export function Inspector() {
  const { app } = useUi();
  const world = useWorld();
  const selection = useSignal(app.selection);
  if (world === null || selection === null) {
    return (
      <p class="empty">
        Click a system or a fleet for details. Drag to move the map, scroll to zoom.
      </p>
    );
  }
  if (selection.kind === "system") {
    const system = world.mirror.system(selection.id);
    return system === undefined ? null : <SystemSheet world={world} system={system} />;
  }
  const fleet = world.mirror.fleets.get(selection.id);
  return fleet === undefined ? null : <FleetSheet world={world} fleet={fleet} />;
}
