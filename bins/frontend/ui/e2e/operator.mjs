// The operator: one-time link, pause, restart, bots only.
import { openPage } from "./browser.mjs";

const DESKTOP = { viewport: { width: 1440, height: 900 } };
const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};
const SEED = 99;

const tickOf = (page) => page.evaluate(() => window.__sector.tick);
const state = (page, words) =>
  page.locator(".connection").filter({ hasText: new RegExp(`^${words}$`) });

/** `steps` are the helpers and steps of the main test. */
export async function operates(browser, link, steps) {
  const { check, shot } = steps;
  const desk = await openPage(browser, DESKTOP);
  const watcher = await openPage(browser, PHONE);
  await watcher.page.goto(new URL("/", link).href);
  await steps.ready(watcher.page);
  await desk.page.goto(link);
  await steps.ready(desk.page);
  await desk.page.getByRole("dialog", { name: "Operator" }).waitFor();
  check(true, "the link opens the operator panel");
  check(!desk.page.url().includes("operator="), "the code is removed from the address bar");
  await shot(desk.page, "operator");
  // Start with a new universe, so that it does not end during the test.
  await restarts(desk.page, watcher.page, steps);
  await pauses(desk.page, watcher.page, steps);
  await takesSeats(desk.page, steps);
  for (const { complaints, context } of [desk, watcher]) {
    check(complaints.length === 0, `a clean console ${complaints.join("\n")}`);
    await context.close();
  }
  await isSpent(browser, link, steps);
}

async function pauses(desk, watcher, { check, shot, ticksOn }) {
  await desk.getByRole("button", { name: "Operator", exact: true }).click();
  await desk.getByRole("button", { name: "Pause", exact: true }).click();
  await desk.getByRole("button", { name: "Resume", exact: true }).waitFor();
  await state(desk, "Paused").waitFor();
  await state(watcher, "Stalled").waitFor();
  check(true, "the operator sees Paused, a spectator Stalled");
  // Both pages have the last tick, and no later one.
  const stood = await tickOf(desk);
  check((await tickOf(watcher)) === stood, `all pages stop at the same tick (${stood})`);
  await shot(desk, "operator-paused");
  await shot(watcher, "phone-paused");
  await state(desk, "Paused").waitFor();
  check((await tickOf(desk)) === stood, `the tick does not advance (${stood})`);
  await desk.getByRole("button", { name: "Resume", exact: true }).click();
  await desk.getByRole("button", { name: "Pause", exact: true }).waitFor();
  await ticksOn(desk, 3);
  await state(desk, "Live").waitFor();
  await state(watcher, "Live").waitFor();
  await desk.getByRole("button", { name: "Close", exact: true }).click();
  check(true, "after resuming, ticks advance and all pages show Live");
}

async function restarts(desk, watcher, { check, shot, ticksOn }) {
  const before = await desk.evaluate(() => window.__sector.universeId);
  await desk.getByLabel("Seed").fill(String(SEED));
  await desk.getByRole("button", { name: "Restart", exact: true }).click();
  await desk.getByRole("button", { name: "Confirm: end this universe" }).click();
  for (const page of [desk, watcher]) {
    await page.waitForFunction(
      ([old, seed]) => window.__sector.universeId !== old && window.__sector.seed === seed,
      [before, SEED],
    );
    await page.locator(".vitals").getByText(`seed ${SEED}`, { exact: true }).waitFor({
      state: "attached",
    });
  }
  check(true, `after a restart every page shows the universe of seed ${SEED}`);
  await desk.getByRole("dialog", { name: "Operator" }).waitFor({ state: "detached" });
  await ticksOn(desk, 2);
  await shot(desk, "operator-restarted");
}

async function takesSeats(desk, { check, joins }) {
  const faction = await joins(desk, "operator");
  const claimed = () =>
    desk.evaluate(async () => {
      const { factions } = await (await fetch("/api/factions")).json();
      return factions.filter((seat) => seat.claimed).map((seat) => seat.id);
    });
  check((await claimed()).includes(faction), "the guest has claimed a faction");
  await desk.getByRole("button", { name: "Operator", exact: true }).click();
  await desk.getByRole("button", { name: "Bots only", exact: true }).click();
  await desk.getByRole("button", { name: "Confirm: remove all players" }).click();
  await desk.getByText("All factions are back with the computer players.").waitFor();
  check((await claimed()).length === 0, "bots-only clears every claim");
  await desk.waitForFunction(() => window.__sector.faction === null);
  check(true, "the page notices the lost claim");
}

/** The link works once. */
async function isSpent(browser, link, { check, ready, shot }) {
  const { context, page, complaints } = await openPage(browser, DESKTOP);
  await page.goto(link);
  await ready(page);
  await page.locator(".toast.bad").filter({ hasText: "The operator link did not work" }).waitFor();
  await shot(page, "operator-spent");
  check(true, "a used link reports that it did not work");
  const shown =
    (await page.getByRole("dialog").count()) +
    (await page.getByRole("button", { name: "Operator", exact: true }).count());
  check(shown === 0, "a used link opens no panel");
  const others = complaints.filter((text) => !/status of 4\d\d/.test(text));
  check(others.length === 0, `a clean console except for the refusal ${others.join("\n")}`);
  await context.close();
}
