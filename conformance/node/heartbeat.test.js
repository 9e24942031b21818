// Heartbeats: hardening E17-E20, peers' rows 9 and 10.

import assert from "node:assert/strict";
import test from "node:test";
import { request } from "../lib/http.js";
import { WAYS, conformanceServer, everyWay, expectClosed, sharedServer } from "../lib/lab.js";
import { openLane, openPeer, query } from "../lib/peers.js";
import { SOON, until } from "../lib/wait.js";

const INTERVAL = 300;
const TIMEOUT = 200;
/** What a busy machine may add before a client sees something. */
const SLACK = 5000;
const PATH = "/engine.io/";
const server = sharedServer();

/** A server for tests that answer pings, which a busy machine may do late, and that join no namespace. */
const PATIENCE = 4000;
const patient = sharedServer({ SOCKETIO_PING_TIMEOUT: `${PATIENCE}ms`, SOCKETIO_CONNECT_TIMEOUT: "60s" });

/** A polling session without a waiting GET. */
async function opened(on) {
  const { text } = await request(on, query(PATH, "polling"));
  const { sid } = JSON.parse(text.slice(1));
  const path = query(PATH, "polling", sid);
  return { sid, poll: () => request(on, path), post: (body) => request(on, path, { method: "POST", body }) };
}

for (const path of ["/engine.io/", "/socket.io/"]) {
  everyWay(`a ping comes every interval, not before the first, on ${path}`, async (way, t) => {
    const before = performance.now();
    const peer = await openPeer(t, patient, way, { path, pings: "deliver" });
    for (let round = 1; round <= 3; round++) {
      assert.equal(await peer.next(), "2");
      const passed = performance.now() - before;
      assert.ok(passed >= round * INTERVAL - 5, `ping ${round} came after ${passed} ms`);
      assert.ok(passed <= round * (INTERVAL + SLACK), `ping ${round} came after ${passed} ms`);
      await peer.send("3");
    }
  });

  everyWay(`a session that does not answer pings ends at interval and timeout, on ${path}`, async (way, t) => {
    const before = performance.now();
    const peer = await openPeer(t, server, way, { path, pings: "deliver" });
    await peer.closed();
    const passed = performance.now() - before;
    assert.ok(passed >= INTERVAL + TIMEOUT - 5, `closed after ${passed} ms`);
    assert.ok(passed <= INTERVAL + TIMEOUT + SLACK, `closed after ${passed} ms`);
    assert.equal((await request(server, query(path, "polling", peer.sid))).status, 400);
  });
}

test("a session of which nothing is heard is dead at interval and timeout, without a GET", async () => {
  const before = performance.now();
  const { post } = await opened(server);
  // A POST does not disturb the session and tells whether it lives.
  await until(async () => (await post("4x")).status === 400, SOON, "the end of the silent session");
  const passed = performance.now() - before;
  assert.ok(passed >= INTERVAL + TIMEOUT - 5, `dead after ${passed} ms`);
  assert.ok(passed <= INTERVAL + TIMEOUT + SLACK, `dead after ${passed} ms`);
});

everyWay("a pong gives the next ping its full time", async (way, t) => {
  const peer = await openPeer(t, patient, way, { path: PATH, pings: "deliver" });
  assert.equal(await peer.next(), "2");
  const answered = performance.now();
  await peer.send("3");
  assert.equal(await peer.next(), "2");
  await peer.closed();
  const passed = performance.now() - answered;
  assert.ok(passed >= INTERVAL + PATIENCE - 5, `closed ${passed} ms after the pong`);
});

test("messages do not stand for a pong", async (t) => {
  const peer = await openPeer(t, server, "websocket", { path: PATH, pings: "deliver" });
  const talk = setInterval(() => peer.send("4noise").catch(() => {}), 20);
  t.after(() => clearInterval(talk));
  const before = performance.now();
  await peer.closed();
  assert.ok(performance.now() - before <= INTERVAL + TIMEOUT + SLACK);
});

for (const lane of ["POST", "WebSocket"]) {
  test(`a ping sent by polling is answered by ${lane} while the session is upgraded`, async (t) => {
    const { sid, poll, post } = await opened(patient);
    assert.equal((await poll()).text, "2");
    const socket = await openLane(t, patient, PATH, sid);
    await socket.send("2probe");
    assert.equal(await socket.next(), "3probe");
    if (lane === "POST") await post("3");
    await socket.send("5");
    if (lane === "WebSocket") await socket.send("3");
    for (let round = 0; round < 3; round++) {
      assert.equal(await socket.next(), "2");
      await socket.send("3");
    }
  });
}

test("the heartbeat goes on while a probe is left open", async (t) => {
  const { sid, poll, post } = await opened(patient);
  const socket = await openLane(t, patient, PATH, sid);
  await socket.send("2probe");
  assert.equal(await socket.next(), "3probe");
  for (let round = 0; round < 2; round++) {
    await until(async () => (await poll()).text.split("\x1e").includes("2"), SOON, "a ping by polling");
    assert.equal((await post("3")).text, "ok");
  }
});

test("short intervals are kept on every transport", async (t) => {
  const brisk = await conformanceServer({ SOCKETIO_PING_INTERVAL: "200ms", SOCKETIO_PING_TIMEOUT: "4s" });
  t.after(() => brisk.stop());
  const outlive = async (way) => {
    const peer = await openPeer(t, brisk, way, { path: PATH, pings: "deliver" });
    for (let round = 0; round < 5; round++) {
      assert.equal(await peer.next(), "2");
      await peer.send("3");
    }
    await peer.send("4alive");
    assert.equal(await peer.next(), "4alive");
  };
  await Promise.all(WAYS.map(outlive));
});

everyWay("a flood of unsolicited pongs closes the session", async (way, t) => {
  const peer = await openPeer(t, server, way, { path: PATH });
  for (let n = 0; n < 20; n++) peer.send(...Array(50).fill("3")).catch(() => {});
  await expectClosed(peer);
}, ["websocket", "polling"]);
