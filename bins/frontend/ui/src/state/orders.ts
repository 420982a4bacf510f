/** Building orders, and following each of them to its one outcome. */
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

/** What must stay behind and what must leave when a fleet is split, in thousandths. */
export const LEAST_PART = 1_000;

export type OrderStatus = "sending" | "accepted" | "applied" | "refused" | "failed" | "missed";

export interface TrackedOrder {
  clientId: string;
  order: Order;
  summary: string;
  status: OrderStatus;
  /** Why it was refused or could not be sent; empty otherwise. */
  reason: string;
  /** Tick of the outcome. */
  tick: number | null;
}

/** A reason in words for why an order cannot even be written. */
export class OrderError extends Error {}

/** An id for idempotence, from the browser's random source (available without HTTPS too). */
export function newClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `ui-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/**
 * How much of a fleet a share in percent takes: "all" when nothing useful would stay.
 * Null when the fleet cannot be split that way.
 */
export function partOf(strength: number, sharePercent: number): number | "all" | null {
  if (sharePercent >= 100) return "all";
  if (strength < 2 * LEAST_PART) return null;
  const wanted = Math.floor((strength * sharePercent) / 100);
  return Math.min(Math.max(wanted, LEAST_PART), strength - LEAST_PART);
}

export function moveOrder(
  faction: FactionId,
  fleet: Fleet,
  target: SystemId,
  sharePercent: number,
  clientId: string,
): Order {
  if (fleet.owner !== faction) throw new OrderError("That fleet is not yours.");
  if (fleet.system_id === null) {
    throw new OrderError("That fleet is under way and takes no new course before it arrives.");
  }
  if (fleet.system_id === target) throw new OrderError("The fleet is already there.");
  const part = partOf(fleet.strength, sharePercent);
  if (part === null) {
    throw new OrderError("The fleet is too small to split: 1.0k must leave and 1.0k must stay.");
  }
  const base = {
    kind: "move",
    faction,
    origin_id: fleet.system_id,
    target_id: target,
    fleet_id: fleet.id,
    client_id: clientId,
  } as const;
  // A named fleet without a strength goes whole; `all` is for every fleet at the origin.
  return part === "all" ? base : { ...base, strength: part };
}

export function cancelOrder(faction: FactionId, fleet: Fleet, clientId: string): Order {
  if (fleet.owner !== faction) throw new OrderError("That fleet is not yours.");
  return { kind: "cancel", faction, fleet_id: fleet.id, client_id: clientId };
}

export function musterOrder(faction: FactionId, system: System, clientId: string): Order {
  if (system.owner !== faction) throw new OrderError("Fleets muster at your own systems only.");
  return { kind: "muster", faction, target_id: system.id, client_id: clientId };
}

export function focusOrder(
  faction: FactionId,
  system: System,
  focus: Focus,
  clientId: string,
): Order {
  if (system.owner !== faction) throw new OrderError("Only the owner sets a system's focus.");
  return { kind: "focus", faction, system_id: system.id, focus, client_id: clientId };
}

const REFUSALS: Record<Refusal, string> = {
  unknown_faction: "Your faction is out of the war.",
  unknown_system: "There is no such system.",
  unknown_fleet: "That fleet no longer exists.",
  not_owner: "It belongs to another faction now.",
  no_idle_fleet: "No idle fleet of yours is there.",
  not_at_origin: "The fleet has left, or is under way.",
  too_weak: "The fleet is too weak: 1.0k must leave and 1.0k must stay.",
  already_there: "The fleet is already there.",
  unreachable: "No lane leads there.",
  no_route: "The fleet has no further route to cancel.",
  duplicate: "The same order was given before.",
  wrong_universe: "It was meant for the universe before this one.",
  run_over: "The war is over.",
};

/** A refusal code in words; the server's own sentence serves for codes unknown here. */
export function refusalText(code: string, sentence: string | undefined): string {
  const known = (REFUSALS as Record<string, string | undefined>)[code];
  return known ?? sentence ?? `Refused: ${code.replaceAll("_", " ")}.`;
}

/** Settles the orders whose outcome is among the events; returns the same array when none is. */
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

/** After a cut in the stream: what was waiting for its outcome may have had it unseen. */
export function markMissed(orders: readonly TrackedOrder[]): readonly TrackedOrder[] {
  if (!orders.some(({ status }) => status === "accepted")) return orders;
  return orders.map((tracked) =>
    tracked.status === "accepted"
      ? { ...tracked, status: "missed", reason: "The connection was cut meanwhile." }
      : tracked,
  );
}
