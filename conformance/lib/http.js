// HTTP as a program sends it. Not `fetch`: that of node adds `Sec-Fetch-Mode: cors`, which makes it look like a page.

import http from "node:http";
import net from "node:net";
import { SOON, within } from "./wait.js";

/**
 * One request, one answer: `{status, headers, body, text}`.
 * `path` may hold a query; `headers` a list for raw duplicates; `agent` a keep-alive pool; `signal` an abort.
 */
export function request(server, path, { method = "GET", headers = {}, body, agent = false, signal, ms = SOON } = {}) {
  const answer = new Promise((resolve, reject) => {
    const options = { host: server.host, port: server.port, path, method, headers, agent, signal };
    const outgoing = http.request(options, (incoming) => {
      const chunks = [];
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const whole = Buffer.concat(chunks);
        const { statusCode: status, headers: received } = incoming;
        resolve({ status, headers: received, body: whole, text: whole.toString("utf8") });
      });
    });
    outgoing.on("error", reject);
    outgoing.on("upgrade", (incoming, socket) => {
      socket.destroy();
      resolve({ status: incoming.statusCode, headers: incoming.headers, body: Buffer.alloc(0), text: "" });
    });
    outgoing.end(body);
  });
  return within(answer, ms, `the answer to ${method} ${path}`);
}

/** A bare TCP connection, for bytes that no library would send. */
export class RawSocket {
  #received = Buffer.alloc(0);
  #listeners = new Set();

  /** Connects to the server under test. */
  static async open(server) {
    const socket = net.connect(server.port, server.host);
    await within(new Promise((resolve, reject) => socket.on("connect", resolve).on("error", reject)));
    return new RawSocket(socket);
  }

  constructor(socket) {
    this.socket = socket;
    this.isClosed = false;
    socket.on("data", (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#tell();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.isClosed = true;
      this.#tell();
    });
  }

  /** Sends bytes as they are and waits until the kernel has them. */
  write(bytes) {
    return within(new Promise((resolve) => this.socket.write(bytes, resolve)));
  }

  /** All bytes so far, once they contain `mark` or satisfy it as a function. */
  readUntil(mark, ms = SOON) {
    const found = typeof mark === "function" ? mark : (bytes) => bytes.includes(mark);
    return this.#when(() => found(this.#received), ms, JSON.stringify(`${mark}`));
  }

  /** All bytes, once the other side has closed. */
  readToEnd(ms = SOON) {
    return this.#when(() => this.isClosed, ms, "the end of the connection");
  }

  /** What was received so far, as text. */
  get text() {
    return this.#received.toString("latin1");
  }

  /** Cuts the connection without a goodbye (RST). */
  reset() {
    this.socket.resetAndDestroy();
  }

  /** Ends the connection. */
  close() {
    this.socket.destroy();
  }

  #when(isTrue, ms, what) {
    let check;
    const done = new Promise((resolve, reject) => {
      check = () => {
        if (isTrue()) resolve(this.#received);
        else if (this.isClosed) reject(new Error(`closed while waiting for ${what}, after ${JSON.stringify(this.text)}`));
      };
      this.#listeners.add(check);
      check();
    });
    return within(done, ms, what).finally(() => this.#listeners.delete(check));
  }

  #tell() {
    for (const check of [...this.#listeners]) check();
  }
}

/** Status code of a raw HTTP answer. */
export function statusOf(bytes) {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(bytes.toString("latin1"))?.[1]);
}
