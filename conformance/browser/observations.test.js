// What Chromium and the stock client make of a refusal, Bellgate aside: the facts that contract §3 is built on.
//
// A test that fails here tells that a browser or a client has changed; what Bellgate does is then to be thought over
// anew. Letters are those of the observations.

import assert from "node:assert/strict";
import test from "node:test";
import { browser, open, pages } from "../lib/browser.js";
import { EAGER, attempt, isBare } from "../lib/refusal.js";
import { OPEN, OPEN_WITH_UPGRADE, readable, stub, welcome, welcomeSocket } from "../lib/stub.js";

const chromium = browser();
const POLLING = { transports: ["polling"] };
const WEBSOCKET = { transports: ["websocket"] };
const BODY = JSON.stringify({ code: 4, error: "origin_port_mismatch", request_id: "r1" });
const REFUSAL = '44{"message":"no [code]","data":{"code":"code"}}';

/** A page on an origin of its own. */
async function pageAnywhere(t) {
  return open(t, chromium, `http://localhost:${await pages(t)}/`);
}

/** A page, and a server that does this; the first error that the page is told. */
async function observe(t, server, options) {
  const page = await pageAnywhere(t);
  const { url, asked } = await stub(t, server);
  return { page, asked, error: await attempt(t, page, url, options) };
}

/** Answers every poll with a status and a body, and with headers that may depend on the origin. */
const answering = (status, headers = () => ({}), body = BODY) => (incoming, answer) => {
  answer.writeHead(status, { "Content-Type": "application/json", ...headers(incoming.headers.origin) }).end(body);
};

/** The refusal is there whole, and the client stops. */
async function isWhole(page, error) {
  assert.deepEqual([error.message, error.data, error.active], ["no [code]", { code: "code" }, false]);
  await page.evaluate(() => othersCameBack());
  assert.deepEqual(await page.evaluate(() => [seen.errors.length, seen.attempts]), [1, []]);
}

const goesOn = (page) => page.waitForFunction(() => seen.errors.length > 2);

test("a: a poll refused by 403 without CORS headers shows a page nothing, and its client goes on", async (t) => {
  const { page, error } = await observe(t, { poll: answering(403) }, POLLING);
  isBare(error);
  await goesOn(page);
});

for (const withCredentials of [false, true]) {
  test(`b: a 403 with CORS headers is read whole in the handler and never after it (credentials: ${withCredentials})`, async (t) => {
    const { page, error } = await observe(t, { poll: answering(403, readable) }, { ...POLLING, withCredentials });
    assert.deepEqual([error.message, error.description, error.status], ["xhr poll error", 403, 403]);
    assert.deepEqual([error.responseText, error.data, error.active], [BODY, undefined, true]);
    await goesOn(page);
    const [{ later }] = await page.evaluate(() => seen.errors);
    assert.deepEqual(later, { status: 0, responseText: "" });
  });
}

test("b: with credentials, and none allowed by the answer, a 403 shows nothing", async (t) => {
  const poll = answering(403, (origin) => ({ "Access-Control-Allow-Origin": origin }));
  isBare((await observe(t, { poll }, { ...POLLING, withCredentials: true })).error);
});

for (const status of [403, 503]) {
  test(`c: a WebSocket refused by ${status} shows neither status nor code, and the client goes on`, async (t) => {
    const { page, error } = await observe(t, { status }, WEBSOCKET);
    isBare(error, "websocket error");
    await goesOn(page);
  });
}

test("d: a 44 on an accepted WebSocket is read whole, also before the client's 40, and the client stops", async (t) => {
  const accept = (socket) => {
    socket.send(OPEN);
    socket.send(REFUSAL);
    socket.close(1008);
  };
  const { page, error, asked } = await observe(t, { accept }, WEBSOCKET);
  await isWhole(page, error);
  assert.deepEqual(asked, ["websocket"]);
  assert.deepEqual(await page.evaluate(() => seen.disconnects), []);
});

test("d': a WebSocket closed before its open packet shows nothing until the client's own timeout", async (t) => {
  const { error, asked } = await observe(t, { accept: (socket) => socket.close(4403) }, { ...WEBSOCKET, timeout: 1000 });
  assert.equal(error.message, "timeout");
  assert.ok(error.ms >= 999, `after ${error.ms} ms`);
  assert.equal(asked[0], "websocket");
});

