import { describe, expect, it } from "vitest";
import { backoffMs } from "../src/api/backoff";
import { parseEntry, parseLink, resumeQuery } from "../src/api/feed";
import { ApiProblem, describe as words, problemFrom } from "../src/api/problem";
import type { GameEvent } from "../src/api/wire";
import { TickClock } from "../src/state/clock";
import { amount, count, duration, percent } from "../src/state/format";
import { shareOfWay } from "../src/render/fleets";
import {
  isKept,
  linesOfSnapshot,
  LOG_LIMIT,
  matches,
  withDelta,
  type LogLine,
} from "../src/state/log";
import { operatorCode } from "../src/state/operator";
import { contrast, factionColor, GROUND, legible, marksOf, parseColor } from "../src/state/palette";
import { isStalled } from "../src/state/stall";
import { LaneGraph } from "../src/state/routes";
import { meaningOf } from "../src/state/selection";
import { delta, faction, fleet, snapshot } from "./fixture";

describe("numbers", () => {
  it("are formatted for people", () => {
    expect([0, 950, 1_000, 10_000, 999_949, 999_950, 1_234_567].map(amount)).toEqual([
      "0",
      "950",
      "1.0k",
      "10.0k",
      "999.9k",
      "1.0M",
      "1.2M",
    ]);
    expect(percent(1000)).toBe("100 %");
    expect(count(1, "tick")).toBe("1 tick");
    expect(duration(61_000)).toBe("1 min 01 s");
    expect(duration(-5)).toBe("0 s");
  });
});

describe("routes", () => {
  const graph = new LaneGraph(snapshot().lanes);

  it("take the fewest ticks, not the fewest lanes", () => {
    expect(graph.route(0, 3)).toEqual({ path: [0, 1, 2, 3], ticks: 5 });
  });

  it("are empty to the origin and null to an unknown system", () => {
    expect(graph.route(2, 2)).toEqual({ path: [2], ticks: 0 });
    expect(graph.route(0, 99)).toBeNull();
  });

  it("agree with brute force on random graphs", () => {
    let seed = 1;
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    for (let round = 0; round < 20; round += 1) {
      const size = 12;
      const lanes = Array.from({ length: 20 }, () => ({
        a: random(size),
        b: random(size),
        ticks: 1 + random(9),
      }));
      const ticks = Array.from({ length: size }, (_, a) =>
        Array.from({ length: size }, (_, b) => (a === b ? 0 : Infinity)),
      );
      const get = (a: number, b: number): number => ticks[a]?.[b] ?? Infinity;
      const set = (a: number, b: number, value: number): void => {
        const row = ticks[a];
        if (row !== undefined) row[b] = Math.min(get(a, b), value);
      };
      for (const lane of lanes) {
        set(lane.a, lane.b, lane.ticks);
        set(lane.b, lane.a, lane.ticks);
      }
      for (let k = 0; k < size; k += 1)
        for (let a = 0; a < size; a += 1)
          for (let b = 0; b < size; b += 1) set(a, b, get(a, k) + get(k, b));
      const random_graph = new LaneGraph(lanes);
      for (let a = 0; a < size; a += 1)
        for (let b = 0; b < size; b += 1)
          expect(random_graph.route(a, b)?.ticks ?? Infinity).toBe(get(a, b));
    }
  });
});

describe("the clock between ticks", () => {
  it("advances evenly while ticks arrive on time", () => {
    const clock = new TickClock(300);
    clock.reset(10, 0);
    for (let tick = 11; tick <= 40; tick += 1) clock.observe(tick, (tick - 10) * 300);
    expect(clock.at(9_000)).toBeCloseTo(40, 1);
    expect(clock.at(9_150)).toBeCloseTo(40.5, 1);
  });

  it("stops one tick after the last known one, and never goes back", () => {
    const clock = new TickClock(300);
    clock.reset(10, 0);
    expect(clock.at(100_000)).toBe(11);
    let last = 0;
    for (let tick = 11; tick <= 60; tick += 1) {
      const jitter = (tick * 37) % 120;
      clock.observe(tick, (tick - 10) * 300 + jitter);
      for (let step = 0; step < 10; step += 1) {
        const now = clock.at((tick - 10) * 300 + jitter + step * 25);
        expect(now).toBeGreaterThanOrEqual(last);
        expect(now).toBeGreaterThanOrEqual(tick);
        expect(now).toBeLessThanOrEqual(tick + 1);
        last = now;
      }
    }
  });
});

