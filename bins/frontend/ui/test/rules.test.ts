import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { RulesDocument } from "../src/api/wire";
import {
  captureText,
  CLASSIC,
  focusText,
  kindText,
  leastPart,
  mayRebel,
  rulesByName,
  rulesOf,
  tooSmallText,
  victoryText,
} from "../src/state/rules";
import { system } from "./fixture";

/** The numbers of the engine's rules file, as `section.key`. */
function numbersOfFile(text: string): Record<string, number> {
  const numbers: Record<string, number> = {};
  let section = "";
  for (const line of text.split("\n")) {
    section = /^\[(\w+)\]/.exec(line)?.[1] ?? section;
    const [, key, value] = /^(\w+) = ([\d_]+)$/.exec(line) ?? [];
    if (key !== undefined) numbers[`${section}.${key}`] = Number(value?.replaceAll("_", ""));
  }
  return numbers;
}

const document = (changes: Record<string, number>): RulesDocument => ({
  name: "other",
  rules_version: 2,
  universe_id: "u-1",
  rules: {},
  numbers: Object.entries({ ...CLASSIC, ...changes, "map.systems": 30 }).map(([key, value]) => ({
    key,
    value,
    least: 0,
    most: 1_000_000,
  })),
});

describe("rules", () => {
  it("have the standard numbers of the engine", () => {
    const file = new URL("../../../../sector-sim/rules/classic.toml", import.meta.url);
    expect(numbersOfFile(readFileSync(file, "utf8"))).toMatchObject(CLASSIC);
    expect(rulesByName("classic")).toBe(CLASSIC);
    expect(rulesByName("other")).toBeNull();
  });

  it("are read from the API's document", () => {
    expect(rulesOf(document({}))).toEqual(CLASSIC);
    const missing = { ...document({}), numbers: document({}).numbers.slice(1) };
    expect(rulesOf(missing)).toBeNull();
  });

  it("appear in the texts as served", () => {
    const rules = rulesOf(
      document({
        "capture.strength": 4_500,
        "capture.ticks": 1,
        "focus.garrison_most": 3_000,
        "focus.industry_regrowth": 500,
        "focus.order_stability": 40,
        "orders.least_detachment": 2_000,
        "production.relic": 2_500,
        "victory.domination_value": 600,
        "victory.domination_ticks": 10,
      }),
    );
    expect(kindText("relic", rules)).toBe("Relic world · economy ×2.5");
    expect(kindText("normal", rules)).toBe("System");
    expect(focusText("industry", rules)).toBe("Economy ×1.25; garrison regrowth ×0.5.");
    expect(focusText("garrison", rules)).toBe("Garrison ×3, regrowth ×2; economy ×0.75.");
    expect(focusText("order", rules)).toBe("Stability +4 % per tick; economy ×0.75.");
    expect(focusText("industry", CLASSIC)).toBe("Economy ×1.25; garrison does not regrow.");
    expect(captureText(rules)).toContain("when 4.5k of it stays for 1 tick");
    expect(victoryText(rules)).toBe("Hold 60 % of the sector's value for 10 ticks");
    expect(leastPart(rules)).toBe(2_000);
    expect(tooSmallText(rules)).toContain("2.0k must leave and 2.0k must stay");
  });

  it("leave no wrong number in the texts when unknown", () => {
    const texts = [
      kindText("relic", null),
      focusText("order", null),
      captureText(null),
      victoryText(null),
    ];
    expect(texts.join()).not.toMatch(/\d/);
    expect(leastPart(null)).toBe(1);
    expect(mayRebel(system(1, { stability: 0 }), null)).toBe(false);
  });

  it("say when a system may rebel", () => {
    const at = (stability: number, unrest: number, rules = CLASSIC) =>
      mayRebel(system(1, { stability, unrest }), rules);
    expect(at(200, 4)).toBe(true);
    expect(at(201, 4)).toBe(false);
    expect(at(201, 5)).toBe(true);
    expect(at(300, 0, { ...CLASSIC, "rebellion.threshold": 300 })).toBe(true);
  });
});
