// The browser test: a new player watches, signs in as a guest, chooses a faction, orders a
// move by clicking on the map, and watches the fleet travel. With the one-time link that
// `sector up` prints, the operator pauses, restarts and clears all claims.
//
//   npm run e2e -- --url http://localhost:9000 --out DIR [--operator LINK] [--chromium PATH]
//
// Waits on conditions only. Exits with 1 and the reason if a check fails.
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { launch, openPage } from "./browser.mjs";
import { givesKeys } from "./keys.mjs";
import { reconnects } from "./cut.mjs";
import { operates } from "./operator.mjs";

const { values } = parseArgs({
  options: {
    url: { type: "string", default: "http://localhost:9000" },
    out: { type: "string", default: "e2e-out" },
    operator: { type: "string" },
    chromium: { type: "string", default: "/usr/bin/chromium" },
  },
});
mkdirSync(values.out, { recursive: true });

const started = Date.now();
const say = (text) => console.log(`${((Date.now() - started) / 1000).toFixed(1)} s  ${text}`);

/** A screenshot after the next frames. */
async function shot(page, name) {
  const from = await page.evaluate(() => window.__sector.frames);
  await page.waitForFunction((least) => window.__sector.frames > least + 2, from);
  await page.screenshot({ path: join(values.out, `${name}.png`) });
}

function check(holds, text) {
  if (!holds) throw new Error(`check failed: ${text}`);
  say(`ok: ${text}`);
}

async function pixels(page) {
  const picture = await page.locator("canvas").screenshot();
  return createHash("sha256").update(picture).digest("hex");
}

const ready = (page) =>
  page.waitForFunction(() => window.__sector?.connection === "live" && window.__sector.frames > 5);

const ticksOn = async (page, ticks) => {
  const from = await page.evaluate(() => window.__sector.tick);
  await page.waitForFunction((least) => window.__sector.tick >= least, from + ticks);
};

async function watches(page) {
  await page.goto(values.url);
  await ready(page);
  const before = { tick: await page.evaluate(() => window.__sector.tick), map: await pixels(page) };
  await ticksOn(page, 3);
  const after = { tick: await page.evaluate(() => window.__sector.tick), map: await pixels(page) };
  check(after.tick > before.tick, `ticks advance (${before.tick} → ${after.tick})`);
  check(after.map !== before.map, "the map moves");
  check(
    (await page.locator("table.factions tbody tr").count()) >= 2,
    "the table lists the factions",
  );
  await page.locator(".log li").first().waitFor();
  check(true, "the event log has lines");
  await shot(page, "desktop-watching");
}

async function joins(page, name) {
  await page.getByRole("button", { name: "Join the war" }).click();
  await shot(page, `${name}-join`);
  await page.getByRole("button", { name: "Play as a guest" }).click();
  await page.getByRole("dialog", { name: "Choose a faction" }).waitFor();
  await page.locator(".seats li").first().waitFor();
  await shot(page, `${name}-choose`);
  const wanted = await page.evaluate(async () => {
    const { factions } = await (await fetch("/api/factions")).json();
    return factions
      .filter((seat) => seat.claimable && !seat.claimed && seat.alive)
      .sort((a, b) => b.strength - a.strength)[0];
  });
  check(wanted !== undefined, "a faction is free");
  await page.getByRole("button", { name: `Choose ${wanted.name}`, exact: true }).click();
  await page.waitForFunction((id) => window.__sector.faction === id, wanted.id);
  check(true, `the guest commands ${wanted.name}`);
  return wanted.id;
}

/** An idle fleet of the faction and a neighbouring system that clicks would hit now. */
function clickable(faction) {
  const sector = window.__sector;
  for (const fleet of sector.fleetsOf(faction).sort((a, b) => b.strength - a.strength)) {
    if (fleet.system_id === null || fleet.route.length > 0) continue;
    const at = sector.fleetToScreen(fleet.id);
    if (document.elementFromPoint(at.x, at.y)?.tagName !== "CANVAS") continue;
    const hit = sector.hitAt(at.x, at.y);
    if (hit?.kind !== "fleet" || hit.id !== fleet.id) continue;
    const friendly = (id) => sector.system(id).owner === faction;
    const targets = sector
      .neighbours(fleet.system_id)
      .filter((id) => sector.route(fleet.system_id, id).path.length === 2)
      .sort((a, b) => Number(friendly(b)) - Number(friendly(a)));
    for (const target of targets) {
      const to = sector.worldToScreen(target);
      if (document.elementFromPoint(to.x, to.y)?.tagName !== "CANVAS") continue;
      const there = sector.hitAt(to.x, to.y);
      if (there?.kind === "system" && there.id === target)
        return { fleet: fleet.id, at, target, to };
    }
  }
  return null;
}

