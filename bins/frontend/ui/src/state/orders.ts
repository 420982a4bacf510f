/** Builds orders and tracks each to its outcome. */
import type {
  FactionId,
  Fleet,
  Focus,
  GameEvent,
  Order,
  Refusal,
  System,
  SystemId,
} from "../api/wire";
import { leastPart, tooSmallText, type Rules } from "./rules";

export type OrderStatus = "sending" | "accepted" | "applied" | "refused" | "failed" | "missed";

export interface TrackedOrder {
  clientId: string;
  order: Order;
  summary: string;
  status: OrderStatus;
  /** Why the order was refused or could not be sent; empty otherwise. */
  reason: string;
  /** Tick of the outcome. */
  tick: number | null;
}

/** Why an order cannot be built, for the player. */
export class OrderError extends Error {}

/** A random id for deduplication. `crypto.randomUUID` would need HTTPS. */
export function newClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `ui-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** Strength of a share of a fleet; "all" for 100 %, null if both parts cannot reach the least. */
export function partOf(
  strength: number,
  sharePercent: number,
  least: number,
): number | "all" | null {
  if (sharePercent >= 100) return "all";
  if (strength < 2 * least) return null;
  const wanted = Math.floor((strength * sharePercent) / 100);
  return Math.min(Math.max(wanted, least), strength - least);
}

export function moveOrder(
  faction: FactionId,
  fleet: Fleet,
  target: SystemId,
  sharePercent: number,
  rules: Rules | null,
  clientId: string,
): Order {
  if (fleet.owner !== faction) throw new OrderError("That fleet is not yours.");
  if (fleet.system_id === null) {
    throw new OrderError("That fleet is on a lane and cannot be redirected before it arrives.");
  }
  if (fleet.system_id === target) throw new OrderError("The fleet is already there.");
  const part = partOf(fleet.strength, sharePercent, leastPart(rules));
  if (part === null) throw new OrderError(tooSmallText(rules));
  const base = {
    kind: "move",
    faction,
    origin_id: fleet.system_id,
    target_id: target,
    fleet_id: fleet.id,
    client_id: clientId,
  } as const;
  // A fleet without a strength goes as a whole; `all` would move every fleet at the origin.
  return part === "all" ? base : { ...base, strength: part };
}

export function cancelOrder(faction: FactionId, fleet: Fleet, clientId: string): Order {
  if (fleet.owner !== faction) throw new OrderError("That fleet is not yours.");
  return { kind: "cancel", faction, fleet_id: fleet.id, client_id: clientId };
}

export function musterOrder(faction: FactionId, system: System, clientId: string): Order {
  if (system.owner !== faction) throw new OrderError("Fleets can only muster at your own systems.");
  return { kind: "muster", faction, target_id: system.id, client_id: clientId };
}

export function focusOrder(
  faction: FactionId,
  system: System,
  focus: Focus,
  clientId: string,
): Order {
  if (system.owner !== faction)
    throw new OrderError("Only the owner can set the focus of a system.");
  return { kind: "focus", faction, system_id: system.id, focus, client_id: clientId };
}

const REFUSALS: Record<Refusal, string> = {
  unknown_faction: "Your faction is out of the war.",
  unknown_system: "There is no such system.",
  unknown_fleet: "That fleet no longer exists.",
  not_owner: "It belongs to another faction now.",
  no_idle_fleet: "You have no idle fleet there.",
  not_at_origin: "The fleet is not there any more.",
  too_weak: "The fleet is too weak to be split like that.",
  already_there: "The fleet is already there.",
  unreachable: "No lane leads there.",
  no_route: "The fleet has no route to cancel.",
  duplicate: "This order was already given.",
  wrong_universe: "The order was for the previous universe.",
  run_over: "The war is over.",
};

/** The message for a refusal code; for an unknown code, the server's own text. */
export function refusalText(code: string, sentence: string | undefined): string {
  const known = (REFUSALS as Record<string, string | undefined>)[code];
  return known ?? sentence ?? `Refused: ${code.replaceAll("_", " ")}.`;
}

/** Applies the outcomes among the events; returns the same array if there are none. */
export function settle(
  orders: readonly TrackedOrder[],
  events: readonly GameEvent[],
  texts: readonly string[],
  tick: number,
): readonly TrackedOrder[] {
  const outcomes = new Map<string, { status: OrderStatus; reason: string }>();
  events.forEach((event, index) => {
    if (event.type !== "order_applied" && event.type !== "order_refused") return;
    if (event.client_id === null) return;
    outcomes.set(
      event.client_id,
      event.type === "order_applied"
        ? { status: "applied", reason: "" }
        : { status: "refused", reason: refusalText(event.code, texts[index]) },
    );
  });
  if (outcomes.size === 0) return orders;
  let changed = false;
  const next = orders.map((tracked) => {
    const outcome = outcomes.get(tracked.clientId);
    if (outcome === undefined || isSettled(tracked)) return tracked;
    changed = true;
    return { ...tracked, ...outcome, tick };
  });
  return changed ? next : orders;
}

export function isSettled(tracked: TrackedOrder): boolean {
  return tracked.status === "applied" || tracked.status === "refused";
}

/** Marks accepted orders whose outcome may have been lost with the connection. */
export function markMissed(orders: readonly TrackedOrder[]): readonly TrackedOrder[] {
  if (!orders.some(({ status }) => status === "accepted")) return orders;
  return orders.map((tracked) =>
    tracked.status === "accepted"
      ? { ...tracked, status: "missed", reason: "The connection was lost in the meantime." }
      : tracked,
  );
}
