// Compression of poll answers and WebSocket messages: peers' row 16.

import assert from "node:assert/strict";
import test from "node:test";
import { gunzipSync, inflateSync } from "node:zlib";
import WebSocket from "ws";
import { RawSocket, request } from "../lib/http.js";
import { CALM, sharedServer } from "../lib/lab.js";
import { query } from "../lib/peers.js";
import { Inbox, once, within } from "../lib/wait.js";

const server = sharedServer({ ...CALM, SOCKETIO_COMPRESSION: "1024" });
const PATH = "/engine.io/";

/** Sends a message and polls its echo with `Accept-Encoding`. */
async function polled(message, accept) {
  const { text } = await request(server, query(PATH, "polling"));
  const path = query(PATH, "polling", JSON.parse(text.slice(1)).sid);
  await request(server, path, { method: "POST", body: message });
  return request(server, path, { headers: accept === undefined ? {} : { "Accept-Encoding": accept } });
}

const LARGE = `4${"abc".repeat(1000)}`;

test("a large poll answer is compressed as the client allows", async () => {
  for (const accept of ["gzip", "gzip, deflate, br", "*", "gzip;q=0.5", "deflate"]) {
    const answer = await polled(LARGE, accept);
    const encoding = answer.headers["content-encoding"];
    if (accept.startsWith("gzip")) assert.equal(encoding, "gzip", accept);
    const plain = encoding === "gzip" ? gunzipSync(answer.body) : encoding === "deflate" ? inflateSync(answer.body) : answer.body;
    assert.equal(plain.toString(), LARGE, accept);
  }
});

test("a large poll answer stays plain where the client does not allow gzip", async () => {
  for (const accept of [undefined, "identity", "gzip;q=0", "br;q=1, gzip;q=0"]) {
    const answer = await polled(LARGE, accept);
    assert.equal(answer.headers["content-encoding"], undefined, accept);
    assert.equal(answer.text, LARGE);
  }
});

test("a poll answer below the threshold stays plain", async () => {
  const message = `4${"a".repeat(1022)}`;
  const answer = await polled(message, "gzip");
  assert.equal(answer.headers["content-encoding"], undefined);
  assert.equal(answer.text, message);
});

test("permessage-deflate is agreed on without context takeover, and large messages arrive", async (t) => {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}${query(PATH, "websocket")}`, { perMessageDeflate: { threshold: 0 } });
  t.after(() => socket.terminate());
  const inbox = new Inbox();
  socket.on("message", (data) => inbox.push(data.toString()));
  const [answer] = await once(socket, "upgrade");
  const extensions = answer.headers["sec-websocket-extensions"];
  assert.match(extensions, /permessage-deflate/);
  assert.match(extensions, /server_no_context_takeover/);
  assert.match(extensions, /client_no_context_takeover/);
  assert.match(await inbox.next(), /^0\{/);
  for (const message of [LARGE, "4small", `4${"\u{1f600}".repeat(2000)}`]) {
    socket.send(message);
    assert.equal(await inbox.next(), message);
  }
});

test("small messages go out without the compression bit, large ones with it", async () => {
  const raw = await RawSocket.open(server);
  await raw.write(
    `GET ${query(PATH, "websocket")} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n",
  );
  await raw.readUntil('"maxPayload"');
  const frame = (payload) => {
    const header = payload.length < 126 ? [0x81, 0x80 | payload.length] : [0x81, 0xfe, payload.length >> 8, payload.length & 0xff];
    return Buffer.concat([Buffer.from([...header, 0, 0, 0, 0]), Buffer.from(payload)]);
  };
  await raw.write(frame("4small"));
  const small = await raw.readUntil("4small");
  assert.equal(small[small.indexOf("4small") - 2], 0x81);
  const end = small.length;
  await raw.write(frame(LARGE));
  const large = await raw.readUntil((bytes) => bytes.length > end + 2);
  assert.equal(large[end], 0xc1);
  raw.close();
});

test("a message that inflates beyond the limit closes the connection with 1009", async (t) => {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}${query(PATH, "websocket")}`, { perMessageDeflate: { threshold: 0 } });
  t.after(() => socket.terminate());
  await once(socket, "message");
  socket.send(`4${"a".repeat(5_000_000)}`);
  const code = new Promise((resolve) => {
    socket.on("error", () => {});
    socket.on("close", resolve);
  });
  assert.equal(await within(code), 1009);
});

test("a client that offers nothing gets no extension", async (t) => {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}${query(PATH, "websocket")}`, { perMessageDeflate: false });
  t.after(() => socket.terminate());
  const [answer] = await once(socket, "upgrade");
  assert.equal(answer.headers["sec-websocket-extensions"], undefined);
});
