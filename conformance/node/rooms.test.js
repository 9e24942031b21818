// Rooms, audiences and order: peers' rows 25, 26 and 28.

import assert from "node:assert/strict";
import test from "node:test";
import { CALM, WAYS, ask, conformanceServer, everyWay, expectClosed, expectQuiet, join, joined, labClient, sharedServer, stockJoined } from "../lib/lab.js";
import { SOON, once, until } from "../lib/wait.js";

const server = sharedServer(CALM, { lab: true });

/** Clients in every way, each with the list of `news` that it got. */
async function readers(t, auths) {
  return Promise.all(
    auths.map(async (auth, n) => {
      const client = await labClient(t, server, WAYS[n % 3], auth);
      const news = [];
      client.on("news", (...args) => news.push(args.length > 1 ? args : args[0]));
      return Object.assign(client, { news });
    }),
  );
}

/** The rooms that a client has joined, by name. */
const rooms = async (client) => (await ask(client, "whoami")).rooms.map(({ room }) => room).filter((name) => name !== undefined);

/** After each client's own echo nothing that was sent before can still be under way. */
const settled = (clients) => Promise.all(clients.map((client) => ask(client, "echo", "settled")));

test("an event to a room reaches its members and nobody else", async (t) => {
  const clients = await readers(t, [{}, {}, {}, {}]);
  await ask(clients[0], "join", "r");
  await ask(clients[1], "join", "r");
  await ask(clients[2], "join", "other");
  assert.equal(await ask(clients[3], "to", { room: "r", event: "news", args: [1] }), 2);
  await settled(clients);
  assert.deepEqual(clients.map(({ news }) => news), [[1], [1], [], []]);
});

test("a client in two target rooms gets an event once", async (t) => {
  const clients = await readers(t, [{ user: "u1" }, { user: "u2" }]);
  for (const room of ["a", "b"]) await ask(clients[0], "join", room);
  await ask(clients[1], "join", "b");
  assert.equal(await ask(clients[0], "to", { rooms: ["a", "b"], user: "u1", event: "news", args: ["once"] }), 2);
  await settled(clients);
  assert.deepEqual(clients.map(({ news }) => news), [["once"], ["once"]]);
});

test("members of an excepted room are left out", async (t) => {
  const clients = await readers(t, [{}, {}, {}]);
  for (const client of clients) await ask(client, "join", "hall");
  await ask(clients[1], "join", "quiet");
  assert.equal(await ask(clients[0], "to", { room: "hall", except: ["quiet"], event: "news", args: [2] }), 2);
  assert.equal(await ask(clients[0], "to", { room: "hall", except: ["quiet", "nobody"], event: "news", args: [3] }), 2);
  await settled(clients);
  assert.deepEqual(clients.map(({ news }) => news), [[2, 3], [], [2, 3]]);
});

test("an event to a user reaches all devices of that user", async (t) => {
  const clients = await readers(t, [{ user: "7" }, { user: "7" }, { user: "8" }, {}]);
  assert.equal(await ask(clients[2], "to", { user: "7", event: "news", args: ["x"] }), 2);
  assert.equal(await ask(clients[2], "to", { user: "8", event: "news", args: ["y"] }), 1);
  await settled(clients);
  assert.deepEqual(clients.map(({ news }) => news), [["x"], ["x"], ["y"], []]);
});

test("events reach roles and topics", async (t) => {
  const clients = await readers(t, [{ roles: ["admin"], topics: ["job:1"] }, { topics: ["job:1", "job:2"] }, { roles: ["ops"] }]);
  assert.equal(await ask(clients[2], "to", { role: "admin", event: "news", args: ["role"] }), 1);
  assert.equal(await ask(clients[2], "to", { topic: "job:1", event: "news", args: ["topic"] }), 2);
  assert.equal(await ask(clients[2], "to", { role: "admin", topic: "job:1", event: "news", args: ["both"] }), 2);
  await settled(clients);
  assert.deepEqual(clients.map(({ news }) => news), [["role", "topic", "both"], ["topic", "both"], []]);
});