describe("backoff", () => {
  it("has full jitter below a growing, capped ceiling", () => {
    expect(backoffMs(0, 0)).toBe(0);
    expect(backoffMs(0, 0.999)).toBeLessThan(300);
    expect(backoffMs(3, 0.5)).toBe(1_200);
    expect(backoffMs(50, 0.999)).toBeLessThan(15_000);
  });
});

describe("problems", () => {
  it("show their detail and each reason", () => {
    const problem = problemFrom(422, {
      code: "bad_orders",
      detail: "No order was accepted.",
      errors: [{ field: "orders[0]", detail: "Fleet 9 is unknown." }],
    });
    expect(problem.code).toBe("bad_orders");
    expect(words(problem)).toBe("No order was accepted. Fleet 9 is unknown.");
  });

  it("have a message even without a document", () => {
    expect(problemFrom(0, undefined).message).toContain("Cannot reach the server");
    expect(problemFrom(418, "<html>").message).toBe("The server responded with status 418.");
    expect(problemFrom(500, { detail: 7 })).toBeInstanceOf(ApiProblem);
  });
});

describe("stream entries", () => {
  it("are parsed, and unknown ones skipped", () => {
    expect(parseEntry('{"id":"3-0","type":"delta","data":{}}')?.id).toBe("3-0");
    for (const text of ["", "null", '{"id":3}', '{"id":"3-0","type":"news","data":{}}']) {
      expect(parseEntry(text)).toBeNull();
    }
  });

  it("are resumed within their incarnation", () => {
    expect(resumeQuery(null, "00c0ffee00c0ffee")).toBe("");
    expect(resumeQuery("17-0", null)).toBe("?after=17-0");
    expect(resumeQuery("17-0", "00c0ffee00c0ffee")).toBe(
      "?after=17-0&incarnation=00c0ffee00c0ffee",
    );
  });
});

describe("the link to the sector", () => {
  it("is distinguished from entries", () => {
    const link = '{"id":"3-0","type":"link","data":{"following":false}}';
    expect(parseLink(link)).toBe(false);
    expect(parseLink(link.replace("false", "true"))).toBe(true);
    expect(parseEntry(link)).toBeNull();
    for (const text of ["", '"link"', '{"id":"3-0","type":"delta","data":{}}']) {
      expect(parseLink(text)).toBeNull();
    }
  });
});

describe("the operator's link", () => {
  it("carries its code in the fragment", () => {
    expect(operatorCode("#operator=ab-12")).toBe("ab-12");
    expect(operatorCode("")).toBeNull();
    expect(operatorCode("#operator=")).toBeNull();
  });
});

describe("a stall", () => {
  const silent = { connection: "live", ended: false, tickDelayMs: 300, silentMs: 2_000 } as const;

  it("is silence of two seconds or six ticks, whichever is longer", () => {
    expect(isStalled({ ...silent, silentMs: 1_999 })).toBe(false);
    expect(isStalled(silent)).toBe(true);
    const slow = { ...silent, tickDelayMs: 1_000 };
    expect(isStalled({ ...slow, silentMs: 5_999 })).toBe(false);
    expect(isStalled({ ...slow, silentMs: 6_000 })).toBe(true);
  });

  it("ends with the next entry", () => {
    expect(isStalled({ ...silent, silentMs: 0 })).toBe(false);
  });

  it("is not reported for a finished run or a lost connection", () => {
    const long = { ...silent, silentMs: 60_000 };
    expect(isStalled({ ...long, ended: true })).toBe(false);
    expect(isStalled({ ...long, connection: "reconnecting" })).toBe(false);
    expect(isStalled({ ...long, connection: "connecting" })).toBe(false);
  });

  it("leaves fleets in place", () => {
    const clock = new TickClock(300);
    clock.reset(10, 0);
    const shown = clock.at(3_600_000);
    expect(shareOfWay(10, 14, shown)).toBe(0.25);
    expect(shareOfWay(9, 11, shown)).toBe(1);
    expect(shareOfWay(5, 8, shown)).toBe(1);
  });
});