async function orders(page, faction) {
  await page.locator("canvas").focus();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Fit the whole map" }).click();
  // The move is animated; it is over when a point stays in place for some frames.
  await page.waitForFunction(() => {
    const memory = (window.__settle ??= { at: "", since: 0 });
    const at = JSON.stringify(window.__sector.worldToScreen(0));
    if (at !== memory.at) Object.assign(memory, { at, since: window.__sector.frames });
    return window.__sector.frames - memory.since > 8;
  });
  const found = await page.waitForFunction(clickable, faction, { timeout: 90_000 });
  const { fleet, at, target, to } = await found.jsonValue();
  await page.mouse.click(at.x, at.y);
  await page.waitForFunction((id) => window.__sector.selection?.id === id, fleet);
  check(true, `a click on the map selects fleet ${fleet}`);
  await page.mouse.move(to.x, to.y, { steps: 4 });
  await page.waitForFunction((id) => window.__sector.plan?.path.at(-1) === id, target);
  await shot(page, "desktop-plan");
  await page.mouse.click(to.x, to.y);
  await page.waitForFunction(() =>
    ["applied", "refused", "failed"].includes(window.__sector.orders.at(-1)?.status),
  );
  const outcome = await page.evaluate(() => window.__sector.orders.at(-1));
  check(outcome.status === "applied", `the order is applied (${outcome.status} ${outcome.reason})`);
  await page.locator('ol.orders li[data-status="applied"]').first().waitFor();
  check(true, "the list of orders shows the outcome");
  await until(page, fleet, target, "leaves", ([id, to]) => {
    const fleet = window.__sector.fleet(id);
    return fleet.enroute_to !== null || fleet.system_id === to || fleet.id === undefined;
  });
  await travels(page, fleet, target, at, to);
}

/** Waits for a condition on a fleet; on timeout reports the state of the fleet. */
async function until(page, fleet, target, what, condition) {
  try {
    await page.waitForFunction(condition, [fleet, target], { timeout: 90_000, polling: 100 });
  } catch {
    const state = await page.evaluate((id) => JSON.stringify(window.__sector.fleet(id)), fleet);
    throw new Error(`check failed: fleet ${fleet} ${what} (to ${target}); it is ${state}`);
  }
}

/** Follows the symbol of the fleet towards its target; the fleet may be destroyed on the way. */
async function travels(page, fleet, target, from, to) {
  await shot(page, "desktop-travel");
  await page.waitForFunction(
    ([id, from, to]) => {
      const now = window.__sector.fleetToScreen(id);
      const way = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);
      return now === null || way(now, from) > 0.25 * way(from, to);
    },
    [fleet, from, to],
  );
  check(true, "the fleet travels on the map");
  await until(page, fleet, target, "arrives", ([id, to]) => {
    const fleet = window.__sector.fleet(id);
    return fleet.id === undefined || fleet.system_id === to;
  });
  check(true, "the fleet arrives (or is destroyed there)");
  await shot(page, "desktop-arrived");
}

async function survivesReload(page, faction) {
  await page.reload();
  await ready(page);
  await page.waitForFunction((id) => window.__sector.faction === id, faction);
  check(true, "a reload keeps the faction");
}

/** With an expired token and no guest key, the refresh token alone renews the session. */
async function renews(page, faction) {
  await page.evaluate(() => {
    const session = JSON.parse(localStorage.getItem("sector.session"));
    localStorage.setItem("sector.session", JSON.stringify({ ...session, token: "expired" }));
    localStorage.removeItem("sector.guest-key");
  });
  await page.reload();
  await ready(page);
  await page.waitForFunction((id) => window.__sector.faction === id, faction);
  check(true, "an expired session is renewed");
}

async function leaves(page) {
  await page.locator(".topbar .seat").click();
  await page.getByRole("button", { name: "Leave faction" }).click();
  await page.waitForFunction(() => window.__sector.faction === null);
  check(true, "the player can leave the faction");
}

async function phone(page) {
  await page.goto(values.url);
  await ready(page);
  await ticksOn(page, 2);
  await shot(page, "phone-map");
  for (const name of ["Factions", "Log"]) {
    await page.getByRole("button", { name, exact: true }).tap();
    await page.locator(`.panel.current`).waitFor();
    await shot(page, `phone-${name.toLowerCase()}`);
  }
  const { scroll, width } = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth,
    width: window.innerWidth,
  }));
  check(scroll <= width, `no sideways scrolling on a phone (${scroll} ≤ ${width})`);
}

const browser = await launch(values.chromium);
try {
  const desktop = await openPage(browser, { viewport: { width: 1440, height: 900 } });
  await watches(desktop.page);
  const faction = await joins(desktop.page, "desktop");
  await orders(desktop.page, faction);
  await survivesReload(desktop.page, faction);
  check(desktop.complaints.length === 0, `a clean console ${desktop.complaints.join("\n")}`);
  // The browser logs every 401 to the console.
  await renews(desktop.page, faction);
  await leaves(desktop.page);
  await desktop.context.close();

  const small = await openPage(browser, {
    viewport: { width: 390, height: 844 },
    deviceScaleFactor: 2,
    isMobile: true,
    hasTouch: true,
  });
  await phone(small.page);
  check(small.complaints.length === 0, `a clean console ${small.complaints.join("\n")}`);

  await givesKeys(browser, values.url, { check, shot, ready, joins });

  await reconnects(browser, values.url, { check, shot, ready, ticksOn });

  if (values.operator === undefined) say("skipped the operator part: no --operator");
  else await operates(browser, values.operator, { check, shot, ready, ticksOn, joins });
  say("all checks passed");
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await browser.close();
}
