// The operator's part of the browser test: the one-time link, time, a new universe, the seats.
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

/** `steps` are the tools and steps of the main test. */
export async function operates(browser, link, steps) {
  const { promise, shot } = steps;
  const desk = await openPage(browser, DESKTOP);
  const watcher = await openPage(browser, PHONE);
  await watcher.page.goto(new URL("/", link).href);
  await steps.ready(watcher.page);
  await desk.page.goto(link);
  await steps.ready(desk.page);
  await desk.page.getByRole("dialog", { name: "Operator" }).waitFor();
  promise(true, "the link opens the operator's panel");
  promise(!desk.page.url().includes("operator="), "the code is gone from the address bar");
  await shot(desk.page, "operator");
  // A young universe first: it does not end by itself while time is tried.
  await restarts(desk.page, watcher.page, steps);
  await pauses(desk.page, watcher.page, steps);
  await takesSeats(desk.page, steps);
  for (const { complaints, context } of [desk, watcher]) {
    promise(complaints.length === 0, `a clean console ${complaints.join("\n")}`);
    await context.close();
  }
  await isSpent(browser, link, steps);
}

async function pauses(desk, watcher, { promise, shot, ticksOn }) {
  await desk.getByRole("button", { name: "Operator", exact: true }).click();
  await desk.getByRole("button", { name: "Pause", exact: true }).click();
  await desk.getByRole("button", { name: "Resume", exact: true }).waitFor();
  await state(desk, "Paused").waitFor();
  await state(watcher, "Standing still").waitFor();
  promise(true, "the operator reads Paused, a spectator Standing still");
  // The page that hears of it later has the last tick, and no later one has come to either.
  const stood = await tickOf(desk);
  promise((await tickOf(watcher)) === stood, `the tick stands still for all (${stood})`);
  await shot(desk, "operator-paused");
  await shot(watcher, "phone-paused");
  await state(desk, "Paused").waitFor();
  promise((await tickOf(desk)) === stood, `the tick still stands (${stood})`);
  await desk.getByRole("button", { name: "Resume", exact: true }).click();
  await desk.getByRole("button", { name: "Pause", exact: true }).waitFor();
  await ticksOn(desk, 3);
  await state(desk, "Live").waitFor();
  await state(watcher, "Live").waitFor();
  await desk.getByRole("button", { name: "Close", exact: true }).click();
  promise(true, "resumed, ticks advance and all read Live");
}

async function restarts(desk, watcher, { promise, shot, ticksOn }) {
  const before = await desk.evaluate(() => window.__sector.universeId);
  await desk.getByLabel("Seed").fill(String(SEED));
  await desk.getByRole("button", { name: "Restart", exact: true }).click();
  await desk.getByRole("button", { name: "Really end this universe" }).click();
  for (const page of [desk, watcher]) {
    await page.waitForFunction(
      ([old, seed]) => window.__sector.universeId !== old && window.__sector.seed === seed,
      [before, SEED],
    );
    await page.locator(".vitals").getByText(`seed ${SEED}`, { exact: true }).waitFor({
      state: "attached",
    });
  }
  promise(true, `a restart shows every page the universe of seed ${SEED}`);
  await desk.getByRole("dialog", { name: "Operator" }).waitFor({ state: "detached" });
  await ticksOn(desk, 2);
  await shot(desk, "operator-restarted");
}

async function takesSeats(desk, { promise, joins }) {
  const faction = await joins(desk, "operator");
  const claimed = () =>
    desk.evaluate(async () => {
      const { factions } = await (await fetch("/api/factions")).json();
      return factions.filter((seat) => seat.claimed).map((seat) => seat.id);
    });
  promise((await claimed()).includes(faction), "the guest's seat is claimed");
  await desk.getByRole("button", { name: "Operator", exact: true }).click();
  await desk.getByRole("button", { name: "Bots only", exact: true }).click();
  await desk.getByRole("button", { name: "Really take every human's seat" }).click();
  await desk.getByText("All seats are back with the computer players.").waitFor();
  promise((await claimed()).length === 0, "bots-only leaves no seat with a human");
  await desk.waitForFunction(() => window.__sector.faction === null);
  promise(true, "the page knows that the seat is gone");
}

/** The link works once. */
async function isSpent(browser, link, { promise, ready, shot }) {
  const { context, page, complaints } = await openPage(browser, DESKTOP);
  await page.goto(link);
  await ready(page);
  await page.locator(".toast.bad").filter({ hasText: "The operator link did not work" }).waitFor();
  await shot(page, "operator-spent");
  promise(true, "a used link says that it did not work");
  const shown =
    (await page.getByRole("dialog").count()) +
    (await page.getByRole("button", { name: "Operator", exact: true }).count());
  promise(shown === 0, "a used link shows no panel");
  const others = complaints.filter((text) => !/status of 4\d\d/.test(text));
  promise(others.length === 0, `a clean console but for the refusal ${others.join("\n")}`);
  await context.close();
}