describe("the log", () => {
  const battle: GameEvent = {
    type: "battle",
    system: 1,
    attacker: "F1",
    defender: "F2",
    attack: 1,
    defence: 1,
    odds: 500,
    winner: "F1",
    attacker_loss: 0,
    defender_loss: 0,
    garrison_loss: 0,
  };
  const built: GameEvent = {
    type: "fleet_built",
    fleet: 1,
    faction: "F2",
    system: 3,
    strength: 5000,
  };

  it("keeps notable events, and all of the player's", () => {
    expect(isKept(battle, null)).toBe(true);
    expect(isKept(built, null)).toBe(false);
    expect(isKept(built, "F1")).toBe(false);
    expect(isKept(built, "F2")).toBe(true);
  });

  it("is capped and keeps unique keys", () => {
    let lines: readonly LogLine[] = [];
    for (let tick = 1; tick <= LOG_LIMIT + 50; tick += 1) {
      lines = withDelta(lines, delta(tick, { events: [battle], texts: [`battle ${tick}`] }), null);
    }
    expect(lines).toHaveLength(LOG_LIMIT);
    expect(new Set(lines.map(({ key }) => key)).size).toBe(LOG_LIMIT);
    expect(lines[lines.length - 1]?.text).toBe(`battle ${LOG_LIMIT + 50}`);
  });

  it("shows orders only to the player who gave them", () => {
    const done: GameEvent = {
      type: "order_applied",
      order: 0,
      faction: "F2",
      kind: "focus",
      fleet: null,
      client_id: null,
    };
    const texts = ["Faction F2: the order to change focus is carried out."];
    const news = delta(1, { events: [done], texts });
    expect(withDelta([], news, null)).toEqual([]);
    expect(withDelta([], news, "F1")).toEqual([]);
    const [mine] = withDelta([], news, "F2");
    if (mine === undefined) throw new Error("an own order was not kept");
    expect(matches(mine, "mine", "F2")).toBe(true);
    expect(matches(mine, "all", "F2")).toBe(true);
    expect(matches(mine, "all", "F1")).toBe(false);
    const [told] = linesOfSnapshot(
      snapshot({ history_tail: [{ tick: 1, event: done, text: texts[0] ?? "" }] }),
    );
    if (told === undefined) throw new Error("the history was not read");
    expect(matches(told, "all", null)).toBe(false);
  });

  it("filters", () => {
    const [line] = withDelta([], delta(1, { events: [battle], texts: ["x"] }), null);
    if (line === undefined) throw new Error("the battle was not kept");
    expect(matches(line, "battles", null)).toBe(true);
    expect(matches(line, "captures", null)).toBe(false);
    expect(matches(line, "mine", "F2")).toBe(true);
    expect(matches(line, "mine", "F3")).toBe(false);
  });
});

describe("colours", () => {
  it("reach AA contrast with the background for any input", () => {
    for (const color of ["#000000", "#0000ff", "#700000", "#c8553d", "#ffffff", "nonsense"]) {
      expect(contrast(legible(parseColor(color)), GROUND)).toBeGreaterThanOrEqual(4.5);
      expect(contrast(factionColor(color), GROUND)).toBeGreaterThanOrEqual(4.5);
    }
  });

  it("leave a legible colour alone", () => {
    expect(legible(parseColor("#d0a662"))).toEqual([0xd0, 0xa6, 0x62]);
  });
});

describe("marks", () => {
  it("have unique letters, from the name if possible", () => {
    const names = ["The Ashen Dominion", "Ashen Choir", "Vesper", "123"];
    const marks = marksOf(names.map((name, i) => faction(`F${i + 1}`, { name })));
    expect(marks.get("F1")?.letter).toBe("A");
    expect(marks.get("F2")?.letter).toBe("S");
    expect(marks.get("F3")?.letter).toBe("V");
    expect(new Set([...marks.values()].map(({ letter }) => letter)).size).toBe(4);
  });
});

describe("clicks", () => {
  const armed = fleet(1);

  it("order at once with a mouse, and after a second tap on touch screens", () => {
    const hit = { kind: "system", id: 2 } as const;
    const aim = { fleet: 1, target: 2 };
    expect(meaningOf(hit, armed, null, false)).toEqual({ do: "order", aim });
    expect(meaningOf(hit, armed, null, true)).toEqual({ do: "aim", aim });
    expect(meaningOf(hit, armed, aim, true)).toEqual({ do: "order", aim });
    expect(meaningOf(hit, armed, { fleet: 1, target: 3 }, true)).toEqual({ do: "aim", aim });
  });

  it("select in every other case", () => {
    expect(meaningOf({ kind: "system", id: 0 }, armed, null, false).do).toBe("select");
    expect(meaningOf({ kind: "fleet", id: 9 }, armed, null, false).do).toBe("select");
    expect(meaningOf(null, armed, null, false)).toEqual({ do: "select", selection: null });
    expect(meaningOf({ kind: "system", id: 2 }, null, null, false).do).toBe("select");
  });
});
