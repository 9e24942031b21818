// Joining namespaces: hardening S1-S9, the rows on CONNECT, peers' rows 27 and 29.

import assert from "node:assert/strict";
import test from "node:test";
import { CALM, conformanceServer, everyWay, expectClosed, expectEcho, expectQuiet, join, joined, labClient, sharedServer, stock, ask } from "../lib/lab.js";
import { openPeer } from "../lib/peers.js";
import { once, until } from "../lib/wait.js";

const server = sharedServer(CALM, { lab: true });

for (const namespace of ["/", "/custom"]) {
  const prefix = namespace === "/" ? "" : `${namespace},`;
  for (const [payload, told] of [
    ["", "{}"],
    ["{}", "{}"],
    ['{"token":"123"}', '{"token":"123"}'],
    ['{"a":[1,{"b":null}],"\\u00e9":"\u{1f600}"}', '{"a":[1,{"b":null}],"é":"\u{1f600}"}'],
  ]) {
    everyWay(`CONNECT to ${namespace} with ${payload || "nothing"} is answered by the sid alone, then the handler's event`, async (way, t) => {
      const peer = await openPeer(t, server, way);
      await peer.send(`40${prefix}${payload}`);
      const [answer, event] = await peer.take(2);
      assert.ok(answer.startsWith(`40${prefix}{`), answer);
      const body = JSON.parse(answer.slice(2 + prefix.length));
      assert.deepEqual(Object.keys(body), ["sid"]);
      assert.notEqual(body.sid, peer.sid);
      assert.ok(event.startsWith(`42${prefix}[`), event);
      assert.deepEqual(JSON.parse(event.slice(2 + prefix.length)), ["auth", JSON.parse(told)]);
    });
  }
}

everyWay("CONNECT to an unknown namespace is refused with the suite's words, and the transport stays open", async (way, t) => {
  const peer = await openPeer(t, server, way);
  await peer.send("40/random");
  const refusal = await peer.next();
  assert.ok(refusal.startsWith("44/random,"), refusal);
  assert.equal(JSON.parse(refusal.slice(10)).message, "Invalid namespace");
  await join(peer);
  await expectEcho(peer);
});

test("the conformance server refuses an unknown namespace with the message alone", async (t) => {
  const peer = await openPeer(t, server, "websocket");
  await peer.send("40/random");
  assert.equal(await peer.next(), '44/random,{"message":"Invalid namespace"}');
});

