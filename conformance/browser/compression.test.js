// permessage-deflate with a real browser: off unless asked for, agreed on where it is.

import assert from "node:assert/strict";
import test from "node:test";
import { bellgate, browser, connectPage, notified, open, pages, publish } from "../lib/browser.js";
import { within } from "../lib/wait.js";

const chromium = browser();

/** Connects a page by WebSocket and returns the headers of the handshake's answer, as the browser saw them. */
async function handshake(t, env) {
  const port = await pages(t);
  const gate = await bellgate(t, { FLASK_PORT: String(port), ...env });
  const page = await open(t, chromium, `http://localhost:${port}/`);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  const seen = new Promise((resolve) => devtools.on("Network.webSocketHandshakeResponseReceived", ({ response }) => resolve(response)));
  await connectPage(page, gate.url, "websocket");
  const { status, headers } = await within(seen);
  assert.equal(status, 101);
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return { page, gate, headers: Object.fromEntries(lower) };
}

test("a browser gets no extension by default", async (t) => {
  const { headers } = await handshake(t, {});
  assert.equal(headers["sec-websocket-extensions"], undefined);
});

test("a browser and the server agree on permessage-deflate, and messages above the threshold arrive", async (t) => {
  const { page, gate, headers } = await handshake(t, { SOCKETIO_COMPRESSION: "1024" });
  assert.match(headers["sec-websocket-extensions"], /permessage-deflate/);
  assert.match(headers["sec-websocket-extensions"], /server_no_context_takeover/);
  for (const message of ["short", "long ".repeat(390), "\u{1f600}".repeat(900)]) {
    assert.equal((await publish(gate, { title: message.slice(0, 4), message })).status, 202);
    assert.equal((await notified(page, message.slice(0, 4))).message, message);
  }
});

test("a poll answer above the threshold is decompressed by the browser", async (t) => {
  const port = await pages(t);
  const gate = await bellgate(t, { FLASK_PORT: String(port), SOCKETIO_COMPRESSION: "1024" });
  const page = await open(t, chromium, `http://localhost:${port}/`);
  await connectPage(page, gate.url, "polling");
  const message = "long ".repeat(390);
  await publish(gate, { title: "by polling", message });
  assert.equal((await notified(page, "by polling")).message, message);
});
