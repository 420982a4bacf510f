/** The selection, and the meaning of a click on the map. */
import type { FactionId, Fleet, FleetId, SystemId } from "../api/wire";
import type { Mirror } from "./mirror";

export type Selection = { kind: "system"; id: SystemId } | { kind: "fleet"; id: FleetId } | null;

/** A target tapped once, to be confirmed by a second tap or the button. */
export interface Aim {
  fleet: FleetId;
  target: SystemId;
}

export type Hit = { kind: "system"; id: SystemId } | { kind: "fleet"; id: FleetId } | null;

export type ClickMeaning =
  { do: "select"; selection: Selection } | { do: "aim"; aim: Aim } | { do: "order"; aim: Aim };

/** The fleet that a click on a system would send: the player's selected idle fleet. */
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
 * With an idle fleet of the player selected, a click on another system is a move order. On touch
 * screens it takes a second tap, because they cannot hover to preview the route. Any other click
 * selects.
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
