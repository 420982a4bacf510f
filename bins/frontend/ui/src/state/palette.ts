/**
 * Faction colours, legible on a near-black background, and a mark (letter and pattern) for each
 * faction, so that factions can be told apart without seeing colours.
 */
import type { Faction } from "../api/wire";

export type Rgb = readonly [red: number, green: number, blue: number];

/** The background of the map. */
export const GROUND: Rgb = [11, 10, 12];
/** Colour of unowned systems and lanes. */
export const NEUTRAL: Rgb = [142, 134, 122];

/**
 * Patterns of the territory shader and of swatches: 0 plain, 1 diagonal, 2 dots, 3
 * counter-diagonal, 4 grid, 5 bars.
 */
export const PATTERNS = 6;

export function parseColor(color: string): Rgb {
  const match = /^#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color);
  if (match === null) return NEUTRAL;
  return [
    parseInt(match[1] ?? "0", 16),
    parseInt(match[2] ?? "0", 16),
    parseInt(match[3] ?? "0", 16),
  ];
}

/** WCAG relative luminance, 0..1. */
export function luminance([red, green, blue]: Rgb): number {
  const linear = (channel: number): number => {
    const c = channel / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

/** WCAG contrast ratio, 1..21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

/** The colour, mixed with white until it has the given contrast with the background. */
export function legible(color: Rgb, ratio = 4.5): Rgb {
  for (let share = 0; share <= 1; share += 0.05) {
    const mix = (channel: number): number => Math.round(channel + (255 - channel) * share);
    const candidate: Rgb = [mix(color[0]), mix(color[1]), mix(color[2])];
    if (contrast(candidate, GROUND) >= ratio) return candidate;
  }
  return [255, 255, 255];
}

/** Colours more saturated than this are muted, in proportion to the excess. */
const CALM_SATURATION = 0.6;

/** The display colour of a faction: muted if very saturated, and legible. */
export function factionColor(color: string): Rgb {
  const rgb = parseColor(color);
  const most = Math.max(...rgb, 1);
  const saturation = (most - Math.min(...rgb)) / most;
  const share = Math.max(0, saturation - CALM_SATURATION);
  const grey = 0.3 * rgb[0] + 0.59 * rgb[1] + 0.11 * rgb[2];
  const mute = (channel: number): number =>
    Math.round((channel + (grey - channel) * share) * (1 - 0.4 * share));
  return legible([mute(rgb[0]), mute(rgb[1]), mute(rgb[2])]);
}

export function css([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}

/** The letter and pattern that go with a faction's colour. */
export interface Mark {
  letter: string;
  pattern: number;
}

/** Each letter is the first free one of the name, so letters are unique for up to 26 factions. */
export function marksOf(factions: readonly Faction[]): Map<string, Mark> {
  const taken = new Set<string>();
  const marks = new Map<string, Mark>();
  factions.forEach((faction, index) => {
    const words = faction.name.replace(/^the\s+/i, "").toUpperCase();
    const candidates = [...words, ..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"].filter((c) => /[A-Z]/.test(c));
    const letter = candidates.find((c) => !taken.has(c)) ?? candidates[0] ?? "?";
    taken.add(letter);
    marks.set(faction.id, { letter, pattern: index % PATTERNS });
  });
  return marks;
}
