/** The rule numbers that the page shows or checks, and texts made from them. */
import type { Focus, RulesDocument, System, SystemKind } from "../api/wire";
import { amount, count, percent } from "./format";

/**
 * The standard rule set. Used until `GET /rules` has answered, and where there is no API: in
 * previews and recorded runs. A test compares it with the engine's file.
 */
export const CLASSIC = {
  "capture.strength": 3_000,
  "capture.ticks": 2,
  "focus.garrison_economy": 750,
  "focus.garrison_most": 2_000,
  "focus.garrison_regrowth": 2_000,
  "focus.industry_economy": 1_250,
  "focus.industry_regrowth": 0,
  "focus.order_economy": 750,
  "focus.order_stability": 20,
  "orders.least_detachment": 1_000,
  "production.forge": 1_400,
  "production.hive": 1_200,
  "production.relic": 1_800,
  "rebellion.threshold": 200,
  "rebellion.unrest_divisor": 5,
  "recovery.maturity_most": 15,
  "victory.domination_ticks": 30,
  "victory.domination_value": 750,
};

/** Numbers by section and key; null for a rule set that is not known (yet). */
export type Rules = Readonly<typeof CLASSIC>;

/** The rules known from their name alone. */
export function rulesByName(name: string): Rules | null {
  return name === "classic" ? CLASSIC : null;
}

/** The rules as served; null if a number is missing. */
export function rulesOf(document: RulesDocument): Rules | null {
  const served = new Map(document.numbers.map(({ key, value }) => [key, value]));
  const entries = Object.keys(CLASSIC).map((key) => [key, served.get(key)] as const);
  return entries.some(([, value]) => value === undefined)
    ? null
    : (Object.fromEntries(entries) as Rules);
}

/** A factor in thousandths: 1800 → "×1.8". */
function times(thousandths: number): string {
  return `×${thousandths / 1000}`;
}

const KINDS: Record<SystemKind, string> = {
  normal: "System",
  relic: "Relic world",
  forge: "Forge world",
  hive: "Hive world",
};

/** The kind of a system, with its effect on the economy. */
export function kindText(kind: SystemKind, rules: Rules | null): string {
  if (rules === null || kind === "normal") return KINDS[kind];
  return `${KINDS[kind]} · economy ${times(rules[`production.${kind}`])}`;
}

/** The effect of a focus. */
export function focusText(focus: Focus, rules: Rules | null): string {
  if (focus === "balanced") return "No bonus and no cost.";
  if (rules === null) return "";
  if (focus === "industry") {
    const regrowth = rules["focus.industry_regrowth"];
    const cost =
      regrowth === 0 ? "garrison does not regrow" : `garrison regrowth ${times(regrowth)}`;
    return `Economy ${times(rules["focus.industry_economy"])}; ${cost}.`;
  }
  const economy = `economy ${times(rules[`focus.${focus}_economy`])}`;
  if (focus === "order") {
    return `Stability +${percent(rules["focus.order_stability"])} per tick; ${economy}.`;
  }
  const most = times(rules["focus.garrison_most"]);
  return `Garrison ${most}, regrowth ${times(rules["focus.garrison_regrowth"])}; ${economy}.`;
}

/** What it takes to capture a system. */
export function captureText(rules: Rules | null): string {
  if (rules === null) return "takes the system when enough of it stays";
  const { "capture.strength": strength, "capture.ticks": ticks } = rules;
  return `takes the system when ${amount(strength)} of it stays for ${count(ticks, "tick")}`;
}

/** What it takes to win. */
export function victoryText(rules: Rules | null): string {
  if (rules === null) return "Hold most of the sector's value long enough";
  const { "victory.domination_value": value, "victory.domination_ticks": ticks } = rules;
  return `Hold ${percent(value)} of the sector's value for ${count(ticks, "tick")}`;
}

/** Smallest part of a fleet that may leave or stay; 1 if not known, so that the server decides. */
export function leastPart(rules: Rules | null): number {
  return rules?.["orders.least_detachment"] ?? 1;
}

/** Why a fleet cannot be split. */
export function tooSmallText(rules: Rules | null): string {
  const least = amount(leastPart(rules));
  return `Too small to split: ${least} must leave and ${least} must stay.`;
}

/** Whether a system is unstable enough to rebel. */
export function mayRebel({ stability, unrest }: System, rules: Rules | null): boolean {
  if (rules === null) return false;
  const strain = Math.trunc(unrest / rules["rebellion.unrest_divisor"]);
  return stability - strain <= rules["rebellion.threshold"];
}
