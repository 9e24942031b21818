// A second SIGTERM: contract §12, peers' row 7. What waits is thrown away, and the process is gone at once.

import assert from "node:assert/strict";
import test from "node:test";
import { API_KEY, bellgate } from "../lib/browser.js";
import { request } from "../lib/http.js";
import { WAYS, openPeer, query } from "../lib/peers.js";
import { SOON, until, within } from "../lib/wait.js";

const HUGE = 200_000;
const EVENTS = 150;

/** A server that would take an hour to go down, and holds 30 MB for a client. */
const patient = (t) => bellgate(t, { BELLGATE_DRAIN_WINDOW: "1h", SOCKETIO_SEND_BUFFER: "64MiB" });

/** Emits to all, as the web application would. */
async function emit(server, ...args) {
  const body = JSON.stringify({ event: "news", args, to: { all: true } });
  const headers = { Authorization: `Bearer ${API_KEY}`, "Content-Type": "application/json" };
  const answer = await request(server, "/api/v1/emit", { method: "POST", headers, body });
  assert.equal(answer.text, '{"online":1}');
}

async function join(peer) {
  await peer.send("40");
  assert.match(await peer.next(), /^40\{/);
}

/** SIGTERM twice; how the process ended. */
async function stopTwice(server) {
  server.child.kill("SIGTERM");
  await until(() => server.output.includes("going down"), SOON, "the server to go down");
  assert.ok(server.isAlive, "one SIGTERM waits for the sessions");
  server.child.kill("SIGTERM");
  const how = await within(server.exited, SOON, "the end of the server after a second SIGTERM");
  assert.doesNotMatch(server.output, /panicked at/);
  return how;
}

test("a second SIGTERM ends the process at once and in order, with clients connected in every way", async (t) => {
  const server = await patient(t);
  const peers = await Promise.all(WAYS.map((way) => openPeer(t, server, way)));
  await Promise.all(peers.map(join));
  assert.deepEqual(await stopTwice(server), { code: 0, signal: null });
  assert.match(server.output, /stopped at once/);
  await Promise.all(peers.map((peer) => peer.closed()));
});

test("a second SIGINT does the same", async (t) => {
  const server = await patient(t);
  await join(await openPeer(t, server, "websocket"));
  server.child.kill("SIGINT");
  await until(() => server.output.includes("going down"), SOON, "the server to go down");
  server.child.kill("SIGINT");
  assert.deepEqual(await within(server.exited, SOON, "the end of the server"), { code: 0, signal: null });
});

test("a forced stop throws away what waits for a WebSocket that does not read", async (t) => {
  const server = await patient(t);
  const peer = await openPeer(t, server, "websocket");
  await join(peer);
  peer.socket.pause();
  const filler = "x".repeat(HUGE);
  for (let n = 0; n < EVENTS; n++) await emit(server, n, filler);
  assert.deepEqual(await stopTwice(server), { code: 0, signal: null });
  peer.socket.resume();
  await peer.closed();
  const got = peer.inbox.takeAll().map((packet) => JSON.parse(packet.slice(2))[1]);
  assert.ok(got.length < EVENTS, "the kernel does not hold 30 MB, so the server must have waited for the client");
  assert.deepEqual(got, got.map((_, index) => index), "what arrives is the beginning, whole and in order");
});

test("a forced stop throws away what waits for a poller without a GET", async (t) => {
  const server = await patient(t);
  const { text } = await request(server, query("/socket.io/", "polling"));
  const url = query("/socket.io/", "polling", JSON.parse(text.slice(1)).sid);
  await request(server, url, { method: "POST", body: "40" });
  assert.match((await request(server, url)).text, /^40\{/);
  await emit(server, "queued");
  assert.deepEqual(await stopTwice(server), { code: 0, signal: null });
  await assert.rejects(request(server, url), { code: "ECONNREFUSED" });
});
