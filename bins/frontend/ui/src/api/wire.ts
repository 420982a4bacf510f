/**
 * The types of the API document under the names used by the UI. `npm run codegen` writes
 * `schema.ts` from the document; besides this file, only the client imports it.
 *
 * All numbers are integers: strength, garrison, stock and economy in thousandths; stability,
 * unrest, heat and odds in per mille; positions from 0 to 1_000_000; time in ticks.
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
/** The part of a system that can change from tick to tick. */
export type SystemState = Schemas["SystemChange"];
export type Lane = Schemas["Lane"];
export type Fleet = Schemas["FleetForm"];
export type Faction = Schemas["FactionForm"];
export type GameEvent = Schemas["Event"];
export type Snapshot = Schemas["Snapshot"];
export type Delta = Schemas["Delta"];
export type RunEnd = Schemas["RunEnd"];
export type RunResult = Schemas["ResultForm"];
/** Without `orders_refused`: orders sent for a finished run are shown as missed anyway. */
export type StreamEntry = Exclude<Schemas["StreamEntry"], { type: "orders_refused" }>;

export type FactionSeat = Schemas["FactionSeat"];
export type IssuedKey = Schemas["IssuedKey"];
export type KeyRequest = Schemas["KeyRequest"];
export type ListedKey = Schemas["ListedKey"];
export type RulesDocument = Schemas["RulesDocument"];
/** All fields are optional, because proxies may answer with less. */
export type ProblemDocument = Partial<Schemas["ProblemDocument"]>;

type OrderForm = Schemas["OrderForm"];

interface Ordered<Kind extends Schemas["OrderKind"]> {
  kind: Kind;
  faction: FactionId;
  client_id?: string;
}

/** The orders sent by this UI: a stricter subset of those accepted by the API. */
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
