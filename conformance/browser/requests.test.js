// Refusals that depend on how a page asks, not on where it is: no CORS, preflights, cookies with `*`, a missing Origin.

import assert from "node:assert/strict";
import test from "node:test";
import { bellgate, browser, connectPage, open, pages } from "../lib/browser.js";
import { EAGER, attempt, isBare, isTerminal, logged, staysAway } from "../lib/refusal.js";
import { relay } from "../lib/relay.js";

const chromium = browser();
const HANDSHAKE = "/socket.io/?EIO=4&transport=polling";

/** A page of an admitted origin and its gate behind a relay, both at `host` for the browser. */
async function admitted(t, env = {}, host = "127.0.0.1") {
  const port = await pages(t);
  const gate = await bellgate(t, { FLASK_PORT: String(port), ...env });
  const relayed = await relay(t, gate);
  const page = await open(t, chromium, `http://localhost:${port}/`);
  return { page, port, gate, relayed, url: `http://${host}:${relayed.port}` };
}

/** What the page's own `fetch` brings: status and body, or nothing but that it failed. */
function fetched(page, url, options = {}) {
  return page.evaluate(async ([to, given]) => {
    try {
      const answer = await fetch(to, given);
      return { type: answer.type, status: answer.status, text: await answer.text() };
    } catch (error) {
      return { error: error.name };
    }
  }, [url, options]);
}

for (const [site, host] of [["same-site", "localhost"], ["cross-site", "127.0.0.1"]]) {
  test(`a handshake without CORS opens no session and is origin_cross_site_no_cors in the log (${site})`, async (t) => {
    const { page, gate, url } = await admitted(t, { SOCKETIO_MAX_CONNECTIONS: "1" }, host);
    const opaque = await fetched(page, url + HANDSHAKE, { mode: "no-cors" });
    assert.deepEqual(opaque, { type: "opaque", status: 0, text: "" });
    const line = await logged(gate, "origin_cross_site_no_cors");
    assert.match(line.message, new RegExp(`refused: .*\\(${site}\\)`));
    // The one seat is free.
    await connectPage(page, url, "polling");
  });
}

test("a script element that loads the handshake is refused too", async (t) => {
  const { page, gate, url } = await admitted(t);
  const fate = await page.evaluate((src) => new Promise((resolve) => {
    const script = Object.assign(document.createElement("script"), { src });
    script.onload = () => resolve("loaded");
    script.onerror = () => resolve("refused");
    document.head.append(script);
  }), url + HANDSHAKE);
  assert.equal(fate, "refused");
  await logged(gate, "origin_cross_site_no_cors");
});

test("preflight_method: the page sees that it failed, the log the method and the line to change", async (t) => {
  const { page, gate, url } = await admitted(t);
  assert.deepEqual(await fetched(page, url + HANDSHAKE, { method: "PUT" }), { error: "TypeError" });
  const line = await logged(gate, "preflight_method");
  assert.match(line.message, /the method PUT /);
  assert.equal(line.change, "SOCKETIO_CORS_METHODS=GET,POST,PUT");
});

test("preflight_header: the client sees that it failed, the log the header and the line to change", async (t) => {
  const { page, gate, url, relayed } = await admitted(t);
  const error = await attempt(t, page, url, { transports: ["polling"], extraHeaders: { "X-Shop": "1" } });
  isBare(error);
  const line = await logged(gate, "preflight_header");
  assert.match(line.message, /the header x-shop /);
  assert.equal(line.change, "SOCKETIO_CORS_HEADERS=content-type,authorization,x-csrftoken,x-csrf-token,x-shop");
  assert.ok(relayed.requests.every(({ method }) => method === "OPTIONS"), "no session was asked for");
});

test("the line to change for preflight_header is the one that helps", async (t) => {
  const { page, url } = await admitted(t, { SOCKETIO_CORS_HEADERS: "content-type,x-shop" });
  await connectPage(page, url, "polling", { extraHeaders: { "X-Shop": "1" } });
});

test("a refused page's preflight succeeds, so that it reads why and not that a header is wrong", async (t) => {
  const { page, gate, relayed, url } = await admitted(t, { FLASK_PORT: "5000" });
  const error = await attempt(t, page, url, { transports: ["polling"], extraHeaders: { "X-CSRFToken": "1" } });
  isTerminal(error, "origin_port_mismatch", [":5000"]);
  await staysAway(page, relayed);
  await logged(gate, "origin_port_mismatch", error.data.request_id);
});

