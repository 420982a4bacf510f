/**
 * The wire contract by the names the UI uses. The shapes come from `schema.ts`, which
 * `npm run codegen` writes from the API document; nothing else imports it.
 *
 * Integers everywhere: strength, garrison, stock and economy in thousandths;
 * stability, unrest, heat and odds in per mille; positions 0..1_000_000; time in ticks.
 */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type FactionId = Schemas["FactionId"];
export type SystemId = Schemas["SystemId"];
export type FleetId = Schemas["FleetId"];
export type SystemKind = Schemas["Kind"];
export type Focus = Schemas["Focus"];
export type RunCause = Schemas["Cause"];
export type Refusal = Schemas["Refusal"];

export type System = Schemas["SystemForm"];
/** What of a system can change from tick to tick. */
export type SystemState = Schemas["SystemChange"];
export type Lane = Schemas["Lane"];
export type Fleet = Schemas["FleetForm"];
export type Faction = Schemas["FactionForm"];
export type GameEvent = Schemas["Event"];
export type Snapshot = Schemas["Snapshot"];
export type Delta = Schemas["Delta"];
export type RunEnd = Schemas["RunEnd"];
export type RunResult = Schemas["ResultForm"];
/** Refusals without a tick are passed over: what was sent for a run that is over is shown as missed anyway. */
export type StreamEntry = Exclude<Schemas["StreamEntry"], { type: "orders_refused" }>;

export type FactionSeat = Schemas["FactionSeat"];
export type FactionList = Schemas["FactionList"];
export type IssuedKey = Schemas["IssuedKey"];
export type KeyList = Schemas["KeyList"];
export type KeyRequest = Schemas["KeyRequest"];
export type ListedKey = Schemas["ListedKey"];
export type Me = Schemas["Me"];
export type OrderReceipt = Schemas["OrderReceipt"];
/** As it may arrive: other programs on the way answer with less. */
export type ProblemDocument = Partial<Schemas["ProblemDocument"]>;

type OrderForm = Schemas["OrderForm"];

interface Ordered<Kind extends Schemas["OrderKind"]> {
  kind: Kind;
  faction: FactionId;
  client_id?: string;
}

/** The orders this UI gives: stricter than what the API takes, field by field a part of it. */
export type Order = OrderForm &
  (
    | (Ordered<"move"> & {
        origin_id: SystemId;
        target_id: SystemId;
        fleet_id?: FleetId;
        strength?: number;
      })
    | (Ordered<"cancel"> & { fleet_id: FleetId })
    | (Ordered<"muster"> & { target_id: SystemId })
    | (Ordered<"focus"> & { system_id: SystemId; focus: Focus })
  );