everyWay("a namespace's query is no part of its name", async (way, t) => {
  const peer = await openPeer(t, server, way);
  await peer.send("40/custom?token=1,");
  assert.match(await peer.next(), /^40\/custom,\{"sid":"/);
});

for (const packet of ['42["message","early"]', '421["message-with-ack"]', "4abc", "41", '430["x"]', '451-["x",{"_placeholder":true,"num":0}]']) {
  everyWay(`${packet} before CONNECT closes the session`, async (way, t) => {
    const peer = await openPeer(t, server, way);
    await peer.send(packet);
    await expectClosed(peer);
  });
}

for (const payload of ["[]", '"x"', "null", "1", "true", "{", '{"a":}', "{}x"]) {
  everyWay(`CONNECT with ${payload} closes the session`, async (way, t) => {
    const peer = await openPeer(t, server, way);
    await peer.send(`40${payload}`);
    await expectClosed(peer);
  });
}

everyWay("an event behind a CONNECT that is not answered yet closes the session", async (way, t) => {
  const peer = await openPeer(t, server, way);
  await peer.send('40/lab,{"delay_ms":3000}', '42/lab,1["echo","early"]');
  await expectClosed(peer);
});

everyWay("a second CONNECT to the same namespace closes the session", async (way, t) => {
  const peer = await joined(t, server, way);
  await peer.send("40");
  await expectClosed(peer);
});

everyWay("a second CONNECT right behind the first closes the session", async (way, t) => {
  const peer = await openPeer(t, server, way);
  await peer.send('40/lab,{"delay_ms":3000}', "40/lab,");
  await expectClosed(peer);
});

everyWay("two namespaces are joined over one session, and leaving one keeps the other", async (way, t) => {
  const peer = await joined(t, server, way);
  await join(peer, "/custom");
  await peer.send("41/custom,");
  await expectEcho(peer);
});

everyWay("leaving the last namespace keeps the transport", async (way, t) => {
  const peer = await joined(t, server, way);
  await peer.send("41");
  await join(peer);
  await expectEcho(peer);
});

test("leaving / brings nothing but the next ping", async (t) => {
  const brisk = await conformanceServer({ ...CALM, SOCKETIO_PING_INTERVAL: "2s" });
  t.after(() => brisk.stop());
  const peer = await joined(t, brisk, "websocket", "/", undefined, { pings: "deliver" });
  await peer.send("41");
  assert.equal(await peer.next(), "2");
});

/** Pings come before the connect timeout, and one that is answered late closes nothing: nothing else does in time. */
const HASTY = { SOCKETIO_CONNECT_TIMEOUT: "3s", SOCKETIO_PING_INTERVAL: "300ms", SOCKETIO_PING_TIMEOUT: "60s" };

everyWay("a session that joins nothing is closed at the connect timeout, though it answers pings", async (way, t) => {
  const brisk = await conformanceServer(HASTY);
  t.after(() => brisk.stop());
  const start = performance.now();
  const peer = await openPeer(t, brisk, way);
  await expectClosed(peer);
  const passed = performance.now() - start;
  assert.ok(passed > 2990, `closed after ${passed} ms`);
});

everyWay("a session whose only CONNECT was refused is closed at the connect timeout", async (way, t) => {
  const brisk = await conformanceServer(HASTY);
  t.after(() => brisk.stop());
  const start = performance.now();
  const peer = await openPeer(t, brisk, way);
  await peer.send("40/random");
  assert.match(await peer.next(), /^44\/random,/);
  await expectClosed(peer);
  const passed = performance.now() - start;
  assert.ok(passed > 2990, `closed after ${passed} ms`);
});

everyWay("a session that has joined outlives the connect timeout", async (way, t) => {
  // Time enough to join before the first ping; the second one comes behind the timeout.
  const brisk = await conformanceServer({ ...CALM, SOCKETIO_CONNECT_TIMEOUT: "3s", SOCKETIO_PING_INTERVAL: "2s" });
  t.after(() => brisk.stop());
  const peer = await joined(t, brisk, way, "/", undefined, { pings: "deliver" });
  for (let round = 0; round < 2; round++) {
    assert.equal(await peer.next(), "2");
    await peer.send("3");
  }
  await expectEcho(peer);
});

everyWay("a refusal by a handler brings message and data, and the transport stays open", async (way, t) => {
  const peer = await openPeer(t, server, way);
  const refuse = { message: "not today", data: { code: 17, why: ["a", { b: 1 }] } };
  await peer.send(`40/lab,${JSON.stringify({ refuse })}`);
  const answer = await peer.next();
  assert.ok(answer.startsWith("44/lab,"), answer);
  assert.deepEqual(JSON.parse(answer.slice(7)), refuse);
  await join(peer, "/lab");
  await expectQuiet(peer);
});

everyWay("the stock client gets message and data of a refusal and stops", async (way, t) => {
  const refuse = { message: "not today", data: { code: 17 } };
  const client = stock(t, server, way, "/lab", { auth: { refuse } });
  const [error] = await once(client, "connect_error");
  assert.deepEqual([error.message, error.data, client.active], ["not today", { code: 17 }, false]);
});

everyWay("CONNECTs of one session are judged in order, other sessions do not wait", async (way, t) => {
  const peer = await openPeer(t, server, way);
  await peer.send('40/lab,{"delay_ms":4000}', "40");
  const other = await joined(t, server, way);
  await expectEcho(other);
  assert.deepEqual(peer.inbox.takeAll(), []);
  assert.match(await peer.next(), /^40\/lab,/);
  assert.match(await peer.next(), /^40\{/);
});

everyWay("a client that leaves while its CONNECT is judged is never connected", async (way, t) => {
  const watcher = await labClient(t, server, "websocket");
  const peer = await openPeer(t, server, way);
  const user = `gone-${way}`;
  await peer.send(`40/lab,${JSON.stringify({ user, delay_ms: 300 })}`);
  const other = await openPeer(t, server, "websocket");
  await other.send(`40/lab,${JSON.stringify({ user: `${user}-stays`, delay_ms: 600 })}`);
  await peer.abandon();
  // The second CONNECT is answered later than the first would have been.
  assert.match(await other.next(), /^40\/lab,/);
  assert.equal(await ask(watcher, "to", { user: `${user}-stays`, event: "x" }), 1);
  assert.equal(await ask(watcher, "to", { user, event: "x" }), 0);
});

test("two clients that join a namespace at once both get in", async (t) => {
  const clients = await Promise.all(Array.from({ length: 10 }, (_, n) => labClient(t, server, n % 2 ? "polling" : "websocket", { user: "many" })));
  assert.equal(await ask(clients[0], "to", { user: "many", event: "x" }), 10);
  for (const client of clients.slice(1)) client.disconnect();
  await until(async () => (await ask(clients[0], "to", { user: "many", event: "x" })) === 1);
});
