// `/client/config.json` as a page uses it: the object is the stock client's options.

import assert from "node:assert/strict";
import http from "node:http";
import test from "node:test";
import { io } from "socket.io-client";
import { request } from "../lib/http.js";
import { CALM, conformanceServer } from "../lib/lab.js";
import { once, within } from "../lib/wait.js";

/** The server's own options, unchanged, on a connection of its own. */
async function connected(t, env) {
  const server = await conformanceServer({ ...CALM, ...env });
  t.after(() => server.stop());
  const answer = await request(server, "/client/config.json");
  assert.equal(answer.status, 200, answer.text);
  const socket = io(server.url, { ...JSON.parse(answer.text), forceNew: true });
  t.after(() => socket.close());
  await once(socket, "connect");
  const [back] = await within(Promise.all([once(socket, "message-back"), socket.emit("message", "hello")]));
  assert.deepEqual(back, ["hello"]);
  return socket;
}

test("a stock client with the served options connects by WebSocket at once and reconnects for ever", async (t) => {
  const { io: manager } = await connected(t);
  assert.equal(manager.engine.transport.name, "websocket");
  assert.equal(manager.reconnection(), true);
  assert.equal(manager.reconnectionAttempts(), Infinity);
  assert.equal(manager.reconnectionDelay(), 1000);
  assert.equal(manager.reconnectionDelayMax(), 30_000);
  assert.equal(manager.timeout(), 20_000);
  assert.equal(manager.opts.withCredentials, true);
});

test("a stock client follows a path, a transport and pauses of the settings", async (t) => {
  const { io: manager } = await connected(t, {
    SOCKETIO_PATH: "/live/",
    SOCKETIO_TRANSPORTS: "polling",
    SOCKETIO_RECONNECTION_ATTEMPTS: "3",
    SOCKETIO_RECONNECTION_DELAY: "250",
    SOCKETIO_TIMEOUT: "4s",
  });
  assert.equal(manager.engine.transport.name, "polling");
  assert.equal(manager.engine.opts.path, "/live/");
  assert.equal(manager.reconnectionAttempts(), 3);
  assert.equal(manager.reconnectionDelay(), 250);
  assert.equal(manager.timeout(), 4000);
});

test("a stock client with the served options falls back to polling where WebSockets do not get through", async (t) => {
  const server = await conformanceServer(CALM);
  t.after(() => server.stop());
  const options = JSON.parse((await request(server, "/client/config.json")).text);
  // A proxy that passes requests on and cuts every upgrade.
  const proxy = http.createServer((incoming, answer) => {
    const { method, headers, url } = incoming;
    const onward = http.request({ host: server.host, port: server.port, method, headers, path: url, agent: false }, (back) => {
      answer.writeHead(back.statusCode, back.headers);
      back.pipe(answer);
    });
    onward.on("error", () => answer.destroy());
    answer.on("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  proxy.on("upgrade", (_, socket) => socket.destroy());
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise((resolve) => proxy.close(resolve).closeAllConnections()));
  const socket = io(`http://127.0.0.1:${proxy.address().port}`, { ...options, forceNew: true });
  t.after(() => socket.close());
  await once(socket, "connect");
  assert.equal(socket.io.engine.transport.name, "polling");
});
