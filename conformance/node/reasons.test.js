// What disconnect handlers are told, in socket.io's words: peers' row 28. The lab prints `gone SID REASON`.
//
// Each row of the table is something that a client, the network or the server does, and the reason that follows from it.

import assert from "node:assert/strict";
import test from "node:test";
import { RawSocket, request } from "../lib/http.js";
import { CALM, conformanceServer, heldGet, join, sharedServer } from "../lib/lab.js";
import { WAYS, openPeer, query } from "../lib/peers.js";
import { SOON, until } from "../lib/wait.js";

const LIMIT = 100_000;
const server = sharedServer({ ...CALM, SOCKETIO_MAX_HTTP_BUFFER_SIZE: String(LIMIT) }, { lab: true, admin: true });

const POLLING = ["polling"];
const WEBSOCKET = ["websocket", "upgraded"];

/** Sends and does not care what becomes of the answer: the server may close before it. */
const say = (...packets) => (peer) => void peer.send(...packets).catch(() => {});
/** Bytes as they are, below the WebSocket. */
const bare = (...bytes) => (peer) => peer.socket._socket.write(Buffer.from(bytes));

/** What happens, in which ways, and the reason that handlers are told. */
const TABLE = [
  ["the client leaves the namespace", WAYS, say("41/lab,"), "client namespace disconnect"],
  ["the server disconnects the socket", WAYS, say('42/lab,["kick",{"close":false}]'), "server namespace disconnect"],
  ["the server closes the connection", WAYS, say('42/lab,["kick",{"close":true}]'), "server namespace disconnect"],

  ["the client says goodbye by 1", WAYS, say("1"), "transport close"],
  ["the client closes its WebSocket", WEBSOCKET, (peer) => peer.socket.close(1000), "transport close"],
  ["the page goes away", WEBSOCKET, (peer) => peer.socket.close(1001), "transport close"],
  ["the connection ends without a close frame", WEBSOCKET, (peer) => peer.socket._socket.end(), "transport close"],
  // Node's server says "transport error" here; it is the same event as a WebSocket that ends (hardening E13).
  ["the waiting GET is cut", POLLING, cutGet, "transport close"],

  // Node's server never sees the error below its WebSocket, and says "transport close".
  ["the connection is reset", WEBSOCKET, (peer) => peer.socket._socket.resetAndDestroy(), "transport error"],
  ["two GETs wait at once", POLLING, (peer) => void peer.request("GET").catch(() => {}), "transport error"],
  ["a POST is too large", POLLING, say(`4${"x".repeat(LIMIT)}`), "transport error"],
  ["a POST is cut", POLLING, cutPost, "transport error"],
  ["a POST is binary", POLLING, binaryPost, "transport error"],
  ["a WebSocket message is too large", WEBSOCKET, say(`4${"x".repeat(LIMIT)}`), "transport error"],
  ["a WebSocket frame is not masked", WEBSOCKET, bare(0x81, 0x01, 0x34), "transport error"],
  ["a WebSocket frame has an unknown opcode", WEBSOCKET, bare(0x83, 0x80, 0, 0, 0, 0), "transport error"],
  ["a WebSocket text is not UTF-8", WEBSOCKET, bare(0x81, 0x81, 0, 0, 0, 0, 0xff), "transport error"],
  ["pongs come in a flood", WAYS, say(...Array(1000).fill("3")), "transport error"],

  ["an Engine.IO packet has an unknown type", WAYS, say("9"), "parse error"],
  ["a Socket.IO packet has an unknown type", WAYS, say("4abc"), "parse error"],
  ["an event is no array", WAYS, say("42/lab,{}"), "parse error"],
  ["an event has a reserved name", WAYS, say('42/lab,["connect"]'), "parse error"],
  ["the namespace is joined a second time", WAYS, say("40/lab,"), "parse error"],
  ["attachments come without a header", WAYS, say(Buffer.from([1])), "parse error"],
  ["text comes between attachments", WAYS, say('451-/lab,["echo",{"_placeholder":true,"num":0}]', '42/lab,["echo"]'), "parse error"],
];

