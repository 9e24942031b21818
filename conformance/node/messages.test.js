// Engine.IO messages: hardening E8-E11 and E14-E16, the rows on POST bodies and sizes, peers' rows 5, 6 and 17.

import assert from "node:assert/strict";
import test from "node:test";
import { RawSocket, request, statusOf } from "../lib/http.js";
import { CALM, everyWay, expectClosed, sharedServer } from "../lib/lab.js";
import { openPeer, query } from "../lib/peers.js";

const server = sharedServer({ ...CALM, SOCKETIO_CORS_ORIGINS: "http://localhost:5000" });
const PATH = "/engine.io/";
const LIMIT = 1_000_000;

/** A polling session without a waiting GET. */
async function opened() {
  const answer = await request(server, query(PATH, "polling"));
  const { sid } = JSON.parse(answer.text.slice(1));
  const path = query(PATH, "polling", sid);
  const post = (body, headers) => request(server, path, { method: "POST", body, headers });
  return { sid, path, post, poll: () => request(server, path) };
}

/** Sends a POST byte by byte of the test's choosing. */
async function rawPost(path, headers, body = "") {
  const raw = await RawSocket.open(server);
  await raw.write(`POST ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`);
  if (body) await raw.write(body);
  return raw;
}

test("a POST is answered by ok and the echo by the next GET", async () => {
  const session = await opened();
  const answer = await session.post("4hello");
  assert.deepEqual([answer.status, answer.text], [200, "ok"]);
  assert.equal((await session.poll()).text, "4hello");
});

test("three packets of one POST come back in one GET", async () => {
  const session = await opened();
  assert.equal((await session.post("4test1\x1e4test2\x1e4test3")).text, "ok");
  assert.equal((await session.poll()).text, "4test1\x1e4test2\x1e4test3");
});

test("binary travels as base64 beside text", async () => {
  const session = await opened();
  await session.post("4hello\x1ebAQIDBA==");
  assert.equal((await session.poll()).text, "4hello\x1ebAQIDBA==");
});

for (const bad of ["abc", "", "\x1e", "4a\x1e", "8", "bAQ=DBA", "b!", "\u00e9"]) {
  test(`the POST ${JSON.stringify(bad)} ends the session`, async () => {
    const session = await opened();
    const answer = await session.post(bad).catch(() => ({ status: 400 }));
    assert.equal(answer.status, 400);
    await session.poll();
    assert.equal((await session.poll()).status, 400);
  });
}

test("a POST that is not UTF-8 ends the session", async () => {
  const session = await opened();
  assert.equal((await session.post(Buffer.from([0x34, 0xff, 0xfe]))).status, 400);
  await session.poll();
  assert.equal((await session.poll()).status, 400);
});

everyWay("text is echoed", async (way, t) => {
  const peer = await openPeer(t, server, way, { path: PATH });
  await peer.send("4hello");
  assert.equal(await peer.next(), "4hello");
});

everyWay("binary is echoed as binary", async (way, t) => {
  const peer = await openPeer(t, server, way, { path: PATH });
  await peer.send(Buffer.from([1, 2, 3, 4]));
  assert.deepEqual(await peer.next(), Buffer.from([1, 2, 3, 4]));
});

everyWay("binary without bytes is echoed", async (way, t) => {
  const peer = await openPeer(t, server, way, { path: PATH });
  await peer.send(Buffer.alloc(0), "4after");
  assert.deepEqual(await peer.take(2), [Buffer.alloc(0), "4after"]);
});

everyWay("a message without text is echoed", async (way, t) => {
  const peer = await openPeer(t, server, way, { path: PATH });
  await peer.send("4", "4after");
  assert.deepEqual(await peer.take(2), ["4", "4after"]);
});

everyWay("a packet that cannot be read closes the session", async (way, t) => {
  const peer = await openPeer(t, server, way, { path: PATH });
  await peer.send("abc");
  await expectClosed(peer);
});

