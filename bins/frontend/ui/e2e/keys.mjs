// Keys for bots: made by keyboard, shown once, copied, good for what they say, and refused once they are revoked.
import { openPage } from "./browser.mjs";

const DESKTOP = { viewport: { width: 1440, height: 900 } };
const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};

/** What the API says to a bot with this key. */
const asks = (page, key) =>
  page.evaluate(async (key) => {
    const answer = await fetch("/api/me", { headers: { authorization: `Bearer ${key}` } });
    const body = await answer.json();
    return { status: answer.status, address: body.address ?? null, code: body.code ?? null };
  }, key);

const dialog = (page) => page.getByRole("dialog", { name: "Keys for bots" });
const secret = (page) => page.getByTestId("new-key");
const row = (page, label) => page.locator(".bot-keys li").filter({ hasText: label });

/** A new universe may have begun on the way: the seat is free then, and the keys are as they were. */
const seat = (page) => page.locator(".topbar .seat, .topbar button.primary");

async function opens(page) {
  await seat(page).click();
  await page.getByRole("button", { name: "Keys for bots" }).click();
  await dialog(page).waitFor();
}

/** `steps` are the tools and steps of the main test. */
export async function givesKeys(browser, url, steps) {
  const { promise, shot } = steps;
  const { context, page, complaints } = await openPage(browser, DESKTOP);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(url);
  await steps.ready(page);
  await steps.joins(page, "keys");
  await opens(page);
  await page.getByText("You have none.").waitFor();

  // By keyboard alone.
  await page.getByLabel("Label").focus();
  await page.keyboard.type("night watch");
  await page.keyboard.press("Enter");
  await secret(page).waitFor();
  const key = (await secret(page).textContent()).trim();
  promise(/^sector_key_/.test(key), "a key is made with the keyboard alone, and shown");
  await shot(page, "keys-made");
  await page.getByRole("button", { name: "Copy the key" }).click();
  await page.getByText("The key is copied.").waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  promise(copied === key, "the button copies it");
  const bot = await asks(page, key);
  const own = await page.evaluate(() => JSON.parse(localStorage.getItem("sector.session")).address);
  promise(bot.status === 200 && bot.address === own, "a bot with it is the player's");

  await page.keyboard.press("Escape");
  await dialog(page).waitFor({ state: "detached" });
  await opens(page);
  await row(page, "night watch").waitFor();
  promise((await secret(page).count()) === 0, "it is listed, and not shown again");
  await row(page, "night watch").getByText("last used", { exact: false }).waitFor();
  promise(true, "the list says when it was used");
  await shot(page, "keys-listed");
  promise(complaints.length === 0, `a clean console ${complaints.join("\n")}`);

  await page.getByRole("button", { name: "Revoke night watch", exact: true }).click();
  await page.getByRole("button", { name: "Really revoke night watch", exact: true }).click();
  await page.getByText("You have none.").waitFor();
  const refused = await asks(page, key);
  promise(refused.code === "key_unknown", `a revoked key is refused (${refused.code})`);
  await context.close();
  await onAPhone(browser, url, steps);
}

async function onAPhone(browser, url, { promise, shot, ready, joins }) {
  const { context, page, complaints } = await openPage(browser, PHONE);
  await page.goto(url);
  await ready(page);
  await joins(page, "phone-keys");
  await seat(page).tap();
  await page.getByRole("button", { name: "Keys for bots" }).tap();
  await page.getByLabel("Label").fill("a bot with a label of forty characters..");
  await page.getByLabel("Good for").selectOption("Read only");
  await page.getByRole("button", { name: "Make a key" }).tap();
  await secret(page).waitFor();
  await shot(page, "phone-keys");
  const { scroll, width } = await page.evaluate(() => {
    const open = document.querySelector("dialog[open]");
    return { scroll: open.scrollWidth, width: open.clientWidth };
  });
  promise(scroll <= width, `the keys fit a phone (${scroll} ≤ ${width})`);
  await row(page, "a bot with a label").scrollIntoViewIfNeeded();
  await shot(page, "phone-keys-listed");
  await row(page, "a bot with a label").getByRole("button").tap();
  await row(page, "a bot with a label")
    .getByRole("button", { name: /^Really/ })
    .tap();
  await page.getByText("You have none.").waitFor();
  promise(complaints.length === 0, `a clean console ${complaints.join("\n")}`);
  await context.close();
}
