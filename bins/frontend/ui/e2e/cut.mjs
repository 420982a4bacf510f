// A connection that is cut: the page says so, and goes on by itself when it is back.
import { createServer, connect } from "node:net";
import { openPage } from "./browser.mjs";

/** Passes everything on to the server at `url`, until it is cut. */
async function cable(url) {
  const { hostname, port } = new URL(url);
  const ends = new Set();
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const end of [near, far]) {
      ends.add(end);
      end.on("close", () => ends.delete(end));
      end.on("error", () => undefined);
    }
    near.pipe(far).pipe(near);
  });
  const plug = (port) => new Promise((done) => server.listen(port, "127.0.0.1", done));
  await plug(0);
  const own = server.address().port;
  return {
    url: `http://127.0.0.1:${own}`,
    cut: () =>
      new Promise((done) => {
        server.close(done);
        for (const end of ends) end.destroy();
      }),
    mend: () => plug(own),
  };
}

export async function reconnects(browser, url, { promise, shot, ready, ticksOn }) {
  const wire = await cable(url);
  const { context, page } = await openPage(browser, { viewport: { width: 1440, height: 900 } });
  await page.goto(wire.url);
  await ready(page);
  await wire.cut();
  await page.waitForFunction(() => window.__sector.connection === "reconnecting");
  await page.getByText("Reconnecting").first().waitFor();
  await shot(page, "desktop-reconnecting");
  promise(true, "a cut connection is told");
  await wire.mend();
  await ready(page);
  await ticksOn(page, 2);
  promise(true, "the page goes on by itself when the connection is back");
  await context.close();
  await wire.cut();
}
