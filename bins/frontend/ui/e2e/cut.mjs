// A lost connection: the page reports it and reconnects by itself.
import { createServer, connect } from "node:net";
import { openPage } from "./browser.mjs";

/** A TCP relay to the server at `url` that can be cut and restored. */
async function relay(url) {
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
  const listen = (port) => new Promise((done) => server.listen(port, "127.0.0.1", done));
  await listen(0);
  const own = server.address().port;
  return {
    url: `http://127.0.0.1:${own}`,
    cut: () =>
      new Promise((done) => {
        server.close(done);
        for (const end of ends) end.destroy();
      }),
    restore: () => listen(own),
  };
}

export async function reconnects(browser, url, { check, shot, ready, ticksOn }) {
  const wire = await relay(url);
  const { context, page } = await openPage(browser, { viewport: { width: 1440, height: 900 } });
  await page.goto(wire.url);
  await ready(page);
  await wire.cut();
  await page.waitForFunction(() => window.__sector.connection === "reconnecting");
  await page.getByText("Reconnecting").first().waitFor();
  await shot(page, "desktop-reconnecting");
  check(true, "the page shows that the connection is lost");
  await wire.restore();
  await ready(page);
  await ticksOn(page, 2);
  check(true, "the page reconnects by itself");
  await context.close();
  await wire.cut();
}
