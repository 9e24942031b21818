// A page on another origin than Bellgate's: hardening §2, contract §3.

import assert from "node:assert/strict";
import test from "node:test";
import { WAYS, bellgate, browser, connectPage, notified, open, pages, publish } from "../lib/browser.js";

const chromium = browser();

for (const way of Object.keys(WAYS)) {
  for (const host of ["localhost", "127.0.0.1"]) {
    test(`a page at ${host} connects from its origin and is told a notification (${way})`, async (t) => {
      const port = await pages(t);
      const gate = await bellgate(t, { FLASK_HOST: "localhost", FLASK_PORT: String(port) });
      const page = await open(t, chromium, `http://${host}:${port}/`);
      await connectPage(page, gate.url, way);
      const answer = await publish(gate, { title: "Export finished" });
      assert.equal(answer.status, 202, answer.text);
      const envelope = await notified(page, "Export finished");
      assert.equal(envelope.id, JSON.parse(answer.text).id);
      assert.deepEqual(await page.evaluate(() => [seen.errors, seen.disconnects]), [[], []]);
    });
  }

  test(`credentials and an allowed header may be sent along (${way})`, async (t) => {
    const port = await pages(t);
    const gate = await bellgate(t, { FLASK_PORT: String(port) });
    const page = await open(t, chromium, `http://localhost:${port}/`);
    await connectPage(page, gate.url, way, { withCredentials: true, extraHeaders: { "X-CSRFToken": "t" } });
    await publish(gate, { title: "with credentials" });
    await notified(page, "with credentials");
  });

  test(`a page at an origin that is not in the list learns why, and its client stops (${way})`, async (t) => {
    const port = await pages(t);
    const gate = await bellgate(t, { FLASK_PORT: "5000" });
    const page = await open(t, chromium, `http://localhost:${port}/`);
    const { transports } = WAYS[way];
    await page.evaluate(([to, given]) => connect(to, given), [gate.url, { transports, reconnection: true }]);
    await page.waitForFunction(() => seen.errors.length > 0);
    const [error] = await page.evaluate(() => seen.errors);
    assert.equal(error.data?.code, "origin_port_mismatch", JSON.stringify(error));
    assert.match(error.message, new RegExp(`http://localhost:${port}.*\\[origin_port_mismatch\\]`));
    assert.ok(!JSON.stringify(error).includes(":5000"), "a refusal names no allowed origin");
    assert.equal(error.active, false);
    assert.equal(await page.evaluate(() => seen.connects), 0);
  });

  test(`a page reconnects by itself after a restart (${way})`, async (t) => {
    const port = await pages(t);
    const env = { FLASK_PORT: String(port) };
    const first = await bellgate(t, env);
    const page = await open(t, chromium, `http://localhost:${port}/`);
    await connectPage(page, first.url, way, { reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 200 });
    await first.stop();
    await page.waitForFunction(() => seen.disconnects.length > 0);
    assert.notEqual(await page.evaluate(() => seen.disconnects[0]), "io server disconnect");
    const second = await bellgate(t, env, first.port);
    await page.waitForFunction(() => seen.connects > 1);
    await publish(second, { title: "back again" });
    await notified(page, "back again");
  });
}

test("a refused page gets the refusal of its own namespace too", async (t) => {
  const port = await pages(t);
  const gate = await bellgate(t, { FLASK_PORT: "5000" });
  const page = await open(t, chromium, `http://localhost:${port}/`);
  await page.evaluate((to) => connect(to, { transports: ["polling"], reconnection: true }), `${gate.url}/admin`);
  await page.waitForFunction(() => seen.errors.length > 0);
  const [error] = await page.evaluate(() => seen.errors);
  assert.deepEqual([error.data?.code, error.active], ["origin_port_mismatch", false], JSON.stringify(error));
});

test("a page of an admitted origin can read an error, one of another origin cannot be mistaken for it", async (t) => {
  const port = await pages(t);
  const gate = await bellgate(t, { FLASK_PORT: String(port) });
  const page = await open(t, chromium, `http://localhost:${port}/`);
  const read = await page.evaluate(async (url) => {
    const answer = await fetch(`${url}/socket.io/?EIO=4&transport=polling&sid=unknown`, { credentials: "include" });
    return { status: answer.status, id: answer.headers.get("x-request-id"), ...(await answer.json()) };
  }, gate.url);
  assert.deepEqual([read.status, read.code, read.error], [400, 1, "session_unknown"]);
  assert.equal(read.id, read.request_id);
});

test("a burst of notifications reaches a page on every transport in order", async (t) => {
  const port = await pages(t);
  const gate = await bellgate(t, { FLASK_PORT: String(port) });
  const all = await Promise.all(Object.keys(WAYS).map(async (way) => {
    const page = await open(t, chromium, `http://localhost:${port}/`);
    await connectPage(page, gate.url, way);
    return page;
  }));
  for (let n = 0; n < 30; n++) assert.equal((await publish(gate, { title: `n${n}` })).status, 202);
  for (const page of all) {
    await page.waitForFunction(() => seen.events.length >= 30);
    const titles = await page.evaluate(() => seen.events.map(([, envelope]) => envelope.title));
    assert.deepEqual(titles, Array.from({ length: 30 }, (_, n) => `n${n}`));
  }
});
