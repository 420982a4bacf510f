/**
 * The wire contract by the names the UI uses. The shapes come from `schema.ts`, which
 * `npm run codegen` writes from the API document; nothing else imports it.
 *
 * Integers everywhere: strength, garrison, stock and economy in thousandths;
 * stability, unrest, heat and odds in per mille; positions 0..1_000_000; time in ticks.
 */
import type { components } from "./schema";

type Schemas = components["schemas"];

/** As the server writes it: every field is there, `null` where it holds nothing. */
type Sent<T> = T extends (infer Item)[]
  ? Sent<Item>[]
  : T extends object
    ? { [Key in keyof T]-?: Sent<T[Key]> }
    : T;

export type FactionId = Schemas["FactionId"];
export type SystemId = Schemas["SystemId"];
export type FleetId = Schemas["FleetId"];
export type SystemKind = Schemas["Kind"];
export type Focus = Schemas["Focus"];
export type RunCause = Schemas["Cause"];
export type Refusal = Schemas["Refusal"];

export type System = Sent<Schemas["SystemForm"]>;
/** What of a system can change from tick to tick. */
export type SystemState = Sent<Schemas["SystemChange"]>;
export type Lane = Sent<Schemas["Lane"]>;
export type Fleet = Sent<Schemas["FleetForm"]>;
export type Faction = Sent<Schemas["FactionForm"]>;
export type GameEvent = Sent<Schemas["Event"]>;
export type Snapshot = Sent<Schemas["Snapshot"]>;
export type Delta = Sent<Schemas["Delta"]>;
export type RunEnd = Sent<Schemas["RunEnd"]>;
export type RunResult = Sent<Schemas["ResultForm"]>;
export type StreamEntry = Sent<Schemas["StreamEntry"]>;

export type FactionSeat = Sent<Schemas["FactionSeat"]>;
export type FactionList = Sent<Schemas["FactionList"]>;
export type Me = Sent<Schemas["Me"]>;
export type OrderReceipt = Sent<Schemas["OrderReceipt"]>;
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