for (const [what, ways, act, reason] of TABLE) {
  for (const way of ways) {
    test(`${what}: ${reason} (${way})`, async (t) => {
      const peer = await openPeer(t, server, way);
      const sid = await join(peer, "/lab");
      await act(peer);
      assert.deepEqual(await told(server, sid), [reason]);
    });
  }
}

for (const way of WAYS) {
  test(`a ping is not answered: ping timeout (${way})`, async (t) => {
    const env = { ...CALM, SOCKETIO_PING_INTERVAL: "2s", SOCKETIO_PING_TIMEOUT: "1s" };
    const brisk = await conformanceServer(env, { lab: true });
    t.after(() => brisk.stop());
    const peer = await openPeer(t, brisk, way, { pings: "deliver" });
    const sid = await join(peer, "/lab");
    assert.deepEqual(await told(brisk, sid), ["ping timeout"]);
  });
}

test("the server goes down: server shutting down, in every way", async (t) => {
  const own = await conformanceServer(CALM, { lab: true });
  const peers = await Promise.all(WAYS.map((way) => openPeer(t, own, way)));
  const sids = await Promise.all(peers.map((peer) => join(peer, "/lab")));
  await own.stop();
  for (const sid of sids) assert.deepEqual(await told(own, sid), ["server shutting down"]);
});

test("a client that does not read what it is sent: transport close", async (t) => {
  const own = await conformanceServer({ ...CALM, SOCKETIO_SEND_BUFFER: "64KiB" }, { lab: true });
  t.after(() => own.stop());
  const peer = await openPeer(t, own, "websocket");
  const sid = await join(peer, "/lab");
  peer.socket.pause();
  const flood = `42/lab,["back","${"x".repeat(50_000)}"]`;
  await until(() => (say(flood)(peer), reasons(own, sid).length > 0), SOON, "the end of the slow client");
  assert.deepEqual(await told(own, sid), ["transport close"]);
});

test("a client that joined no namespace tells no handler", async (t) => {
  const own = await conformanceServer({ ...CALM, SOCKETIO_CONNECT_TIMEOUT: "2s" }, { lab: true });
  const peers = await Promise.all(WAYS.map((way) => openPeer(t, own, way)));
  await Promise.all(peers.map((peer) => peer.closed()));
  await own.stop();
  assert.doesNotMatch(own.output, /^gone /m);
});

test("each of these ends was told once", () => {
  const sids = [...server.output.matchAll(/^gone (\S+) /gm)].map(([, sid]) => sid);
  const expected = TABLE.reduce((sum, [, ways]) => sum + ways.length, 0);
  assert.equal(new Set(sids).size, sids.length);
  assert.equal(sids.length, expected);
});

/** The reasons told for one socket so far. */
function reasons(on, sid) {
  return [...on.output.matchAll(/^gone (\S+) (.*)$/gm)].filter(([, gone]) => gone === sid).map(([, , reason]) => reason);
}

/** The same, once there is one. */
async function told(on, sid) {
  return until(() => reasons(on, sid).length > 0 && reasons(on, sid), SOON, `the end of ${sid} to be told`);
}

/** Leaves a GET that the server holds. */
async function cutGet(peer) {
  peer.paused = true;
  await peer.send('42/lab,["back","last"]');
  assert.equal(await peer.next(), '42/lab,["back","last"]');
  await peer.polling;
  const raw = await heldGet(server, query(peer.path, "polling", peer.sid));
  raw.close();
}

async function cutPost(peer) {
  const raw = await RawSocket.open(peer.server);
  await raw.write(`POST ${query(peer.path, "polling", peer.sid)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n4half`);
  raw.reset();
}

async function binaryPost(peer) {
  const headers = { "Content-Type": "application/octet-stream" };
  const url = query(peer.path, "polling", peer.sid);
  assert.equal((await request(peer.server, url, { method: "POST", headers, body: "4x" })).status, 400);
}
