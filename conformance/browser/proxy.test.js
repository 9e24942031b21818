// Page and gateway behind one nginx name: the usual production topology (contract §1), and a proxy that strips Upgrade.

import assert from "node:assert/strict";
import test from "node:test";
import { WAYS, bellgate, browser, connectPage, notified, open, pages, publish } from "../lib/browser.js";
import { request } from "../lib/http.js";
import { nginx } from "../lib/nginx.js";
import { freePort } from "../lib/program.js";

const chromium = browser();

/** One name in front of both. */
async function behindNginx(t, { headers = {}, env = {} } = {}) {
  const [pagesPort, port] = [await pages(t), await freePort()];
  const gate = await bellgate(t, { BELLGATE_PUBLIC_URL: `http://localhost:${port}`, BELLGATE_TRUSTED_PROXIES: "loopback", ...env });
  await nginx(t, { port, pagesPort, gatePort: gate.port, headers });
  return { gate, url: `http://localhost:${port}` };
}

for (const way of Object.keys(WAYS)) {
  test(`a page and its gateway behind one name connect (${way})`, async (t) => {
    const { gate, url } = await behindNginx(t);
    const page = await open(t, chromium, `${url}/`);
    await connectPage(page, url, way, { withCredentials: true });
    assert.equal((await publish(gate, { title: "behind nginx" })).status, 202);
    await notified(page, "behind nginx");
    assert.deepEqual(await page.evaluate(() => [seen.errors, seen.disconnects]), [[], []]);
  });
}

test("behind one name in production the public URL alone is admitted", async (t) => {
  const { gate, url } = await behindNginx(t, { env: { BELLGATE_ENV: "production", SOCKETIO_REQUIRE_HTTPS: "false", SOCKETIO_REQUIRE_AUTH: "false" } });
  const page = await open(t, chromium, `${url}/`);
  await connectPage(page, url, "upgraded");
  await publish(gate, { title: "production" });
  await notified(page, "production");
});

test("behind a proxy that strips Upgrade the default order works by polling", async (t) => {
  const { gate, url } = await behindNginx(t, { headers: { upgrade: "" } });
  const page = await open(t, chromium, `${url}/`);
  await page.evaluate((to) => connect(to, {}), url);
  await page.waitForFunction(() => seen.connects > 0);
  await publish(gate, { title: "by polling" });
  await notified(page, "by polling");
  assert.equal(await page.evaluate(() => transport()), "polling");
});

test("the publishing API is reached through the proxy's own path", async (t) => {
  const { url } = await behindNginx(t);
  const port = Number(new URL(url).port);
  const answer = await request({ host: "127.0.0.1", port }, "/bellgate/api/v1/notifications", { method: "POST", body: "{}" });
  assert.equal(answer.status, 401, answer.text);
});
