// Socket.IO packets: hardening S10-S16, the rows on malformed ones, peers' rows 17 and 19 to 21.

import assert from "node:assert/strict";
import test from "node:test";
import { CALM, conformanceServer, everyWay, expectClosed, expectEcho, join, joined, labClient, sharedServer, stockJoined } from "../lib/lab.js";
import { openPeer } from "../lib/peers.js";
import { once, until, within } from "../lib/wait.js";

const server = sharedServer(CALM, { lab: true });

everyWay("an event comes back with its arguments", async (way, t) => {
  const peer = await joined(t, server, way);
  await peer.send('42["message",1,"2",{"3":[true,null]}]');
  assert.equal(await peer.next(), '42["message-back",1,"2",{"3":[true,null]}]');
});

everyWay("an event without arguments comes back without", async (way, t) => {
  const peer = await joined(t, server, way);
  await peer.send('42["message"]');
  assert.equal(await peer.next(), '42["message-back"]');
});

const TWO = '["message",{"_placeholder":true,"num":0},{"deep":[{"_placeholder":true,"num":1}]}]';

everyWay("an event with two attachments comes back, attachments right behind their header", async (way, t) => {
  const peer = await joined(t, server, way);
  await peer.send(`452-${TWO}`, Buffer.from([1, 2, 3]), Buffer.from([4, 5, 6]));
  const [header, first, second] = await peer.take(3);
  assert.equal(header, `452-${TWO.replace("message", "message-back")}`);
  assert.deepEqual([first, second], [Buffer.from([1, 2, 3]), Buffer.from([4, 5, 6])]);
});

everyWay("an event with an ack is acked with the arguments", async (way, t) => {
  const peer = await joined(t, server, way);
  await peer.send('42456["message-with-ack",1,"2",{"3":[false]}]');
  assert.equal(await peer.next(), '43456[1,"2",{"3":[false]}]');
});

everyWay("a binary event with an ack is acked with binary", async (way, t) => {
  const peer = await joined(t, server, way);
  await peer.send(`452-789${TWO.replace("message", "message-with-ack")}`, Buffer.from([1]), Buffer.alloc(0));
  const [header, first, second] = await peer.take(3);
  assert.equal(header, '462-789[{"_placeholder":true,"num":0},{"deep":[{"_placeholder":true,"num":1}]}]');
  assert.deepEqual([first, second], [Buffer.from([1]), Buffer.alloc(0)]);
});

everyWay("events of a namespace carry its name", async (way, t) => {
  const peer = await joined(t, server, way, "/lab");
  await peer.send('42/lab,1["echo","a"]', '451-/lab,2["echo",{"_placeholder":true,"num":0}]', Buffer.from("x"));
  assert.deepEqual(await peer.take(3), ['43/lab,1["a"]', '461-/lab,2[{"_placeholder":true,"num":0}]', Buffer.from("x")]);
});

/** Placeholders for `count` attachments. */
const holes = (count) => Array.from({ length: count }, (_, num) => ({ _placeholder: true, num }));

