import type { FactionId } from "../api/wire";
import { css, factionColor } from "../state/palette";
import { useUi, useWorld } from "./context";

/** Colour, letter and pattern of a faction. */
export function FactionMark({ id, small = false }: { id: FactionId | null; small?: boolean }) {
  const world = useWorld();
  const faction = world?.mirror.faction(id);
  const mark = id === null ? undefined : world?.marks.get(id);
  if (faction === undefined || mark === undefined) {
    return <span class={`mark none${small ? " small" : ""}`} aria-hidden="true" />;
  }
  return (
    <span
      class={`mark pattern-${mark.pattern}${small ? " small" : ""}`}
      style={{ "--tint": css(factionColor(faction.color)) }}
      aria-hidden="true"
    >
      {mark.letter}
    </span>
  );
}

/** Mark and name of a faction. */
export function FactionName({ id }: { id: FactionId | null }) {
  const { app } = useUi();
  useWorld();
  if (id === null) return <span class="dim">nobody</span>;
  return (
    <span class="faction-name">
      <FactionMark id={id} small /> {app.factionName(id)}
    </span>
  );
}
