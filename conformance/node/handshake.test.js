// The Engine.IO handshake: hardening E1-E7, the rows on unknown sids and error bodies, peers' rows 1, 3, 4 and 18.

import assert from "node:assert/strict";
import test from "node:test";
import WebSocket from "ws";
import { RawSocket, request, statusOf } from "../lib/http.js";
import { sharedServer } from "../lib/lab.js";
import { openPeer, query } from "../lib/peers.js";
import { within } from "../lib/wait.js";

const server = sharedServer();
const PATHS = ["/engine.io/", "/socket.io/"];
const KEYS = ["maxPayload", "pingInterval", "pingTimeout", "sid", "upgrades"];

for (const path of PATHS) {
  test(`a polling handshake answers one open packet with five keys on ${path}`, async () => {
    const answer = await request(server, query(path, "polling"));
    assert.equal(answer.status, 200);
    assert.match(answer.headers["content-type"], /^text\/plain/);
    assert.ok(answer.text.startsWith("0{") && !answer.text.includes("\x1e"), answer.text);
    const open = JSON.parse(answer.text.slice(1));
    assert.deepEqual(Object.keys(open).sort(), KEYS);
    assert.deepEqual(open.upgrades, ["websocket"]);
    assert.deepEqual([open.pingInterval, open.pingTimeout, open.maxPayload], [300, 200, 1_000_000]);
    assert.match(open.sid, /^[\w-]{20,}$/);
  });

  test(`a WebSocket handshake sends the open packet first, without upgrades, on ${path}`, async (t) => {
    const { handshake } = await openPeer(t, server, "websocket", { path });
    assert.deepEqual(Object.keys(handshake).sort(), KEYS);
    assert.deepEqual(handshake.upgrades, []);
    assert.deepEqual([handshake.pingInterval, handshake.pingTimeout, handshake.maxPayload], [300, 200, 1_000_000]);
  });

  for (const bad of ["transport=polling", "EIO=abc&transport=polling", "EIO=5&transport=polling", "EIO=&transport=polling"]) {
    test(`a handshake with ${bad} is answered by 400 on ${path}`, async () => {
      assert.equal((await request(server, `${path}?${bad}`)).status, 400);
    });
  }

  for (const bad of ["EIO=4", "EIO=4&transport=abc", "EIO=4&transport="]) {
    test(`a handshake with ${bad} is answered by 400 with code 0 on ${path}`, async () => {
      const answer = await request(server, `${path}?${bad}`);
      assert.equal(answer.status, 400);
      assert.equal(JSON.parse(answer.text).code, 0);
    });
  }

  for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
    test(`a handshake by ${method} is answered by 400 on ${path}`, async () => {
      const answer = await request(server, query(path, "polling"), { method, body: method === "POST" ? "4x" : undefined });
      assert.equal(answer.status, 400);
    });
  }

  for (const bad of ["transport=websocket", "EIO=abc&transport=websocket", "EIO=4", "EIO=4&transport=abc"]) {
    test(`a WebSocket with ${bad} does not open on ${path}`, async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}?${bad}`);
      const ended = new Promise((resolve) => {
        socket.on("unexpected-response", (_, answer) => resolve(answer.statusCode));
        socket.on("message", (data) => resolve(`message ${data}`));
        socket.on("error", () => {});
        socket.on("close", () => resolve("closed"));
      });
      assert.ok([400, "closed"].includes(await within(ended)));
    });
  }
}

test("an unknown sid is answered by 400 with Engine.IO's code and the own members", async () => {
  for (const sid of ["abc", "__proto__", "constructor", "%00", "a".repeat(200)]) {
    const answer = await request(server, query("/socket.io/", "polling", sid));
    assert.equal(answer.status, 400, sid);
    const body = JSON.parse(answer.text);
    assert.deepEqual([body.code, body.message, body.error], [1, "Session ID unknown", "session_unknown"], sid);
    for (const member of ["category", "retry", "doc", "request_id"]) assert.ok(body[member], `${member} in ${answer.text}`);
    assert.match(answer.headers["content-type"], /^application\/json/);
  }
});

test("a POST to an unknown sid is answered by 400 with code 1", async () => {
  const answer = await request(server, query("/socket.io/", "polling", "abc"), { method: "POST", body: "4x" });
  assert.deepEqual([answer.status, JSON.parse(answer.text).code], [400, 1]);
});

test("a WebSocket with an unknown sid is refused with 400", async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}${query("/socket.io/", "websocket", "abc")}`);
  socket.on("error", () => {});
  const status = new Promise((resolve) => {
    socket.on("unexpected-response", (_, answer) => resolve(answer.statusCode));
    socket.on("open", () => resolve(101));
  });
  assert.equal(await within(status), 400);
});

test("transports named after object members are unknown, with code 0", async () => {
  for (const transport of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    const answer = await request(server, query("/socket.io/", transport));
    assert.deepEqual([answer.status, JSON.parse(answer.text).code], [400, 0], transport);
  }
  assert.ok(server.isAlive);
});

test("EIO=3 is refused with code 5", async () => {
  const answer = await request(server, "/socket.io/?EIO=3&transport=polling");
  const body = JSON.parse(answer.text);
  assert.equal(answer.status, 400);
  assert.deepEqual([body.code, body.message], [5, "Unsupported protocol version"]);
});

test("JSONP is refused with 400", async () => {
  const answer = await request(server, `${query("/socket.io/", "polling")}&j=0`);
  assert.equal(answer.status, 400);
});

test("a path below or beside the endpoint is not the endpoint", async () => {
  for (const path of ["/socket.io/foo", "/socket.io/foo/", "/Socket.IO/", "//socket.io/", "/socket.io;x/", "/socket.io/%2e%2e/x"]) {
    assert.equal((await request(server, query(path, "polling"))).status, 404, path);
  }
});

test("the path without its trailing slash is the endpoint, or clearly not: never a hang", async () => {
  const answer = await request(server, query("/socket.io", "polling"));
  assert.ok([200, 404].includes(answer.status), `${answer.status}`);
});

test("an upgrade request without key or version is answered by 400", async () => {
  const path = query("/socket.io/", "websocket");
  const start = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`;
  const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const version = "Sec-WebSocket-Version: 13\r\n";
  for (const headers of ["", key, version, `${version}Sec-WebSocket-Key: short\r\n`, `${key}Sec-WebSocket-Version: 8\r\n`]) {
    const raw = await RawSocket.open(server);
    await raw.write(`${start}${headers}\r\n`);
    const answer = await raw.readUntil("\r\n\r\n");
    assert.ok([400, 426].includes(statusOf(answer)), `${JSON.stringify(headers)}: ${raw.text}`);
    raw.close();
  }
});

test("a WebSocket to a path that nobody serves is answered, not left hanging", async () => {
  const raw = await RawSocket.open(server);
  await raw.write(
    "GET /nowhere/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  const answer = await raw.readUntil((bytes) => raw.isClosed || bytes.includes("\r\n\r\n"));
  assert.ok(raw.isClosed || statusOf(answer) === 404, raw.text);
  raw.close();
});