everyWay("ten attachments are taken", async (way, t) => {
  const peer = await joined(t, server, way);
  await peer.send(`4510-["message",${holes(10).map((hole) => JSON.stringify(hole)).join()}]`, ...holes(10).map(({ num }) => Buffer.from([num])));
  const packets = await peer.take(11);
  assert.match(packets[0], /^4510-\["message-back"/);
  assert.deepEqual(packets[10], Buffer.from([9]));
});

const MALFORMED = [
  ["an unknown type", "4abc"],
  ["type 9", "4999"],
  ["type 7", '47["x"]'],
  ["an empty packet", "4"],
  ["data that is an object", "42{}"],
  ["no data", "42"],
  ["an empty array", "42[]"],
  ["a name that is an object", "42[{}]"],
  ["a name that is null", "42[null]"],
  ["a name that is true", '42[true,"x"]'],
  ["a name with toString", '42[{"toString":"x"}]'],
  ["an array that is not closed", '42["a"'],
  ["text behind the array", '42["message"]x'],
  ["a word before the array", '42abc["message-with-ack"]'],
  ["a comma too many", '42["message",]'],
  ["single quotes", "42['message']"],
  ["a number that JSON has not", '42["message",NaN]'],
  ["a control character in a string", '42["message","\u0001"]'],
  ["CONNECT with a string", '40/admin,"x"'],
  ["DISCONNECT with data", "41/admin,{}"],
  ["CONNECT_ERROR from a client", '44{"message":"x"}'],
  ["CONNECT_ERROR without data", "44"],
  ["an ack whose data is an object", "431{}"],
  ["an ack without data", "431"],
  ["an ack without id", '43["x"]'],
  ["a binary header without count", "45"],
  ["a binary header without dash", "451"],
  ["a count with letters", "45a-"],
  ["a count with a fraction", "451.23-"],
  ["a negative count", '45-1-["x"]'],
  ["a count of nothing", '45-["x"]'],
  ["a binary event whose data is an object", "451-{}"],
  ["eleven attachments", `4511-["message",${holes(11).map((hole) => JSON.stringify(hole)).join()}]`],
  ["451 million attachments", '45451000000-["x"]'],
  ["400 digits of attachments", `45${"9".repeat(400)}-["x"]`],
  ["the reserved name connect", '42["connect"]'],
  ["the reserved name connect_error", '42["connect_error"]'],
  ["the reserved name disconnect", '42["disconnect"]'],
  ["the reserved name disconnecting", '42["disconnecting"]'],
  ["the reserved name newListener", '42["newListener"]'],
  ["the reserved name removeListener", '42["removeListener"]'],
  ["an ack id of 2^53", '429007199254740992["message-with-ack"]'],
  ["an ack id of 400 digits", `42${"9".repeat(400)}["message-with-ack"]`],
  ["nesting of 100,000", `42["message",${"[".repeat(100_000)}${"]".repeat(100_000)}]`],
  ["an event name of 1,000 bytes", `42["${"n".repeat(1000)}"]`],
  ["a namespace of 1,000 bytes", `40/${"n".repeat(1000)},`],
];

for (const [what, packet] of MALFORMED) {
  everyWay(
    `${what} closes the session`,
    async (way, t) => {
      const peer = await joined(t, server, way);
      await peer.send(packet);
      await expectClosed(peer);
    },
    ["polling", "websocket"],
  );
}

everyWay("the largest ack id is answered exactly", async (way, t) => {
  const peer = await joined(t, server, way);
  await peer.send('429007199254740991["message-with-ack"]');
  assert.equal(await peer.next(), "439007199254740991[]");
});

everyWay("a number may name an event", async (way, t) => {
  const peer = await joined(t, server, way);
  await peer.send('42[1,"x"]');
  await expectEcho(peer);
});

const PLACEHOLDERS = [
  ["a placeholder whose number is a string", '451-["message",{"_placeholder":true,"num":"0"}]', 1],
  ["a placeholder named __proto__", '451-["message",{"_placeholder":true,"num":"__proto__"}]', 1],
  ["a negative placeholder", '451-["message",{"_placeholder":true,"num":-1}]', 1],
  ["a placeholder with a fraction", '451-["message",{"_placeholder":true,"num":0.5}]', 1],
  ["a placeholder out of range", '451-["message",{"_placeholder":true,"num":1}]', 1],
  ["a placeholder of a thousand million", '451-["message",{"_placeholder":true,"num":1000000000}]', 1],
  ["a placeholder used twice", '451-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]', 1],
  ["a placeholder that is missing", '451-["message","none"]', 1],
  ["a placeholder without number", '451-["message",{"_placeholder":true}]', 1],
];

for (const [what, header, attachments] of PLACEHOLDERS) {
  everyWay(
    `${what} closes the session`,
    async (way, t) => {
      const peer = await joined(t, server, way);
      peer.send(header, ...Array(attachments).fill(Buffer.from([1]))).catch(() => {});
      await expectClosed(peer);
    },
    ["polling", "websocket"],
  );
}

everyWay("a placeholder that is not marked as one stays what it is", async (way, t) => {
  const peer = await joined(t, server, way);
  await peer.send('42["message",{"_placeholder":false,"num":0}]');
  assert.equal(await peer.next(), '42["message-back",{"_placeholder":false,"num":0}]');
});

everyWay("text between attachments closes the session", async (way, t) => {
  const peer = await joined(t, server, way);
  peer.send(`452-${TWO}`, Buffer.from([1]), '42["message"]').catch(() => {});
  await expectClosed(peer);
});

everyWay("a ping between attachments is no text between them", async (way, t) => {
  const brisk = await conformanceServer({ ...CALM, SOCKETIO_PING_INTERVAL: "2s" });
  t.after(() => brisk.stop());
  const peer = await joined(t, brisk, way, "/", undefined, { pings: "deliver" });
  await peer.send(`452-${TWO}`, Buffer.from([1]));
  assert.equal(await peer.next(), "2");
  await peer.send("3", Buffer.from([2]));
  assert.match(await peer.next(), /^452-\["message-back"/);
});

everyWay("binary without a header closes the session", async (way, t) => {
  const peer = await joined(t, server, way);
  await peer.send(Buffer.from([1, 2, 3]));
  await expectClosed(peer);
});

everyWay("binary before CONNECT closes the session", async (way, t) => {
  const peer = await openPeer(t, server, way);
  await peer.send(Buffer.from([1, 2, 3]));
  await expectClosed(peer);
});

everyWay("a client that leaves in the middle of its attachments disturbs nobody", async (way, t) => {
  const peer = await joined(t, server, way);
  await peer.send(`452-${TWO}`, Buffer.from([1]));
  await peer.abandon();
  const next = await joined(t, server, way);
  await next.send('451-["message",{"_placeholder":true,"num":0}]', Buffer.from([9]));
  assert.deepEqual((await next.take(2))[1], Buffer.from([9]));
  assert.ok(server.isAlive);
});

everyWay("an event for a namespace that was never joined closes the session", async (way, t) => {
  const peer = await joined(t, server, way);
  await peer.send('42/custom,["message"]');
  await expectClosed(peer);
});

everyWay("an event for a namespace that the client left itself closes the session", async (way, t) => {
  const peer = await joined(t, server, way);
  await join(peer, "/custom");
  await peer.send("41/custom,", '42/custom,["message"]');
  await expectClosed(peer);
});

everyWay("an event that crosses a kick is ignored", async (way, t) => {
  const peer = await joined(t, server, way);
  await join(peer, "/lab");
  await peer.send('42/lab,["kick",{"close":false}]');
  assert.equal(await peer.next(), "41/lab,");
  await peer.send('42/lab,5["echo","crossing"]', '451-/lab,["echo",{"_placeholder":true,"num":0}]', Buffer.from([1]), "41/lab,");
  await expectEcho(peer);
});

everyWay("lone surrogates and every escape travel as they came", async (way, t) => {
  const peer = await joined(t, server, way);
  await peer.send('42["message","\\ud800","\\u0000\\b\\f\\n\\r\\t\\"\\\\","\\udc00x"]');
  const answer = JSON.parse((await peer.next()).slice(2));
  assert.deepEqual(answer, ["message-back", "\ud800", '\u0000\b\f\n\r\t"\\', "\udc00x"]);
});

everyWay("every plane of Unicode travels in names and arguments", async (way, t) => {
  const peer = await joined(t, server, way);
  const text = Array.from({ length: 17 }, (_, plane) => String.fromCodePoint(plane * 0x10000 + 0xfff)).join("");
  await peer.send(`42["message","${text}"]`);
  assert.equal(await peer.next(), `42["message-back","${text}"]`);
});

everyWay("large JSON travels", async (way, t) => {
  const peer = await joined(t, server, way);
  const large = JSON.stringify(Array.from({ length: 20_000 }, (_, n) => ({ n, text: `item ${n}` })));
  assert.ok(large.length > 600_000 && large.length < 990_000);
  await peer.send(`42["message",${large}]`);
  assert.equal(await peer.next(), `42["message-back",${large}]`);
});

everyWay("members named after object prototypes are data", async (way, t) => {
  const peer = await joined(t, server, way);
  await peer.send('42["message",{"__proto__":1,"constructor":{"prototype":2}}]');
  assert.match(await peer.next(), /^42\["message-back",\{/);
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) await peer.send(`42["${name}",1]`);
  await expectEcho(peer);
});

everyWay("headers and attachments stay together while many emit at once", async (way, t) => {
  const peer = await joined(t, server, way, "/lab");
  const others = await Promise.all([1, 2, 3].map(() => labClient(t, server, "websocket")));
  await peer.send('42/lab,0["join","crowd"]');
  await peer.next();
  for (let n = 0; n < 30; n++) {
    for (const other of others) other.emit("to", { room: "crowd", event: "noise", args: [n] });
    await peer.send(`452-/lab,${n + 1}["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`, Buffer.from([n]), Buffer.from([n, n]));
  }
  for (let acks = 0; acks < 30; ) {
    const packet = await peer.next();
    assert.equal(typeof packet, "string", "an attachment without its header");
    if (!packet.startsWith("46")) continue;
    const id = Number(/^462-\/lab,(\d+)/.exec(packet)[1]);
    assert.deepEqual(await peer.take(2), [Buffer.from([id - 1]), Buffer.from([id - 1, id - 1])]);
    acks++;
  }
});

test("headers and attachments stay together while stock clients upgrade", async (t) => {
  for (let round = 0; round < 10; round++) {
    const client = await stockJoined(t, server, "polling", "/", { transports: ["polling", "websocket"] });
    const back = [];
    client.on("message-back", (n, data, more) => back.push([n, Buffer.from(data).length, Buffer.from(more).length]));
    for (let n = 1; n <= 20; n++) client.emit("message", n, Buffer.alloc(n), Buffer.alloc(n * 2));
    if (client.io.engine.transport.name === "polling") await once(client.io.engine, "upgrade");
    for (let n = 21; n <= 40; n++) client.emit("message", n, Buffer.alloc(n), Buffer.alloc(n * 2));
    await until(() => back.length === 40);
    assert.deepEqual(back, Array.from({ length: 40 }, (_, n) => [n + 1, n + 1, (n + 1) * 2]));
    client.disconnect();
  }
});

test("the stock client's binary of every kind arrives", async (t) => {
  const client = await labClient(t, server, "upgraded");
  const bytes = new Uint8Array([0, 255, 128, 7]);
  const answer = await within(new Promise((resolve) => client.emit("echo", bytes, Buffer.from("text"), { deep: [bytes.buffer] }, (...args) => resolve(args))));
  const [first, second, third] = answer;
  assert.deepEqual([...Buffer.from(first)], [...bytes]);
  assert.equal(Buffer.from(second).toString(), "text");
  assert.deepEqual([...Buffer.from(third.deep[0])], [...bytes]);
});
