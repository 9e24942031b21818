// Ends of sessions: hardening E12, E13, E21 and E22, peers' rows 7 and 8, what is left behind (18).

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import test from "node:test";
import { request } from "../lib/http.js";
import { CALM, conformanceServer, everyWay, expectClosed, heldGet, join, labClient, sharedServer, stockJoined } from "../lib/lab.js";
import { WAYS, openLane, openPeer, packetsOf, query } from "../lib/peers.js";
import { SOON, once, until, within } from "../lib/wait.js";

const server = sharedServer(CALM, { lab: true, admin: true });

/** A polling session without a waiting GET. */
async function opened(path = "/engine.io/", on = server) {
  const { text } = await request(on, query(path, "polling"));
  const { sid } = JSON.parse(text.slice(1));
  const url = query(path, "polling", sid);
  return { sid, url, poll: (options) => request(on, url, options), post: (body) => request(on, url, { method: "POST", body }) };
}

/** Polls until the session is gone and returns all packets that came. */
async function rest(session) {
  const packets = [];
  await until(async () => {
    const answer = await session.poll();
    if (answer.status === 200) packets.push(...packetsOf(answer.text));
    return answer.status === 400;
  });
  return packets;
}

for (const path of ["/engine.io/", "/socket.io/"]) {
  test(`a second GET ends the waiting one with 1, fails itself and ends the session, on ${path}`, async () => {
    const session = await opened(path);
    const first = await heldGet(server, session.url);
    const second = await session.poll();
    assert.ok([400, 500].includes(second.status), `${second.status}`);
    const answers = (await first.readUntil("\r\n\r\n1")).toString("latin1");
    assert.match(answers, /HTTP\/1\.1 200[^]*\r\n\r\n1$/);
    first.close();
    assert.equal((await session.poll()).status, 400);
  });

  test(`a client that leaves its waiting GET ends the session, on ${path}`, async () => {
    for (const leave of ["close", "reset"]) {
      const session = await opened(path);
      const raw = await heldGet(server, session.url);
      raw[leave]();
      await until(async () => (await session.post("3")).status === 400, SOON, "the end of the session");
    }
  });

  test(`1 by POST ends the waiting GET with 6 and the session, on ${path}`, async () => {
    for (let round = 0; round < 10; round++) {
      const session = await opened(path);
      const [got, posted] = await Promise.all([session.poll(), session.post("1")]);
      assert.deepEqual([got.status, got.text], [200, "6"]);
      assert.deepEqual([posted.status, posted.text], [200, "ok"]);
      assert.equal((await session.poll()).status, 400);
    }
  });

  test(`1 on a WebSocket closes it at once with 1000, on ${path}`, async (t) => {
    for (const way of ["websocket", "upgraded"]) {
      const peer = await openPeer(t, server, way, { path });
      await peer.send("1");
      assert.equal((await peer.closed()).code, 1000);
    }
  });
}

test("1 by POST before the GET: the first late GET is answered by 6, the next by 400", async () => {
  const session = await opened();
  assert.equal((await session.post("1")).text, "ok");
  const late = await session.poll();
  assert.deepEqual([late.status, late.text], [200, "6"]);
  assert.equal((await session.poll()).status, 400);
});

test("a server's close with no GET waiting is kept for the next GET, behind what was queued", async () => {
  const session = await opened("/socket.io/");
  await session.post("40/lab,");
  assert.match((await session.poll()).text, /^40\/lab,/);
  await session.post('42/lab,1["echo","queued"]\x1e42/lab,["kick",{"close":true}]');
  assert.deepEqual(
    (await rest(session)).filter((packet) => packet !== "6"),
    ['43/lab,1["queued"]', "41/lab,", "1"],
  );
});

test("the last payload of a graceful close ends with 6 and 1", async () => {
  const session = await opened("/socket.io/");
  await session.post("40/lab,");
  await session.poll();
  await session.post('42/lab,["kick",{"close":true}]');
  assert.deepEqual((await rest(session)).slice(-2), ["6", "1"]);
});

test("41 and the close come in payloads of their own: the stock client reads a close first and would reconnect", async () => {
  const session = await opened("/socket.io/");
  await session.post("40/lab,");
  await session.poll();
  const waiting = session.poll();
  await session.post('42/lab,["kick",{"close":true}]');
  const first = packetsOf((await waiting).text);
  assert.ok(first.includes("41/lab,") && !first.includes("1"), JSON.stringify(first));
  assert.ok((await rest(session)).includes("1"));
});

everyWay("a server's close flushes what was queued", async (way, t) => {
  const peer = await openPeer(t, server, way);
  await join(peer, "/lab");
  const big = "x".repeat(100_000);
  await peer.send(...[1, 2, 3].map((id) => `42/lab,${id}["echo","${big}"]`), '42/lab,["kick",{"close":true}]');
  const packets = await peer.take(4);
  assert.deepEqual(
    packets.slice(0, 3),
    [1, 2, 3].map((id) => `43/lab,${id}["${big}"]`),
  );
  assert.equal(packets[3], "41/lab,");
  await expectClosed(peer);
});

test("a WebSocket close frame is answered by one, and the session is gone", async (t) => {
  const peer = await openPeer(t, server, "websocket", { path: "/engine.io/" });
  peer.socket.close(1000, "bye");
  assert.equal((await peer.closed()).code, 1000);
  assert.equal((await request(server, query("/engine.io/", "polling", peer.sid))).status, 400);
});

test("sessions that were cut leave no descriptors behind", async (t) => {
  const own = await conformanceServer(CALM);
  t.after(() => own.stop());
  const descriptors = () => readdirSync(`/proc/${own.child.pid}/fd`).length;
  const before = descriptors();
  for (let round = 0; round < 20; round++) {
    const peers = await Promise.all(WAYS.map((way) => openPeer(t, own, way)));
    for (const peer of peers) peer.abandon();
    const session = await opened("/socket.io/", own);
    const lane = await openLane(t, own, "/socket.io/", session.sid);
    lane.socket._socket.resetAndDestroy();
  }
  await until(() => descriptors() <= before + 1, SOON, `descriptors to go back to ${before}`);
});

test("SIGTERM ends the server with status 0, with clients connected in every way", async (t) => {
  const own = await conformanceServer(CALM, { lab: true });
  const peers = await Promise.all(WAYS.map((way) => openPeer(t, own, way)));
  const clients = await Promise.all(WAYS.map((way) => labClient(t, own, way)));
  const reasons = clients.map((client) => once(client, "disconnect"));
  await own.stop();
  for (const peer of peers) await peer.closed();
  for (const [reason] of await Promise.all(reasons)) {
    assert.notEqual(reason, "io server disconnect", "a stock client stays away after this reason");
  }
});

for (const way of WAYS) {
  test(`a stock client reconnects by itself after a restart (${way})`, async (t) => {
    const first = await conformanceServer(CALM);
    const options = { reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 100 };
    const client = await stockJoined(t, first, way, "/", options);
    const gone = once(client, "disconnect");
    await first.kill();
    await gone;
    const back = once(client, "connect");
    const second = await conformanceServer(CALM, { port: first.port });
    t.after(() => second.stop());
    await back;
    const [answer] = await within(Promise.all([once(client, "message-back"), client.emit("message", "again")]));
    assert.deepEqual(answer, ["again"]);
  });
}
