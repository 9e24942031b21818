// Each refusal of an origin as its page meets it: what `connect_error` says, that the client stops, what the log says.
//
// Not here, for no page can cause them: `origin_malformed` (a browser writes one Origin, well formed). What a page meets
// only by its own code and not by the stock client is in `requests.test.js`.

import assert from "node:assert/strict";
import test from "node:test";
import { bellgate, browser, connectPage, open, openSandboxed, pages } from "../lib/browser.js";
import { attempt, isTerminal, logged, staysAway } from "../lib/refusal.js";
import { relay } from "../lib/relay.js";

const chromium = browser();

/**
 * For the page `http://localhost:PORT`: the settings that refuse it, what of the list it must not learn, what its hint
 * names, and the line that the log says to change.
 */
const REFUSED = {
  origin_scheme_mismatch: (port) => ({
    env: { SOCKETIO_CORS_ORIGINS: `https://localhost:${port}` },
    hidden: [`https://localhost:${port}`],
    hint: "SOCKETIO_CORS_ORIGINS",
    change: `SOCKETIO_CORS_ORIGINS=https://localhost:${port},http://localhost:${port}`,
  }),
  origin_port_mismatch: (port) => ({
    env: { FLASK_PORT: "5000" },
    hidden: [":5000"],
    hint: "SOCKETIO_CORS_ORIGINS",
    change: `http://localhost:${port}`,
  }),
  origin_host_not_allowed: (port) => ({
    env: { SOCKETIO_CORS_ORIGINS: `http://app.example:${port},https://*.shop.example` },
    hidden: ["app.example", "shop.example"],
    hint: "SOCKETIO_CORS_ORIGINS",
    change: `SOCKETIO_CORS_ORIGINS=http://app.example:${port},https://*.shop.example,http://localhost:${port}`,
  }),
  insecure_origin: (port) => ({
    env: { SOCKETIO_REQUIRE_HTTPS: "true", FLASK_PORT: String(port) },
    hidden: [`https://localhost:${port}`],
    hint: "SOCKETIO_REQUIRE_HTTPS",
    change: "SOCKETIO_REQUIRE_HTTPS=false",
  }),
};

for (const transport of ["polling", "websocket"]) {
  for (const [code, refused] of Object.entries(REFUSED)) {
    test(`${code} reaches the page, its client stops, and the log tells the line to change (${transport})`, async (t) => {
      const port = await pages(t);
      const { env, hidden, hint, change } = refused(port);
      const gate = await bellgate(t, env);
      const relayed = await relay(t, gate);
      const page = await open(t, chromium, `http://localhost:${port}/`);
      const error = await attempt(t, page, relayed.url, { transports: [transport] });
      isTerminal(error, code, hidden);
      assert.ok(error.message.includes(`http://localhost:${port}`), error.message);
      assert.ok(error.data.hint.includes(hint), error.data.hint);
      await staysAway(page, relayed);
      const line = await logged(gate, code, error.data.request_id);
      assert.ok(line.change.includes(change), line.change);
      assert.equal(line.canonical, `http://localhost:${port}`);
    });
  }

  test(`in production a plaintext page is insecure_origin, whatever the list says (${transport})`, async (t) => {
    const port = await pages(t);
    const env = { BELLGATE_ENV: "production", SOCKETIO_REQUIRE_AUTH: "false", BELLGATE_PUBLIC_URL: "https://app.example" };
    const gate = await bellgate(t, env);
    const relayed = await relay(t, gate);
    const page = await open(t, chromium, `http://localhost:${port}/`);
    const error = await attempt(t, page, relayed.url, { transports: [transport] });
    isTerminal(error, "insecure_origin", ["app.example"]);
    await staysAway(page, relayed);
    await logged(gate, "insecure_origin", error.data.request_id);
  });

  test(`origin_null reaches a sandboxed frame, and its client stops (${transport})`, async (t) => {
    const port = await pages(t);
    const gate = await bellgate(t, { FLASK_PORT: String(port) });
    const relayed = await relay(t, gate);
    const frame = await openSandboxed(t, chromium, port);
    const error = await attempt(t, frame, relayed.url, { transports: [transport] });
    isTerminal(error, "origin_null", [`:${port}`]);
    assert.match(error.data.hint, /SOCKETIO_ALLOW_NULL_ORIGIN=true/);
    await staysAway(frame, relayed);
    const line = await logged(gate, "origin_null", error.data.request_id);
    assert.deepEqual([line.origin, line.change], ["null", "SOCKETIO_ALLOW_NULL_ORIGIN=true"]);
  });

  test(`a sandboxed frame connects where null is allowed (${transport})`, async (t) => {
    const port = await pages(t);
    const gate = await bellgate(t, { SOCKETIO_ALLOW_NULL_ORIGIN: "true" });
    await connectPage(await openSandboxed(t, chromium, port), gate.url, transport);
  });

  test(`a page on / and on /admin is refused on each (${transport})`, async (t) => {
    const port = await pages(t);
    const gate = await bellgate(t, { FLASK_PORT: "5000" });
    const relayed = await relay(t, gate);
    const page = await open(t, chromium, `http://localhost:${port}/`);
    await page.evaluate(([to, given]) => {
      connect(to, given);
      window.admin = socket.io.socket("/admin");
      window.ofAdmin = follow(admin);
      admin.connect();
    }, [relayed.url, { transports: [transport], reconnection: true, reconnectionDelay: 20, randomizationFactor: 0 }]);
    await page.waitForFunction(() => seen.errors.length > 0 && ofAdmin.errors.length > 0);
    for (const [error, ...more] of await page.evaluate(() => [seen.errors, ofAdmin.errors])) {
      isTerminal(error, "origin_port_mismatch", [":5000"]);
      assert.deepEqual(more, []);
    }
    await staysAway(page, relayed);
    assert.deepEqual(await page.evaluate(() => [socket.active, admin.active, ofAdmin.errors.length]), [false, false, 1]);
  });
}

test("a page on default transports is refused by its first poll and tries no WebSocket", async (t) => {
  const port = await pages(t);
  const gate = await bellgate(t, { FLASK_PORT: "5000" });
  const relayed = await relay(t, gate);
  const page = await open(t, chromium, `http://localhost:${port}/`);
  isTerminal(await attempt(t, page, relayed.url), "origin_port_mismatch", [":5000"]);
  await staysAway(page, relayed);
  assert.deepEqual(relayed.requests.filter(({ path }) => path.includes("websocket")), []);
});
