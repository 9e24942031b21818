// Acks in both directions and broadcasts with acks: peers' rows 22 and 23.

import assert from "node:assert/strict";
import test from "node:test";
import { CALM, ask, everyWay, expectQuiet, join, joined, labClient, sharedServer } from "../lib/lab.js";
import { openPeer } from "../lib/peers.js";
import { once, within } from "../lib/wait.js";

const server = sharedServer(CALM, { lab: true });

/** Asks the server for a question and returns the question's ack id. */
async function questioned(peer, timeout_ms = 10_000, id = 7) {
  await peer.send(`42/lab,${id}["ask",{"timeout_ms":${timeout_ms}}]`);
  const question = await peer.next();
  const [, ack] = /^42\/lab,(\d+)\["question"\]$/.exec(question) ?? assert.fail(`no question: ${question}`);
  return Number(ack);
}

everyWay("an ack reaches the server's question with all its arguments", async (way, t) => {
  const peer = await joined(t, server, way, "/lab");
  const id = await questioned(peer);
  await peer.send(`43/lab,${id}["yes",2,{"three":[4]}]`);
  assert.equal(await peer.next(), '43/lab,7["yes",2,{"three":[4]}]');
});

everyWay("an ack with binary reaches the server's question", async (way, t) => {
  const peer = await joined(t, server, way, "/lab");
  const id = await questioned(peer);
  await peer.send(`461-/lab,${id}[{"_placeholder":true,"num":0}]`, Buffer.from([1, 2, 3]));
  assert.deepEqual(await peer.take(2), ['461-/lab,7[{"_placeholder":true,"num":0}]', Buffer.from([1, 2, 3])]);
});

everyWay("a second ack of the same id is ignored", async (way, t) => {
  const peer = await joined(t, server, way, "/lab");
  const id = await questioned(peer);
  await peer.send(`43/lab,${id}["first"]`, `43/lab,${id}["second"]`);
  assert.equal(await peer.next(), '43/lab,7["first"]');
  await expectQuiet(peer);
});

everyWay("an ack of an id that nobody waits for is ignored", async (way, t) => {
  const peer = await joined(t, server, way, "/lab");
  await peer.send('43/lab,123456["x"]', '431["x"]'.replace("431", "43/lab,9007199254740991"), '461-/lab,99[{"_placeholder":true,"num":0}]', Buffer.from([1]));
  await expectQuiet(peer);
});

everyWay("a question that is not answered times out", async (way, t) => {
  const peer = await joined(t, server, way, "/lab");
  const id = await questioned(peer, 100);
  assert.equal(await peer.next(), '43/lab,7[{"timeout":true}]');
  await peer.send(`43/lab,${id}["late"]`);
  await expectQuiet(peer);
});

everyWay("an ack counts only in its own namespace", async (way, t) => {
  const peer = await joined(t, server, way);
  await join(peer, "/lab");
  const id = await questioned(peer, 300);
  await peer.send(`43${id}["wrong namespace"]`);
  assert.equal(await peer.next(), '43/lab,7[{"timeout":true}]');
});

everyWay("the same ack id in two namespaces means two things", async (way, t) => {
  const peer = await joined(t, server, way);
  await join(peer, "/lab");
  await peer.send('425["message-with-ack","root"]', '42/lab,5["echo","lab"]');
  assert.deepEqual((await peer.take(2)).sort(), ['43/lab,5["lab"]', '435["root"]']);
});

everyWay("an ack from another client is not taken for an answer", async (way, t) => {
  const peer = await joined(t, server, way, "/lab");
  const other = await joined(t, server, "websocket", "/lab");
  const id = await questioned(peer, 300);
  for (let guess = id - 2; guess <= id + 2; guess++) if (guess >= 0) await other.send(`43/lab,${guess}["forged"]`);
  await expectQuiet(other);
  assert.equal(await peer.next(), '43/lab,7[{"timeout":true}]');
});

everyWay("no ack comes after the client has left, and nothing breaks", async (way, t) => {
  const peer = await joined(t, server, way, "/lab");
  await peer.send('42/lab,1["slow",{"ms":200,"value":"late"}]', "41/lab,");
  await join(peer, "/lab");
  await peer.send('42/lab,2["slow",{"ms":300,"value":"kept"}]');
  assert.equal(await peer.next(), '43/lab,2["kept"]');
});