for (const packet of ["0{}", "2", "6"]) {
  everyWay(`the packet ${packet}, which only a server sends, closes the session`, async (way, t) => {
    const peer = await openPeer(t, server, way, { path: PATH });
    await peer.send(packet);
    await expectClosed(peer);
  });
}

test("a POST of octet-stream is answered by 400 and ends the session", async () => {
  const session = await opened();
  const answer = await session.post(Buffer.from([4, 1, 2]), { "Content-Type": "application/octet-stream" });
  assert.equal(answer.status, 400);
  assert.equal((await session.poll()).status, 400);
});

test("a compressed POST is answered by 415", async () => {
  const session = await opened();
  const answer = await session.post("4hello", { "Content-Encoding": "gzip" });
  assert.equal(answer.status, 415);
});

test("a POST over the limit is answered by 413 from its length alone, and ends the session", async () => {
  const session = await opened();
  const raw = await rawPost(session.path, `Content-Length: ${LIMIT + 1}\r\n`);
  assert.equal(statusOf(await raw.readUntil("\r\n\r\n")), 413);
  raw.close();
  assert.equal((await session.poll()).status, 400);
});

test("the 413 carries the CORS headers of an admitted origin", async () => {
  const session = await opened();
  const raw = await rawPost(session.path, `Origin: http://localhost:5000\r\nContent-Length: ${LIMIT + 1}\r\n`);
  const answer = (await raw.readUntil("\r\n\r\n")).toString("latin1").toLowerCase();
  assert.match(answer, /^http\/1\.1 413/);
  assert.match(answer, /\r\naccess-control-allow-origin: http:\/\/localhost:5000\r\n/);
  raw.close();
});

test("a chunked POST over the limit is cut, and ends the session", async () => {
  const session = await opened();
  const raw = await rawPost(session.path, "Transfer-Encoding: chunked\r\n");
  const chunk = `${(100_000).toString(16)}\r\n${"4".repeat(100_000)}\r\n`;
  for (let sent = 0; sent <= 10 && !raw.isClosed; sent++) await raw.write(chunk).catch(() => {});
  const answer = await raw.readUntil((bytes) => raw.isClosed || bytes.includes("\r\n\r\n"));
  if (answer.length > 0) assert.equal(statusOf(answer), 413);
  raw.close();
  assert.equal((await session.poll()).status, 400);
});

test("two overlapping POSTs end the session", async () => {
  const session = await opened();
  const raw = await rawPost(session.path, "Content-Length: 100\r\n", "4begun");
  await session.post("4second").then(
    (answer) => assert.equal(answer.status, 400),
    () => {},
  );
  raw.close();
  assert.equal((await session.poll()).status, 400);
});

test("a thousand packets in one POST are all handled", async (t) => {
  const peer = await openPeer(t, server, "polling", { path: PATH });
  const packets = Array.from({ length: 1000 }, (_, n) => `4n${n}`);
  assert.equal((await peer.send(...packets)).text, "ok");
  assert.deepEqual(await peer.take(1000), packets);
});

test("a packet more than a thousand in one POST is answered by 400 and ends the session", async () => {
  const session = await opened();
  const answer = await session.post(Array.from({ length: 1001 }, (_, n) => `4n${n}`).join("\x1e"));
  assert.equal(answer.status, 400);
  await session.poll();
  assert.equal((await session.poll()).status, 400);
});

test("a body cut before its length delivers nothing and ends the session", async () => {
  for (const end of ["close", "reset"]) {
    const session = await opened();
    const raw = await rawPost(session.path, "Content-Length: 100\r\n", "4whole\x1e4cut");
    raw[end]();
    const answer = await session.poll();
    assert.ok(!answer.text.includes("4whole"), answer.text);
    if (answer.status === 200) assert.equal((await session.poll()).status, 400);
    else assert.equal(answer.status, 400);
  }
});

