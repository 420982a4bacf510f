// Bot keys: created by keyboard, shown once, copied, used, and refused after they are revoked.
import { openPage } from "./browser.mjs";

const DESKTOP = { viewport: { width: 1440, height: 900 } };
const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};

/** The answer of the API to a bot with this key. */
const asks = (page, key) =>
  page.evaluate(async (key) => {
    const answer = await fetch("/api/me", { headers: { authorization: `Bearer ${key}` } });
    const body = await answer.json();
    return { status: answer.status, address: body.address ?? null, code: body.code ?? null };
  }, key);

const dialog = (page) => page.getByRole("dialog", { name: "Bot keys" });
const secret = (page) => page.getByTestId("new-key");
const row = (page, label) => page.locator(".bot-keys li").filter({ hasText: label });

/** The faction button; after a new universe has begun, the button to choose one. */
const seat = (page) => page.locator(".topbar .seat, .topbar button.primary");

async function opens(page) {
  await seat(page).click();
  await page.getByRole("button", { name: "Bot keys" }).click();
  await dialog(page).waitFor();
}

/** `steps` are the helpers and steps of the main test. */
export async function givesKeys(browser, url, steps) {
  const { check, shot } = steps;
  const { context, page, complaints } = await openPage(browser, DESKTOP);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(url);
  await steps.ready(page);
  await steps.joins(page, "keys");
  await opens(page);
  await page.getByText("No keys yet.").waitFor();

  // By keyboard alone.
  await page.getByLabel("Label").focus();
  await page.keyboard.type("night watch");
  await page.keyboard.press("Enter");
  await secret(page).waitFor();
  const key = (await secret(page).textContent()).trim();
  check(/^sector_key_/.test(key), "a key can be created by keyboard and is shown");
  await shot(page, "keys-made");
  await page.getByRole("button", { name: "Copy key" }).click();
  await page.getByText("Key copied.").waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  check(copied === key, "the button copies the key");
  const bot = await asks(page, key);
  const own = await page.evaluate(() => JSON.parse(localStorage.getItem("sector.session")).address);
  check(bot.status === 200 && bot.address === own, "a bot with the key acts for the player");

  await page.keyboard.press("Escape");
  await dialog(page).waitFor({ state: "detached" });
  await opens(page);
  await row(page, "night watch").waitFor();
  check((await secret(page).count()) === 0, "the key is listed and not shown again");
  await row(page, "night watch").getByText("last used", { exact: false }).waitFor();
  check(true, "the list shows the last use");
  await shot(page, "keys-listed");
  check(complaints.length === 0, `a clean console ${complaints.join("\n")}`);

  await page.getByRole("button", { name: "Revoke night watch", exact: true }).click();
  await page.getByRole("button", { name: "Confirm: revoke night watch", exact: true }).click();
  await page.getByText("No keys yet.").waitFor();
  const refused = await asks(page, key);
  check(refused.code === "key_unknown", `a revoked key is refused (${refused.code})`);
  await context.close();
  await onAPhone(browser, url, steps);
}

async function onAPhone(browser, url, { check, shot, ready, joins }) {
  const { context, page, complaints } = await openPage(browser, PHONE);
  await page.goto(url);
  await ready(page);
  await joins(page, "phone-keys");
  await seat(page).tap();
  await page.getByRole("button", { name: "Bot keys" }).tap();
  await page.getByLabel("Label").fill("a bot with a label of forty characters..");
  await page.getByLabel("Permissions").selectOption("Read only");
  await page.getByRole("button", { name: "Create key" }).tap();
  await secret(page).waitFor();
  await shot(page, "phone-keys");
  const { scroll, width } = await page.evaluate(() => {
    const open = document.querySelector("dialog[open]");
    return { scroll: open.scrollWidth, width: open.clientWidth };
  });
  check(scroll <= width, `the keys fit a phone (${scroll} ≤ ${width})`);
  await row(page, "a bot with a label").scrollIntoViewIfNeeded();
  await shot(page, "phone-keys-listed");
  await row(page, "a bot with a label").getByRole("button").tap();
  await row(page, "a bot with a label")
    .getByRole("button", { name: /^Confirm/ })
    .tap();
  await page.getByText("No keys yet.").waitFor();
  check(complaints.length === 0, `a clean console ${complaints.join("\n")}`);
  await context.close();
}
