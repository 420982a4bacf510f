// Launches Chromium and collects console errors for the browser tests.
import { chromium } from "playwright-core";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--enable-unsafe-swiftshader",
];

/** The software renderer of a headless browser logs this on every screenshot. */
const DRIVER_NOISE = /GPU stall due to ReadPixels/;

export function launch(executablePath) {
  return chromium.launch({ executablePath, args: FLAGS });
}

/** A page that collects console errors and warnings, uncaught errors and failed requests. */
export async function openPage(browser, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (!["error", "warning"].includes(message.type())) return;
    if (!DRIVER_NOISE.test(message.text())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "";
    if (reason !== "net::ERR_ABORTED") complaints.push(`request: ${request.url()} ${reason}`);
  });
  return { context, page, complaints };
}
