// A server that answers as a test says: what a browser and the stock client make of an answer, whoever gives it.

import http from "node:http";
import { WebSocketServer } from "ws";

/** An open packet, as any server could send it. */
export const OPEN = `0${JSON.stringify({ sid: "s", upgrades: [], pingInterval: 25_000, pingTimeout: 20_000, maxPayload: 100_000 })}`;

/** The same, of a server that offers the upgrade. */
export const OPEN_WITH_UPGRADE = OPEN.replace('"upgrades":[]', '"upgrades":["websocket"]');

/** The headers that let a page of this origin read an answer, cookies or not. */
export function readable(origin) {
  return { "Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true" };
}

/**
 * Listens until the test ends: `{url, asked}`, where `asked` lists what came (`GET polling`, `OPTIONS`, `websocket`).
 *
 * `poll` is given each request and its answer to write, and the query of its address; `accept` a WebSocket that was
 * accepted; without it WebSockets are refused with `status`.
 */
export async function stub(t, { poll = () => {}, accept, status = 403 }) {
  const asked = [];
  const server = http.createServer((incoming, answer) => {
    asked.push(incoming.method);
    incoming.resume();
    poll(incoming, answer, new URL(incoming.url, "http://stub").searchParams);
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (incoming, socket, head) => {
    asked.push("websocket");
    if (accept) {
      sockets.handleUpgrade(incoming, socket, head, accept);
    } else {
      const cors = Object.entries(readable(incoming.headers.origin)).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.end(`HTTP/1.1 ${status} Refused\r\n${cors.join("")}Content-Length: 0\r\nConnection: close\r\n\r\n`);
    }
  });
  await new Promise((resolve, reject) => server.listen(0, "127.0.0.1", resolve).on("error", reject));
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate();
    return new Promise((resolve) => server.close(resolve).closeAllConnections());
  });
  return { url: `http://127.0.0.1:${server.address().port}`, asked };
}

/** Answers polls as a server that lets everybody in: open, then `40`, then silence. */
export function welcome(open = OPEN) {
  let [waiting, joined] = [undefined, false];
  return (incoming, answer, query) => {
    const send = (to, text) => to.writeHead(200, { ...readable(incoming.headers.origin), "Content-Type": "text/plain" }).end(text);
    if (!query.has("sid")) return send(answer, open);
    if (incoming.method === "POST") send(answer, "ok");
    else waiting = answer;
    // The client's poll and its CONNECT come in either order.
    joined ||= incoming.method === "POST";
    if (joined && waiting && !waiting.writableEnded) {
      send(waiting, '40{"sid":"n"}');
      [waiting, joined] = [undefined, false];
    }
  };
}

/** Lets everybody in by WebSocket. */
export function welcomeSocket(socket) {
  socket.on("error", () => {}).on("message", (packet) => `${packet}` === "40" && socket.send('40{"sid":"n"}'));
  socket.send(OPEN);
}
