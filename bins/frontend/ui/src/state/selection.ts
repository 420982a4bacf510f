/** What the player points at, and what a click on the map therefore means. */
import type { FactionId, Fleet, FleetId, SystemId } from "../api/wire";
import type { Mirror } from "./mirror";

export type Selection = { kind: "system"; id: SystemId } | { kind: "fleet"; id: FleetId } | null;

/** A target touched once, to be confirmed by a second tap or the button. */
export interface Aim {
  fleet: FleetId;
  target: SystemId;
}

export type Hit = { kind: "system"; id: SystemId } | { kind: "fleet"; id: FleetId } | null;

export type ClickMeaning =
  { do: "select"; selection: Selection } | { do: "aim"; aim: Aim } | { do: "order"; aim: Aim };

/** The fleet that a click on a system would send: mine, selected, idle. */
export function orderableFleet(
  mirror: Mirror,
  selection: Selection,
  mine: FactionId | null,
): Fleet | null {
  if (mine === null || selection?.kind !== "fleet") return null;
  const fleet = mirror.fleets.get(selection.id);
  return fleet !== undefined && fleet.owner === mine && fleet.system_id !== null ? fleet : null;
}

/**
 * A click with an own idle fleet selected is an order to go there, at once with a mouse,
 * after a second tap with a finger (a finger cannot hover over the route first).
 * Everything else selects.
 */
export function meaningOf(
  hit: Hit,
  armed: Fleet | null,
  aim: Aim | null,
  touch: boolean,
): ClickMeaning {
  if (armed === null || hit?.kind !== "system" || hit.id === armed.system_id) {
    return { do: "select", selection: hit };
  }
  const next: Aim = { fleet: armed.id, target: hit.id };
  const confirmed = aim !== null && aim.fleet === next.fleet && aim.target === next.target;
  return { do: touch && !confirmed ? "aim" : "order", aim: next };
}