/** `count` clients in one room that answer a question with their number, unless `answer` says otherwise. */
async function crowd(t, room, count, answer = (n, ack) => ack(n)) {
  const ways = ["polling", "websocket", "upgraded"];
  const clients = await Promise.all(Array.from({ length: count }, (_, n) => labClient(t, server, ways[n % 3])));
  await Promise.all(clients.map((client) => ask(client, "join", room)));
  clients.forEach((client, n) => client.on("question", (ack) => answer(n, ack, client)));
  return clients;
}

test("a broadcast with acks collects all answers", async (t) => {
  const clients = await crowd(t, "all-answer", 6);
  const { answers, missing } = await ask(clients[0], "ask-all", { room: "all-answer", timeout_ms: 60_000 });
  assert.deepEqual([answers.sort(), missing], [[0, 1, 2, 3, 4, 5], 0]);
});

test("a broadcast with acks ends at its time with those that answered", async (t) => {
  const clients = await crowd(t, "some-answer", 6, (n, ack) => n % 2 === 0 && ack(n));
  const { answers, missing } = await ask(clients[0], "ask-all", { room: "some-answer", timeout_ms: 3000 });
  assert.deepEqual([answers.sort(), missing], [[0, 2, 4], 3]);
});

test("a broadcast with acks to nobody is answered at once", async (t) => {
  const client = await labClient(t, server, "websocket");
  assert.deepEqual(await ask(client, "ask-all", { room: "empty", timeout_ms: 60_000 }), { answers: [], missing: 0 });
});

test("a broadcast with acks counts each client once, however often it answers", async (t) => {
  const clients = await crowd(t, "raw-answer", 1, () => {});
  const peer = await openPeer(t, server, "websocket");
  await join(peer, "/lab");
  await peer.send('42/lab,1["join","raw-answer"]');
  await peer.next();
  const answered = ask(clients[0], "ask-all", { room: "raw-answer", timeout_ms: 3000 });
  const [, id] = /^42\/lab,(\d+)\["question"\]$/.exec(await peer.next());
  await peer.send(`43/lab,${id}["once"]`, `43/lab,${id}["twice"]`);
  assert.deepEqual(await answered, { answers: ["once"], missing: 1 });
});

test("a client that leaves before its answer does not hold a broadcast up", async (t) => {
  const clients = await crowd(t, "leavers", 3, (n, ack, client) => (n === 2 ? client.disconnect() : ack(n)));
  const { answers } = await ask(clients[0], "ask-all", { room: "leavers", timeout_ms: 60_000 });
  assert.deepEqual(answers.sort(), [0, 1]);
});

everyWay("the stock client's own time limit and late acks do not disturb", async (way, t) => {
  const client = await labClient(t, server, way);
  await assert.rejects(client.timeout(50).emitWithAck("slow", { ms: 200, value: "late" }));
  assert.equal(await within(client.emitWithAck("slow", { ms: 1, value: "next" })), "next");
});

test("a client that retries sends the same event until it is acked, and acks stay in order", async (t) => {
  const client = await labClient(t, server, "websocket", {}, { retries: 3, ackTimeout: 1000 });
  const order = [];
  const told = (value) => new Promise((resolve) => client.emit("slow", value, (error, answer) => resolve(order.push(error ? "failed" : answer))));
  await within(Promise.all([told({ ms: 1, value: "a" }), told({ ms: 1200, value: "slow" }), told({ ms: 1, value: "b" })]), 30_000);
  assert.deepEqual([order[0], order.at(-1)], ["a", "b"]);
});

test("a client with retries loses nothing over a restart of its transport", async (t) => {
  const options = { retries: 5, ackTimeout: 2000, reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 50 };
  const client = await labClient(t, server, "websocket", {}, options);
  const acked = new Promise((resolve, reject) => client.emit("echo", "kept", (error, answer) => (error ? reject(error) : resolve(answer))));
  client.io.engine.close();
  await once(client, "connect");
  assert.equal(await within(acked), "kept");
});
