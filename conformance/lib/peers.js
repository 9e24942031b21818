// Engine.IO clients without a library's opinions: what is sent is what the test says. Start with `openPeer`.
//
// A packet is a string with its type digit (`4hello`) or a Buffer. Pings are answered unless `pings: "deliver"`.

import http from "node:http";
import WebSocket from "ws";
import { request } from "./http.js";
import { Inbox, SOON, within } from "./wait.js";

/** The three ways in which a session can carry packets. */
export const WAYS = ["polling", "websocket", "upgraded"];

const SEPARATOR = "\x1e";

/** Opens a session on `path` in one of the `WAYS`. The test's end closes it. */
export async function openPeer(t, server, way, { path = "/socket.io/", pings = "answer", headers = {} } = {}) {
  const peer = new { polling: Polling, websocket: Socket, upgraded: Upgraded }[way](server, path, pings, headers);
  t.after(() => peer.abandon());
  await peer.open();
  return peer;
}

/** A WebSocket for the session `sid`, accepted but not probed. The test's end closes it. */
export async function openLane(t, server, path, sid) {
  const lane = new Socket(server, path, "deliver", {});
  t.after(() => lane.abandon());
  lane.sid = sid;
  lane.connect(query(path, "websocket", sid));
  await within(lane.accepted, SOON, "the WebSocket to be accepted");
  return lane;
}

/** The query of an Engine.IO request. */
export function query(path, transport, sid) {
  return `${path}?EIO=4&transport=${transport}${sid ? `&sid=${sid}` : ""}`;
}

/** Splits a polling payload into packets. */
export function packetsOf(payload) {
  return payload
    .split(SEPARATOR)
    .map((packet) => (packet.startsWith("b") ? Buffer.from(packet.slice(1), "base64") : packet));
}

/** Joins packets to a polling payload. */
export function payloadOf(packets) {
  return packets.map((packet) => (typeof packet === "string" ? packet : `b${packet.toString("base64")}`)).join(SEPARATOR);
}

class Peer {
  inbox = new Inbox();

  constructor(server, path, pings, headers) {
    Object.assign(this, { server, path, pings, headers });
    this.ended = new Promise((resolve) => (this.end = resolve));
    this.ended.then((reason) => this.inbox.end(reason));
  }

  /** Takes the open packet, which must come first. */
  opened(packet) {
    if (typeof packet !== "string" || !packet.startsWith("0")) throw new Error(`not an open packet: ${packet}`);
    this.handshake = JSON.parse(packet.slice(1));
    this.sid = this.handshake.sid;
  }

  /** Hands one packet to the test, or answers it if it is a ping. */
  received(packet) {
    if (packet === "2" && this.pings === "answer") this.send("3").catch(() => {});
    else this.inbox.push(packet);
  }

  /** The next packet from the server. */
  next(ms) {
    return this.inbox.next(ms);
  }

  /** The next `count` packets. */
  async take(count) {
    const packets = [];
    while (packets.length < count) packets.push(await this.next());
    return packets;
  }

  /** Why the server ended the session: `{code}` of a WebSocket, `{status}` of a GET. */
  closed(ms = SOON) {
    return within(this.ended, ms, "the server to close the session");
  }
}

/** Sends by POST, one after the other; a GET always waits. */
class Polling extends Peer {
  agent = new http.Agent({ keepAlive: true });
  #posts = Promise.resolve();
  #abort = new AbortController();

  async open() {
    const answer = await this.request("GET");
    if (answer.status !== 200) throw new Error(`handshake: ${answer.status} ${answer.text}`);
    const [first, ...rest] = packetsOf(answer.text);
    this.opened(first);
    rest.forEach((packet) => this.received(packet));
    this.polling = this.#poll();
  }

  /** One request of this session. */
  request(method, body, { headers, ...rest } = {}) {
    const path = query(this.path, "polling", this.sid);
    return request(this.server, path, { method, body, agent: this.agent, headers: { ...this.headers, ...headers }, ms: 60_000, ...rest });
  }

  /** Sends packets in one POST and returns its answer. */
  send(...packets) {
    this.#posts = this.#posts.catch(() => {}).then(() => this.request("POST", payloadOf(packets)));
    return this.#posts;
  }

  /** Makes the polling loop stop, so that the test may send its own GETs. */
  async pause() {
    this.paused = true;
    await within(this.polling, SOON, "the waiting GET to end");
  }

  async abandon() {
    this.gone = true;
    this.#abort.abort();
    this.agent.destroy();
  }

  async #poll() {
    while (!this.paused && !this.gone) {
      let answer;
      try {
        answer = await this.request("GET", undefined, { signal: this.#abort.signal });
      } catch (error) {
        return this.end({ error: error.message });
      }
      if (answer.status !== 200) return this.end({ status: answer.status, text: answer.text });
      for (const packet of packetsOf(answer.text)) {
        if (packet === "6") continue;
        this.received(packet);
      }
    }
  }
}

/** A session that is a WebSocket from the start. */
class Socket extends Peer {
  async open() {
    this.connect(query(this.path, "websocket", this.sid));
    const packet = await this.next();
    this.opened(packet);
  }

  connect(path) {
    this.socket = new WebSocket(`ws://${this.server.host}:${this.server.port}${path}`, { headers: this.headers });
    this.accepted = new Promise((resolve, reject) => {
      this.socket.once("open", resolve);
      this.ended.then((reason) => reject(new Error(`the WebSocket was refused: ${JSON.stringify(reason)}`)));
    });
    this.accepted.catch(() => {});
    this.socket.on("message", (data, isBinary) => this.received(isBinary ? data : data.toString("utf8")));
    this.socket.on("unexpected-response", (_, answer) => this.end({ status: answer.statusCode }));
    this.socket.on("error", (error) => this.end({ error: error.message }));
    this.socket.on("close", (code, reason) => this.end({ code, reason: reason.toString("utf8") }));
  }

  /** Sends packets, a frame each. */
  async send(...packets) {
    const frames = packets.map((packet) => new Promise((resolve) => this.socket.send(packet, resolve)));
    await within(Promise.all(frames));
  }

  async abandon() {
    this.socket?.terminate();
  }
}

/** A session that began by polling and was upgraded. */
class Upgraded extends Socket {
  async open() {
    const answer = await request(this.server, query(this.path, "polling"), { headers: this.headers });
    const [first, ...rest] = packetsOf(answer.text);
    this.opened(first);
    rest.forEach((packet) => this.received(packet));
    this.connect(query(this.path, "websocket", this.sid));
    await within(this.accepted, SOON, "the upgrade's WebSocket");
    await this.send("2probe");
    const pong = await this.next();
    if (pong !== "3probe") throw new Error(`the probe was answered by ${pong}`);
    await this.send("5");
  }
}
