// A recorded run, served by `sector replay watch`: pause, slider, keys and speed, to its end.
//
//   node e2e/recording.mjs --url http://localhost:PORT --out DIR [--chromium PATH]
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { launch, openPage } from "./browser.mjs";

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    out: { type: "string", default: "e2e-out" },
    chromium: { type: "string", default: "/usr/bin/chromium" },
  },
});
mkdirSync(values.out, { recursive: true });

function check(holds, text) {
  if (!holds) throw new Error(`check failed: ${text}`);
  console.log(`ok: ${text}`);
}

async function shot(page, name) {
  const from = await page.evaluate(() => window.__sector.frames);
  await page.waitForFunction((least) => window.__sector.frames > least + 2, from);
  await page.screenshot({ path: join(values.out, `${name}.png`) });
}

const tickOf = (page) => page.evaluate(() => window.__sector.tick);
const reaches = (page, tick) =>
  page.waitForFunction((tick) => window.__sector.tick === tick, tick, { polling: 50 });

async function watches(page) {
  await page.goto(values.url);
  await page.waitForFunction(() => window.__sector?.connection === "live");
  await page.waitForFunction(() => window.__sector.tick >= 2);
  const bar = page.getByRole("group", { name: "Recorded run" });
  const slider = bar.getByRole("slider", { name: "Tick" });
  check(
    (await page.getByRole("button", { name: "Join the war" }).count()) === 0,
    "nobody can join",
  );

  const pause = bar.getByRole("button", { name: "Pause" });
  await pause.click();
  await bar.getByRole("button", { name: "Play" }).waitFor();
  check(true, "playback can be paused");
  await slider.fill("40");
  await reaches(page, 40);
  check(
    (await slider.getAttribute("aria-valuetext")).startsWith("tick 40 of"),
    "the slider announces its position",
  );
  await shot(page, "recording-desktop");
  await page.locator("canvas").focus();
  await page.keyboard.press("ArrowLeft");
  await reaches(page, 30);
  await page.keyboard.press("ArrowRight");
  await reaches(page, 40);
  check(true, "the arrow keys skip ten ticks");

  await bar.getByLabel("Speed").selectOption({ label: "10×" });
  await slider.focus();
  await page.keyboard.press("Space");
  await page.waitForFunction(() => window.__sector.tick > 45);
  check(true, "the space bar resumes");

  const last = Number(await slider.getAttribute("max"));
  await slider.fill(String(last));
  await reaches(page, last);
  await page.locator(".victory").waitFor();
  const told = await page.locator(".victory").textContent();
  check(
    told.includes("recorded run") && !told.includes("universe"),
    `the banner shows the end: ${told}`,
  );
  await shot(page, "recording-end");
  await bar.getByRole("button", { name: "Replay" }).click();
  await page.waitForFunction((last) => window.__sector.tick < last, last);
  await page.locator(".victory").waitFor({ state: "detached" });
  check(true, "after its end it can be replayed");
  await page.reload();
  await page.waitForFunction((last) => window.__sector?.tick < last, last);
  check(true, "a reload continues at the same tick");
}

async function phone(page) {
  await page.goto(values.url);
  await page.waitForFunction(() => window.__sector?.connection === "live");
  await page.getByRole("button", { name: /Play|Pause|Replay/ }).waitFor();
  await page.getByRole("slider", { name: "Tick" }).fill("60");
  await page.waitForFunction(() => window.__sector.tick >= 60);
  await shot(page, "recording-phone");
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  check(wide <= 0, "no sideways scrolling on a phone");
  check((await tickOf(page)) >= 60, "the slider works on a phone");
}

const browser = await launch(values.chromium);
try {
  const desktop = await openPage(browser, { viewport: { width: 1440, height: 900 } });
  await watches(desktop.page);
  check(desktop.complaints.length === 0, `a clean console ${desktop.complaints.join("\n")}`);
  await desktop.context.close();
  const small = await openPage(browser, {
    viewport: { width: 390, height: 844 },
    deviceScaleFactor: 2,
    isMobile: true,
    hasTouch: true,
  });
  await phone(small.page);
  check(small.complaints.length === 0, `a clean console ${small.complaints.join("\n")}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await browser.close();
}