test("an event to a sid reaches that client alone, and a sid can be left out", async (t) => {
  const clients = await readers(t, [{ user: "sids" }, { user: "sids" }]);
  assert.equal(await ask(clients[1], "to", { sid: clients[0].id, event: "news", args: ["one"] }), 1);
  assert.equal(await ask(clients[1], "to", { user: "sids", except_sids: [clients[0].id], event: "news", args: ["other"] }), 1);
  await settled(clients);
  assert.deepEqual(clients.map(({ news }) => news), [["one"], ["other"]]);
});

test("a room named like a user is another room", async (t) => {
  const clients = await readers(t, [{ user: "1" }, {}]);
  for (const room of ["1", "user:1", "user_1", "1:admin", "", "*", "a/b", "x".repeat(1000)]) await ask(clients[1], "join", room);
  assert.equal(await ask(clients[1], "to", { user: "1", event: "news", args: ["user"] }), 1);
  assert.equal(await ask(clients[1], "to", { room: "1", event: "news", args: ["room"] }), 1);
  await settled(clients);
  assert.deepEqual(clients.map(({ news }) => news), [["user"], ["room"]]);
});

test("a handler that panics takes nobody down", async (t) => {
  const own = await conformanceServer(CALM, { lab: true });
  own.mayPanic = true;
  t.after(() => own.stop());
  const client = await labClient(t, own, "websocket");
  client.emit("panic");
  const other = await labClient(t, own, "polling");
  assert.equal(await ask(other, "echo", "alive"), "alive");
  assert.equal(await ask(client, "echo", "alive"), "alive");
});

test("an event to all reaches all of the namespace and nobody of another", async (t) => {
  const clients = await readers(t, [{}, {}, {}]);
  const outside = await joined(t, server, "websocket");
  const count = await ask(clients[0], "to", { all: true, event: "news", args: ["all"] });
  assert.ok(count >= 3);
  await settled(clients);
  assert.deepEqual(clients.map(({ news }) => news), [["all"], ["all"], ["all"]]);
  await outside.send('42["message","quiet"]');
  assert.equal(await outside.next(), '42["message-back","quiet"]');
});

everyWay("a client that has left a room gets nothing of it, and an empty room is gone", async (way, t) => {
  const client = await labClient(t, server, way);
  await ask(client, "join", `left-${way}`);
  assert.deepEqual(await rooms(client), [`left-${way}`]);
  assert.equal(await ask(client, "to", { room: `left-${way}`, event: "news" }), 1);
  await ask(client, "leave", `left-${way}`);
  assert.deepEqual(await rooms(client), []);
  assert.equal(await ask(client, "to", { room: `left-${way}`, event: "news" }), 0);
});

everyWay("joining twice is joining once", async (way, t) => {
  const client = await labClient(t, server, way);
  for (let n = 0; n < 3; n++) await ask(client, "join", `twice-${way}`);
  assert.equal(await ask(client, "to", { room: `twice-${way}`, event: "news" }), 1);
  await ask(client, "leave", `twice-${way}`);
  assert.equal(await ask(client, "to", { room: `twice-${way}`, event: "news" }), 0);
});

everyWay("rooms are left with the namespace, the transport or a kick", async (way, t) => {
  const watcher = await labClient(t, server, "websocket");
  const ends = {
    leave: (client) => client.disconnect(),
    cut: (client) => client.io.engine.close(),
    kick: (client) => client.emit("kick", { close: false }),
    "kick out": (client) => client.emit("kick", { close: true }),
  };
  for (const [name, end] of Object.entries(ends)) {
    const user = `${name}-${way}`;
    const client = await labClient(t, server, way, { user });
    await ask(client, "join", user);
    assert.equal(await ask(watcher, "to", { room: user, user, event: "news" }), 1);
    end(client);
    await until(async () => (await ask(watcher, "to", { room: user, user, event: "news" })) === 0);
  }
});

everyWay("a join that crosses the client's leaving joins nothing", async (way, t) => {
  const watcher = await labClient(t, server, "websocket");
  const peer = await joined(t, server, way, "/lab");
  await peer.send('42/lab,1["slow",{"ms":100,"value":1}]', `42/lab,2["join","late-${way}"]`, "41/lab,");
  // The namespace is joined again after the handlers of the first visit had their time.
  await join(peer, "/lab");
  await peer.send('42/lab,3["slow",{"ms":300,"value":3}]');
  for (let packet = ""; !packet.startsWith("43/lab,3"); ) packet = await peer.next();
  assert.equal(await ask(watcher, "to", { room: `late-${way}`, event: "news" }), 0);
});