test("f: the body of a refused preflight is never read, whatever its headers", async (t) => {
  const { page, error, asked } = await observe(t, { poll: answering(403, readable) }, { ...POLLING, extraHeaders: { "X-Own": "1" } });
  isBare(error);
  await goesOn(page);
  assert.deepEqual([...new Set(asked)], ["OPTIONS"]);
});

test("f: behind a preflight that succeeds a refusal is read whole", async (t) => {
  const poll = (incoming, answer) => {
    const allowed = { ...readable(incoming.headers.origin), "Access-Control-Allow-Headers": "x-own" };
    if (incoming.method === "OPTIONS") answer.writeHead(204, allowed).end();
    else answer.writeHead(403, allowed).end(BODY);
  };
  const { error } = await observe(t, { poll }, { ...POLLING, extraHeaders: { "X-Own": "1" } });
  assert.deepEqual([error.description, error.responseText], [403, BODY]);
});

test("j: a 44 in the answer to the handshake is read whole, and the client stops", async (t) => {
  const { page, error, asked } = await observe(t, { poll: answering(200, readable, `${OPEN}\x1e${REFUSAL}`) }, POLLING);
  await isWhole(page, error);
  assert.equal(error.disconnects, 0);
  assert.ok(asked.length <= 4, `${asked}`);
});

test("j: a close packet behind the 44 makes a disconnect that never was", async (t) => {
  const poll = answering(200, readable, `${OPEN}\x1e${REFUSAL}\x1e1`);
  const { page, error } = await observe(t, { poll }, POLLING);
  await isWhole(page, error);
  assert.equal(error.disconnects, 1);
  assert.deepEqual(await page.evaluate(() => seen.disconnects), ["transport close"]);
});

/** A page that connects by these options to a server that does this. */
async function connected(t, server, options) {
  const page = await pageAnywhere(t);
  const { url, asked } = await stub(t, server);
  await page.evaluate(([to, given]) => connect(to, given), [url, { ...EAGER, ...options }]);
  await page.waitForFunction(() => seen.connects > 0);
  assert.deepEqual(await page.evaluate(() => seen.errors), []);
  return { name: await page.evaluate(() => transport()), asked };
}

const BOTH = { transports: ["websocket", "polling"] };

test("l: with the WebSocket first and refused, the client never falls back", async (t) => {
  const { page, error, asked } = await observe(t, { poll: welcome() }, BOTH);
  isBare(error, "websocket error");
  await goesOn(page);
  assert.deepEqual([...new Set(asked)], ["websocket"]);
});

test("l: with the WebSocket first and refused, tryAllTransports connects by polling without an error", async (t) => {
  assert.equal((await connected(t, { poll: welcome() }, { ...BOTH, tryAllTransports: true })).name, "polling");
});

test("l: with polling first, a refused upgrade leaves the page on polling without an error", async (t) => {
  const { name, asked } = await connected(t, { poll: welcome(OPEN_WITH_UPGRADE) }, {});
  assert.equal(name, "polling");
  assert.ok(asked.includes("websocket"), `${asked}`);
});

test("l: with polling first and refused, the client never tries the WebSocket", async (t) => {
  const { page, error, asked } = await observe(t, { poll: answering(403), accept: welcomeSocket }, {});
  isBare(error);
  await goesOn(page);
  assert.deepEqual([...new Set(asked)], ["GET"]);
});

test("l: with polling first and refused, tryAllTransports connects by WebSocket without an error", async (t) => {
  const { name } = await connected(t, { poll: answering(403), accept: welcomeSocket }, { tryAllTransports: true });
  assert.equal(name, "websocket");
});

test("l: a first transport that hangs is not given up, with tryAllTransports neither", async (t) => {
  const { page, error, asked } = await observe(t, { accept: welcomeSocket }, { tryAllTransports: true, timeout: 200 });
  assert.equal(error.message, "timeout");
  await page.waitForFunction(() => seen.errors.length > 1);
  assert.deepEqual([...new Set(asked)], ["GET"]);
});
