// The conformance server and the ways in which tests drive it. Start with `labServer` and `joined`.

import assert from "node:assert/strict";
import test from "node:test";
import { io } from "socket.io-client";
import { WAYS, openPeer, query } from "./peers.js";
import { RawSocket, request } from "./http.js";
import { Program, built, freePort } from "./program.js";
import { SOON, once, until } from "./wait.js";

export { WAYS } from "./peers.js";

/** Intervals so long that no heartbeat comes while a test of something else runs. */
export const CALM = { SOCKETIO_PING_INTERVAL: "25s", SOCKETIO_PING_TIMEOUT: "20s", SOCKETIO_CONNECT_TIMEOUT: "20s" };

/** Starts the conformance server with settings from `env`; the official suites' intervals unless told otherwise. */
export async function conformanceServer(env = {}, { lab = false, admin = false, port } = {}) {
  port ??= await freePort();
  const operator = admin ? await freePort() : undefined;
  const args = ["--port", String(port), ...(lab ? ["--lab"] : [])];
  const own = {
    SOCKETIO_RATE_LIMITING: "false",
    BELLGATE_ADMIN_ADDR: admin ? `127.0.0.1:${operator}` : "off",
    BELLGATE_DRAIN_WINDOW: "1s",
  };
  const command = built("bellgate-conformance-server", "BELLGATE_CONFORMANCE_SERVER");
  const program = await Program.start(command, args, { ...own, ...env }, port);
  program.admin = { host: "127.0.0.1", port: operator };
  return program;
}

/** A GET that the server has taken in and holds. The server must have been started with `admin`. */
export async function heldGet(server, url) {
  const begun = async () => {
    const { text } = await request(server.admin, "/metrics");
    return Number(/^bellgate_http_requests_total (\d+)/m.exec(text)[1]);
  };
  const before = await begun();
  const raw = await RawSocket.open(server);
  await raw.write(`GET ${url} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await until(async () => (await begun()) > before, SOON, "the server to take the GET in");
  return raw;
}

/** The conformance server for all tests of one file, stopped and checked behind the last. */
export function sharedServer(env, options) {
  const shared = {};
  test.before(async () => Object.assign(shared, { it: await conformanceServer(env, options) }));
  test.after(() => shared.it?.stop());
  return new Proxy({}, { get: (_, name) => shared.it[name], set: (_, name, value) => ((shared.it[name] = value), true) });
}

/** One test for each way of carrying packets. */
export function everyWay(title, body, ways = WAYS) {
  for (const way of ways) test(`${title} (${way})`, (t) => body(way, t));
}

/** A raw peer that has joined `namespace` and taken what the server says at once. */
export async function joined(t, server, way, namespace = "/", auth = undefined, options = {}) {
  const peer = await openPeer(t, server, way, options);
  await join(peer, namespace, auth);
  return peer;
}

/** Joins one namespace on an open peer and returns the Socket.IO sid. */
export async function join(peer, namespace = "/", auth = undefined) {
  const prefix = namespace === "/" ? "" : `${namespace},`;
  await peer.send(`40${prefix}${auth === undefined ? "" : JSON.stringify(auth)}`);
  const answer = await peer.next();
  assert.match(answer, /^40/, `CONNECT to ${namespace} was answered by ${answer}`);
  const { sid } = JSON.parse(answer.slice(2 + prefix.length));
  if (namespace !== "/lab") assert.match(await peer.next(), new RegExp(`^42${prefix}\\["auth",`));
  return sid;
}

/** The next packet must be the answer to an `echo` in the lab: whatever should not have come has not. */
export async function expectQuiet(peer, mark = "quiet") {
  await peer.send(`42/lab,9["echo","${mark}"]`);
  assert.equal(await peer.next(), `43/lab,9["${mark}"]`);
}

/** The same barrier on `/`. */
export async function expectEcho(peer, mark = "still here") {
  await peer.send(`42["message","${mark}"]`);
  assert.equal(await peer.next(), `42["message-back","${mark}"]`);
}

/** The server must end this session, and know its id no more. */
export async function expectClosed(peer, ms) {
  const reason = await peer.closed(ms);
  const later = await request(peer.server, query(peer.path, "polling", peer.sid));
  assert.equal(later.status, 400, `a GET after the end: ${later.text}`);
  return reason;
}

/** The transports of the stock client in each way. */
const TRANSPORTS = { polling: ["polling"], websocket: ["websocket"], upgraded: ["polling", "websocket"] };

/** A stock client, not necessarily connected yet. The test's end disconnects it. */
export function stock(t, server, way, namespace = "/", options = {}) {
  const transports = TRANSPORTS[way];
  const socket = io(`${server.url}${namespace}`, { transports, forceNew: true, reconnection: false, ...options });
  t.after(() => {
    socket.io.reconnection(false);
    socket.disconnect();
    socket.io.engine?.close();
  });
  return socket;
}

/** A stock client that is connected, and upgraded where the way says so. */
export async function stockJoined(t, server, way, namespace = "/", options = {}) {
  const socket = stock(t, server, way, namespace, options);
  await once(socket, "connect");
  if (way === "upgraded" && socket.io.engine.transport.name !== "websocket") await once(socket.io.engine, "upgrade");
  return socket;
}

/** A stock client in the lab. */
export function labClient(t, server, way, auth = {}, options = {}) {
  return stockJoined(t, server, way, "/lab", { auth, ...options });
}

/** Emits and waits for the ack. */
export function ask(socket, event, ...args) {
  return socket.timeout(SOON).emitWithAck(event, ...args);
}
