// A refusal that will pass: by status, before a session opens, so that the stock client's own pauses grow (contract §3).

import assert from "node:assert/strict";
import test from "node:test";
import { bellgate, browser, connectPage, open, pages } from "../lib/browser.js";
import { firstError, isBare, logged } from "../lib/refusal.js";

const chromium = browser();

/** First pause of the client that waits, in milliseconds; each later one is twice as long. */
const PAUSE = 40;
const PATIENT = { reconnection: true, reconnectionDelay: PAUSE, reconnectionDelayMax: 60_000, randomizationFactor: 0 };

/** A gateway with one seat and a page that sits on it; the other page has been turned away. */
async function turnedAway(t, transports) {
  const port = await pages(t);
  const gate = await bellgate(t, { FLASK_PORT: String(port), SOCKETIO_MAX_CONNECTIONS: "1" });
  const sitting = await open(t, chromium, `http://localhost:${port}/`);
  await connectPage(sitting, gate.url, "polling");
  const waiting = await open(t, chromium, `http://localhost:${port}/`);
  await waiting.evaluate(([to, given]) => connect(to, given), [gate.url, { transports, ...PATIENT }]);
  return { gate, sitting, waiting, error: await firstError(t, waiting) };
}

test("a page for which there is no seat reads 503, when to come back, and comes back later each time", async (t) => {
  const { gate, sitting, waiting, error } = await turnedAway(t, ["polling"]);
  assert.deepEqual([error.message, error.description, error.status, error.active], ["xhr poll error", 503, 503, true]);
  const body = JSON.parse(error.responseText);
  assert.deepEqual([body.error, body.category, body.retry], ["server_full", "capacity", "backoff"]);
  assert.ok(body.retry_after_ms > 0, error.responseText);
  assert.equal(Number(error.retryAfter), Math.ceil(body.retry_after_ms / 1000), "Retry-After is exposed to the page");
  await logged(gate, "server_full", body.request_id);

  await waiting.waitForFunction(() => seen.attempts.length >= 4);
  const { errors, attempts } = await waiting.evaluate(() => seen);
  const pauses = attempts.slice(0, 4).map((at, index) => at - errors[index].ms);
  t.diagnostic(`pauses: ${pauses.map(Math.round)} ms`);
  // The clock of `ms` is rounded, and a timer may be early by less than a millisecond.
  for (const [index, pause] of pauses.entries()) assert.ok(pause >= PAUSE * 2 ** index - 2, `pauses: ${pauses}`);

  await sitting.evaluate(() => socket.disconnect());
  await waiting.waitForFunction(() => seen.connects > 0);
});

test("a page that can only use WebSockets sees that it failed, goes on, and connects once a seat is free", async (t) => {
  const { sitting, waiting, error } = await turnedAway(t, ["websocket"]);
  isBare(error, "websocket error");
  await sitting.evaluate(() => socket.disconnect());
  await waiting.waitForFunction(() => seen.connects > 0);
});