/** Gives the page a cookie, which its browser sends to every port of `localhost`. */
function withCookie(page) {
  return page.context().addCookies([{ name: "session", value: "of-a-visitor", domain: "localhost", path: "/" }]);
}

test("credentials_with_wildcard reaches a page that sends its cookie, and its client stops", async (t) => {
  const { page, port, gate, relayed, url } = await admitted(t, { SOCKETIO_CORS_ORIGINS: "*" }, "localhost");
  await withCookie(page);
  const error = await attempt(t, page, url, { transports: ["polling"], withCredentials: true });
  isTerminal(error, "credentials_with_wildcard");
  assert.match(error.data.hint, new RegExp(`http://localhost:${port} in SOCKETIO_CORS_ORIGINS`));
  await staysAway(page, relayed);
  const line = await logged(gate, "credentials_with_wildcard", error.data.request_id);
  assert.equal(line.change, `SOCKETIO_CORS_ORIGINS=http://localhost:${port}`);
});

test("with * a page that leaves credentials out connects every way, with a cookie at hand or not", async (t) => {
  const { page, url } = await admitted(t, { SOCKETIO_CORS_ORIGINS: "*" }, "localhost");
  await withCookie(page);
  for (const way of ["polling", "websocket", "upgraded"]) await connectPage(page, url, way, { forceNew: true });
});

test("with * a WebSocket, which carries cookies unasked, connects", async (t) => {
  const { page, url } = await admitted(t, { SOCKETIO_CORS_ORIGINS: "*" }, "localhost");
  await withCookie(page);
  await connectPage(page, url, "websocket", { withCredentials: true });
});

test("origin_missing: a page under one plaintext name whose browser tells no site reads it by status", async (t) => {
  // Towards such a name browsers send neither Origin nor fetch metadata by GET: to the server a page is like a program.
  const gate = await bellgate(t, { SOCKETIO_REQUIRE_ORIGIN: "true" });
  const page = await open(t, chromium, `http://app.example:${gate.port}/healthz`);
  const { status, text } = await fetched(page, HANDSHAKE);
  assert.deepEqual([status, JSON.parse(text).error], [403, "origin_missing"]);
  const line = await logged(gate, "origin_missing", JSON.parse(text).request_id);
  assert.equal(line.change, "SOCKETIO_REQUIRE_ORIGIN=false");
});

test("with SOCKETIO_REQUIRE_ORIGIN a page of a listed origin connects every way", async (t) => {
  const { page, url } = await admitted(t, { SOCKETIO_REQUIRE_ORIGIN: "true" });
  for (const way of ["polling", "websocket", "upgraded"]) await connectPage(page, url, way, { forceNew: true });
});

test("origin_changed: another page cannot use a session, reads why, and the owner's client comes back", async (t) => {
  const { page, port, gate, url } = await admitted(t);
  await connectPage(page, url, "polling", EAGER);
  const other = await open(t, chromium, `http://127.0.0.1:${port}/`);
  const sid = await page.evaluate(() => socket.io.engine.id);
  const { status, text } = await fetched(other, `${url}${HANDSHAKE}&sid=${sid}`, { method: "POST", body: '42["stolen"]' });
  assert.deepEqual([status, JSON.parse(text).error], [403, "origin_changed"]);
  assert.ok(!text.includes("localhost"), text);
  await logged(gate, "origin_changed", JSON.parse(text).request_id);
  await page.waitForFunction(() => seen.connects > 1);
  assert.notEqual(await page.evaluate(() => socket.io.engine.id), sid);
});

for (const extraHeaders of [undefined, { "X-CSRFToken": "1" }]) {
  const how = extraHeaders ? "behind a preflight" : "at once";
  test(`SOCKETIO_REFUSALS=http: the page reads status and body in its handler, and its client goes on (${how})`, async (t) => {
    const { page, gate, url } = await admitted(t, { FLASK_PORT: "5000", SOCKETIO_REFUSALS: "http" });
    const error = await attempt(t, page, url, { transports: ["polling"], withCredentials: true, extraHeaders });
    assert.deepEqual([error.message, error.description, error.active], ["xhr poll error", 403, true]);
    const body = JSON.parse(error.responseText);
    assert.deepEqual([body.error, body.code, body.retry], ["origin_port_mismatch", 4, "after_fix"]);
    assert.ok(!error.responseText.includes(":5000"), error.responseText);
    await logged(gate, "origin_port_mismatch", body.request_id);
    await page.waitForFunction(() => seen.errors.length > 2);
  });
}
