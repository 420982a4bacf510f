import { describe, expect, it } from "vitest";
import type { GameEvent, Refusal } from "../src/api/wire";
import {
  cancelOrder,
  focusOrder,
  markMissed,
  moveOrder,
  musterOrder,
  newClientId,
  partOf,
  refusalText,
  settle,
  type TrackedOrder,
} from "../src/state/orders";
import { CLASSIC } from "../src/state/rules";
import { fleet, system } from "./fixture";

describe("building orders", () => {
  it("moves a whole fleet", () => {
    expect(moveOrder("F1", fleet(4), 2, 100, CLASSIC, "c")).toEqual({
      kind: "move",
      faction: "F1",
      origin_id: 0,
      target_id: 2,
      fleet_id: 4,
      client_id: "c",
    });
  });

  it("moves a part of a fleet", () => {
    const order = moveOrder("F1", fleet(4, { strength: 9_999 }), 2, 50, CLASSIC, "c");
    expect(order).toMatchObject({ strength: 4_999 });
  });

  it.each([
    [10_000, 100, "all"],
    [10_000, 1, 1_000],
    [10_000, 99, 9_000],
    [2_000, 90, 1_000],
    [1_999, 50, null],
    [500, 100, "all"],
  ])("splits %d at %d %% into %s", (strength, share, part) => {
    expect(partOf(strength, share, 1_000)).toBe(part);
  });

  it("splits by the rules of the universe", () => {
    const small = fleet(4, { strength: 1_500 });
    const loose = { ...CLASSIC, "orders.least_detachment": 500 };
    expect(moveOrder("F1", small, 2, 50, loose, "c")).toMatchObject({ strength: 750 });
    const strict = { ...CLASSIC, "orders.least_detachment": 6_000 };
    expect(() => moveOrder("F1", fleet(4), 2, 50, strict, "c")).toThrow("6.0k must leave");
    expect(moveOrder("F1", small, 2, 50, null, "c")).toMatchObject({ strength: 750 });
  });

  it("explains why an order cannot be given", () => {
    expect(() => moveOrder("F2", fleet(4), 2, 100, CLASSIC, "c")).toThrow("not yours");
    expect(() => moveOrder("F1", fleet(4, { system_id: null }), 2, 100, CLASSIC, "c")).toThrow(
      "on a lane",
    );
    expect(() => moveOrder("F1", fleet(4), 0, 100, CLASSIC, "c")).toThrow("already there");
    expect(() => moveOrder("F1", fleet(4, { strength: 1_500 }), 2, 50, CLASSIC, "c")).toThrow(
      "Too small",
    );
    expect(() => musterOrder("F1", system(1), "c")).toThrow("your own systems");
    expect(() => focusOrder("F1", system(1), "order", "c")).toThrow("Only the owner");
    expect(() => cancelOrder("F2", fleet(4), "c")).toThrow("not yours");
  });

  it("creates ids that the server accepts", () => {
    const id = newClientId();
    expect(id).toMatch(/^[A-Za-z0-9._:-]{1,64}$/);
    expect(newClientId()).not.toBe(id);
  });
});

const tracked = (clientId: string, change: Partial<TrackedOrder> = {}): TrackedOrder => ({
  clientId,
  order: cancelOrder("F1", fleet(1), clientId),
  summary: "Cancel",
  status: "accepted",
  reason: "",
  tick: null,
  ...change,
});

const applied = (client_id: string | null): GameEvent => ({
  type: "order_applied",
  order: 0,
  faction: "F1",
  kind: "move",
  fleet: 1,
  client_id,
});

const refused = (client_id: string, code: Refusal): GameEvent => ({
  type: "order_refused",
  order: 0,
  faction: "F1",
  kind: "move",
  code,
  client_id,
});

describe("outcomes", () => {
  it("match orders by client id", () => {
    const orders = [tracked("a"), tracked("b"), tracked("c", { status: "sending" })];
    const after = settle(orders, [refused("c", "too_weak"), applied("a"), applied(null)], [], 12);
    expect(after.map(({ status }) => status)).toEqual(["applied", "accepted", "refused"]);
    expect(after[2]?.reason).toContain("too weak");
    expect(after[0]?.tick).toBe(12);
    expect(after[1]).toBe(orders[1]);
  });

  it("change nothing for other clients, or a second time", () => {
    const orders = [tracked("a", { status: "applied", tick: 3 })];
    expect(settle(orders, [applied("z")], [], 12)).toBe(orders);
    expect(settle(orders, [refused("a", "too_weak")], [], 12)).toBe(orders);
  });

  it("are marked as missed, and still settle if they arrive", () => {
    const orders = [tracked("a"), tracked("b", { status: "applied" })];
    const after = markMissed(orders);
    expect(after.map(({ status }) => status)).toEqual(["missed", "applied"]);
    expect(settle(after, [applied("a")], [], 3)[0]).toMatchObject({
      status: "applied",
      reason: "",
    });
    expect(markMissed(after)).toBe(after);
  });

  it("use the text of the server for an unknown code", () => {
    expect(refusalText("new_code", "The moon forbids it.")).toBe("The moon forbids it.");
    expect(refusalText("new_code", undefined)).toBe("Refused: new code.");
  });
});