test("a chunked body, cut inside a character, is put together", async () => {
  const session = await opened();
  const bytes = Buffer.from("4\u{1f600}\u00e9\u4e2d");
  const raw = await rawPost(session.path, "Transfer-Encoding: chunked\r\n");
  raw.socket.setNoDelay(true);
  for (const byte of bytes) await raw.write(Buffer.concat([Buffer.from("1\r\n"), Buffer.from([byte]), Buffer.from("\r\n")]));
  await raw.write("0\r\n\r\n");
  assert.equal(statusOf(await raw.readUntil("ok")), 200);
  raw.close();
  assert.equal((await session.poll()).text, "4\u{1f600}\u00e9\u4e2d");
});

test("a connection for each request works as well as one for all", async () => {
  const session = await opened();
  for (const n of [1, 2, 3]) {
    await session.post(`4n${n}`, { Connection: "close" });
    const answer = await request(server, session.path, { headers: { Connection: "close" } });
    assert.equal(answer.text, `4n${n}`);
    assert.equal(answer.headers.connection, "close");
  }
});

test("a pipelined pair of requests is answered in order", async () => {
  const session = await opened();
  const raw = await RawSocket.open(server);
  const post = `POST ${session.path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\n4hello`;
  await raw.write(`${post}GET ${session.path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  const answers = (await raw.readUntil("4hello")).toString("latin1");
  assert.ok(answers.indexOf("\r\n\r\nok") > 0 && answers.indexOf("\r\n\r\nok") < answers.indexOf("4hello"), answers);
  raw.close();
});

everyWay("a message of exactly the limit passes, counted in bytes", async (way, t) => {
  const peer = await openPeer(t, server, way, { path: PATH });
  const message = `4${"\u00e9".repeat((LIMIT - 2) / 2)}x`;
  assert.equal(Buffer.byteLength(message), LIMIT);
  await peer.send(message);
  assert.equal(await peer.next(), message);
});

everyWay("a message of one byte more does not pass, though it has fewer characters", async (way, t) => {
  const peer = await openPeer(t, server, way, { path: PATH });
  const message = `4${"\u00e9".repeat(LIMIT / 2)}`;
  assert.ok(message.length < LIMIT && Buffer.byteLength(message) === LIMIT + 1);
  peer.send(message).catch(() => {});
  const { code } = await expectClosed(peer);
  if (way !== "polling") assert.equal(code, 1009);
});

test("the limit holds for the fragments of a WebSocket message in sum", async (t) => {
  const fine = await openPeer(t, server, "websocket", { path: PATH });
  const half = "x".repeat(LIMIT / 2 - 1);
  fine.socket.send(`4${half}`, { fin: false });
  fine.socket.send(half, { fin: true });
  assert.equal((await fine.next()).length, LIMIT - 1);
  const over = await openPeer(t, server, "websocket", { path: PATH });
  over.socket.send(`4${half}`, { fin: false });
  over.socket.send(`${half}xx`, { fin: true });
  assert.equal((await over.closed()).code, 1009);
});

everyWay("every plane of Unicode is echoed", async (way, t) => {
  const peer = await openPeer(t, server, way, { path: PATH });
  const planes = Array.from({ length: 17 }, (_, plane) => String.fromCodePoint(plane * 0x10000 + 0x0041, plane * 0x10000 + 0xfffd));
  const message = `4${planes.join("")}\u0000\u007f\u0080\u07ff\u0800\u2028`;
  await peer.send(message);
  assert.equal(await peer.next(), message);
});

test("an answer is not stored and not sniffed", async () => {
  const session = await opened();
  await session.post("4hello");
  for (const answer of [await session.poll(), await request(server, query(PATH, "polling", "unknown"))]) {
    assert.match(answer.headers["cache-control"], /no-store/);
    assert.equal(answer.headers["x-content-type-options"], "nosniff");
    assert.match(answer.headers.vary ?? "", /origin/i);
  }
});

test("an answer above the threshold stays plain where compression is off", async (t) => {
  const peer = await openPeer(t, server, "polling", { path: PATH, headers: { "Accept-Encoding": "gzip, deflate" } });
  const message = `4${"a".repeat(5000)}`;
  await peer.send(message);
  assert.equal(await peer.next(), message);
});