everyWay("no room is joined after a refused CONNECT", async (way, t) => {
  const watcher = await labClient(t, server, "websocket");
  const peer = await joined(t, server, way);
  const user = `refused-${way}`;
  await peer.send(`40/lab,${JSON.stringify({ user, topics: ["t"], refuse: { message: "no", data: {} } })}`);
  assert.match(await peer.next(), /^44\/lab,/);
  assert.equal(await ask(watcher, "to", { user, event: "news" }), 0);
});

everyWay("events of one client are handled in order behind a slow one", async (way, t) => {
  const peer = await joined(t, server, way, "/lab");
  await peer.send(
    '42/lab,1["slow",{"ms":150,"value":"slow"}]',
    '42/lab,2["echo","second"]',
    '42/lab,3["slow",{"ms":1,"value":"third"}]',
    '42/lab,4["echo","fourth"]',
  );
  assert.deepEqual(await peer.take(4), ['43/lab,1["slow"]', '43/lab,2["second"]', '43/lab,3["third"]', '43/lab,4["fourth"]']);
});

everyWay("a slow handler does not hold up another client", async (way, t) => {
  const slow = await labClient(t, server, way);
  const quick = await labClient(t, server, "websocket");
  let done = false;
  const waiting = ask(slow, "slow", { ms: 4000, value: 1 }).then(() => (done = true));
  assert.equal(await ask(quick, "echo", "quick"), "quick");
  assert.equal(done, false);
  await waiting;
});

everyWay("events of one sender arrive in order", async (way, t) => {
  const [reader] = await readers(t, [{ user: `order-${way}` }]);
  const sender = await labClient(t, server, way);
  for (let n = 0; n < 200; n++) sender.emit("to", { user: `order-${way}`, event: "news", args: [n] });
  await until(() => reader.news.length === 200, SOON, "200 events");
  assert.deepEqual(reader.news, Array.from({ length: 200 }, (_, n) => n));
});

everyWay("a kick from the namespace keeps the transport and is told as io server disconnect", async (way, t) => {
  const client = await labClient(t, server, way);
  const root = client.io.socket("/");
  await once(root, "connect");
  const gone = once(client, "disconnect");
  client.emit("kick", { close: false });
  assert.equal((await gone)[0], "io server disconnect");
  const [answer] = await Promise.all([once(root, "message-back"), root.emit("message", "up")]);
  assert.deepEqual(answer, ["up"]);
});

everyWay("a kick from the transport ends all namespaces", async (way, t) => {
  const client = await labClient(t, server, way);
  const root = client.io.socket("/");
  await once(root, "connect");
  const both = Promise.all([once(client, "disconnect"), once(root, "disconnect")]);
  client.emit("kick", { close: true });
  assert.deepEqual(
    (await both).map(([reason]) => reason),
    ["io server disconnect", "io server disconnect"],
  );
});

everyWay("a kick from the transport closes it", async (way, t) => {
  const peer = await joined(t, server, way);
  await join(peer, "/lab");
  await peer.send('42/lab,["kick",{"close":true}]');
  const packets = await peer.take(2);
  assert.deepEqual(packets.sort(), ["41", "41/lab,"]);
  await expectClosed(peer);
});

everyWay("a client that leaves is told io client disconnect, its transport stays while another namespace is joined", async (way, t) => {
  const client = await stockJoined(t, server, way);
  const custom = client.io.socket("/custom");
  await once(custom, "connect");
  const gone = once(custom, "disconnect");
  custom.disconnect();
  assert.equal((await gone)[0], "io client disconnect");
  const [answer] = await Promise.all([once(client, "message-back"), client.emit("message", "up")]);
  assert.deepEqual(answer, ["up"]);
});

everyWay("identity stays with the namespace that was given it", async (way, t) => {
  const auth = { user: "42", roles: ["admin", "ops"] };
  const client = await labClient(t, server, way, auth);
  const { user, roles } = await ask(client, "whoami");
  assert.deepEqual([user, roles], ["42", ["admin", "ops"]]);
  const peer = await joined(t, server, way, "/lab");
  await peer.send('42/lab,1["whoami"]');
  assert.equal(JSON.parse((await peer.next()).slice(8))[0].user ?? null, null);
  await expectQuiet(peer);
});
