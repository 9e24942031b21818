// Who may open a session, and what a page can read of a refusal: peers' row 3, contract §3.

import assert from "node:assert/strict";
import test from "node:test";
import WebSocket from "ws";
import { request } from "../lib/http.js";
import { CALM, conformanceServer, sharedServer } from "../lib/lab.js";
import { packetsOf, query } from "../lib/peers.js";
import { SOON, within } from "../lib/wait.js";

const HOME = "http://localhost:5000";
const server = sharedServer({ ...CALM, SOCKETIO_CORS_ORIGINS: HOME });
const POLL = query("/socket.io/", "polling");
const PAGE = { "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "cross-site", "User-Agent": "Mozilla/5.0" };
const FOREIGN = ["http://localhost:3000", "https://localhost:5000", "http://localhost.evil.example:5000", "http://evil.example", "null"];

/** Opens a WebSocket and tells how it went: the status of a refusal, or all frames and the close code. */
function webSocket(on, headers, path = query("/socket.io/", "websocket")) {
  const socket = new WebSocket(`ws://127.0.0.1:${on.port}${path}`, { headers });
  const frames = [];
  const told = new Promise((resolve) => {
    socket.on("error", () => {});
    socket.on("unexpected-response", (_, { statusCode: status, headers: received }) => resolve({ status, headers: received }));
    socket.on("message", (data) => {
      frames.push(data.toString());
      if (frames.length === 1 && headers.Origin === HOME) socket.close();
    });
    socket.on("close", (code) => resolve({ frames, code }));
  });
  return within(told, SOON, "the end of the WebSocket");
}

test("an admitted origin gets the CORS headers on a handshake", async () => {
  const { status, headers } = await request(server, POLL, { headers: { Origin: HOME } });
  assert.equal(status, 200);
  assert.equal(headers["access-control-allow-origin"], HOME);
  assert.equal(headers["access-control-allow-credentials"], "true");
  assert.match(headers.vary, /origin/i);
});

test("the server's own address is an admitted origin", async () => {
  for (const host of ["127.0.0.1", "localhost"]) {
    const origin = `http://${host}:${server.port}`;
    const { status, headers } = await request(server, POLL, { headers: { Origin: origin } });
    assert.deepEqual([status, headers["access-control-allow-origin"]], [200, origin]);
  }
});

test("a request without Origin is admitted, unless fetch metadata tell another site", async () => {
  assert.equal((await request(server, POLL)).status, 200);
  assert.equal((await request(server, POLL, { headers: { "Sec-Fetch-Site": "same-origin" } })).status, 200);
  for (const site of ["cross-site", "same-site"]) {
    assert.equal((await request(server, POLL, { headers: { "Sec-Fetch-Site": site } })).status, 403, site);
  }
});

for (const origin of FOREIGN) {
  test(`a program with the origin ${origin} gets 403 that names the reason, by polling and WebSocket`, async () => {
    const answer = await request(server, POLL, { headers: { Origin: origin } });
    assert.equal(answer.status, 403);
    const body = JSON.parse(answer.text);
    assert.deepEqual([body.code, body.message, body.category], [4, "Forbidden", "cors"]);
    assert.match(body.error, /^origin_|^insecure_origin$/);
    assert.ok(!answer.text.includes(":5000,") && body.request_id && body.doc, answer.text);
    assert.notEqual(answer.headers["access-control-allow-origin"], "*");
    assert.match(answer.headers.vary, /origin/i);
    assert.equal((await webSocket(server, { Origin: origin })).status, 403);
  });

  test(`a page at ${origin} is refused inside the protocol, readably, by polling`, async () => {
    const answer = await request(server, POLL, { headers: { ...PAGE, Origin: origin } });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["access-control-allow-origin"], origin);
    assert.equal(answer.headers["access-control-allow-credentials"], "true");
    const [open, refusal] = packetsOf(answer.text);
    assert.match(open, /^0\{/);
    const { message, data } = JSON.parse(refusal.slice(2));
    assert.match(message, new RegExp(`\\[${data.code}\\]$`));
    for (const member of ["category", "retry", "user_message", "doc", "request_id"]) assert.ok(data[member], member);
    const { sid } = JSON.parse(open.slice(1));
    const later = await request(server, query("/socket.io/", "polling", sid), { headers: { ...PAGE, Origin: origin } });
    assert.deepEqual([later.status, JSON.parse(later.text).code], [400, 1]);
    assert.equal(later.headers["access-control-allow-origin"], origin);
  });

  test(`a page at ${origin} is refused inside the protocol, with code 1008, by WebSocket`, async () => {
    const headers = { Origin: origin, "User-Agent": "Mozilla/5.0", "Sec-Fetch-Mode": "websocket", "Sec-Fetch-Site": "cross-site" };
    const { frames, code } = await webSocket(server, headers);
    assert.match(frames[0], /^0\{/);
    assert.match(frames[1], /^44\{"/);
    assert.equal(code, 1008);
  });
}

test("each namespace of the policy table is refused by a packet of its own", async () => {
  const answer = await request(server, POLL, { headers: { ...PAGE, Origin: "http://evil.example" } });
  const packets = packetsOf(answer.text);
  assert.ok(packets.slice(2).every((packet) => packet.startsWith("44/")), answer.text);
});

test("a preflight of an admitted origin names origin, methods, headers and age, and opens no session", async () => {
  const answer = await request(server, POLL, {
    method: "OPTIONS",
    headers: { Origin: HOME, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-csrftoken" },
  });
  assert.deepEqual([answer.status, answer.text], [204, ""]);
  assert.equal(answer.headers["access-control-allow-origin"], HOME);
  assert.match(answer.headers["access-control-allow-methods"], /POST/);
  assert.match(answer.headers["access-control-allow-headers"].toLowerCase(), /content-type/);
  assert.equal(answer.headers["access-control-max-age"], "600");
  for (const name of ["origin", "access-control-request-method", "access-control-request-headers"]) {
    assert.ok(answer.headers.vary.toLowerCase().includes(name), answer.headers.vary);
  }
});

test("a preflight of a program at a refused origin gets 403 and no methods", async () => {
  const headers = { Origin: "http://evil.example", "Access-Control-Request-Method": "POST" };
  const answer = await request(server, POLL, { method: "OPTIONS", headers });
  assert.equal(answer.status, 403);
  assert.equal(answer.headers["access-control-allow-methods"], undefined);
});

test("a preflight of a page at a refused origin succeeds, so that the request can be refused readably", async () => {
  const headers = { ...PAGE, Origin: "http://evil.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type" };
  const answer = await request(server, POLL, { method: "OPTIONS", headers });
  assert.equal(answer.status, 204);
  assert.equal(answer.headers["access-control-allow-origin"], "http://evil.example");
});

for (const [what, path, options, status] of [
  ["an unknown sid", query("/socket.io/", "polling", "unknown"), {}, 400],
  ["an unknown transport", "/socket.io/?EIO=4&transport=abc", {}, 400],
  ["an old protocol", "/socket.io/?EIO=3&transport=polling", {}, 400],
  ["a wrong method", POLL, { method: "POST", body: "4x" }, 400],
  ["a path that nobody serves", "/nowhere", {}, 404],
]) {
  test(`${what} is answered by ${status} with CORS headers for an admitted origin`, async () => {
    const answer = await request(server, path, { ...options, headers: { Origin: HOME } });
    assert.equal(answer.status, status);
    assert.equal(answer.headers["access-control-allow-origin"], HOME);
    assert.match(answer.headers["access-control-expose-headers"] ?? "", /X-Request-Id/i);
    assert.match(answer.headers.vary, /origin/i);
  });
}

test("a session is bound to its first origin", async () => {
  const { text } = await request(server, POLL, { headers: { Origin: HOME } });
  const { sid } = JSON.parse(text.slice(1));
  const path = query("/socket.io/", "polling", sid);
  const other = `http://127.0.0.1:${server.port}`;
  const post = await request(server, path, { method: "POST", body: "40", headers: { Origin: other } });
  assert.equal(post.status, 403);
  assert.equal(JSON.parse(post.text).error, "origin_changed");
  const later = await request(server, path, { headers: { Origin: HOME } });
  assert.ok(later.status === 400 || later.text.includes("1"), later.text);
  assert.equal((await request(server, path, { headers: { Origin: HOME } })).status, 400);
});

test("a GET without Origin fits a bound session", async () => {
  const { text } = await request(server, POLL, { headers: { Origin: HOME } });
  const path = query("/socket.io/", "polling", JSON.parse(text.slice(1)).sid);
  assert.equal((await request(server, path, { method: "POST", body: "40", headers: { Origin: HOME } })).text, "ok");
  assert.match((await request(server, path)).text, /^40\{"sid"/);
});

test("SOCKETIO_REFUSALS=http refuses pages by status, readably", async (t) => {
  const plain = await conformanceServer({ ...CALM, SOCKETIO_CORS_ORIGINS: HOME, SOCKETIO_REFUSALS: "http" });
  t.after(() => plain.stop());
  const answer = await request(plain, POLL, { headers: { ...PAGE, Origin: "http://evil.example" } });
  assert.equal(answer.status, 403);
  assert.match(JSON.parse(answer.text).error, /^origin_/);
  assert.equal((await webSocket(plain, { Origin: "http://evil.example", "User-Agent": "Mozilla/5.0" })).status, 403);
});

test("an admitted WebSocket opens", async () => {
  const { frames } = await webSocket(server, { Origin: HOME });
  assert.match(frames[0], /^0\{/);
});

// One TLS name with BELLGATE_PUBLIC_URL forgotten: the page's GETs carry no Origin, its POSTs and its upgrade do.
const NAME = "https://app.example";
const SAME = { "User-Agent": "Mozilla/5.0", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", Host: "app.example" };

/** A session that was opened without an Origin. */
async function openedUnderOneName() {
  const { text } = await request(server, POLL, { headers: SAME });
  return query("/socket.io/", "polling", JSON.parse(text.slice(1)).sid);
}

/** What the polls of such a session bring, until it is gone. */
async function refusedByPolls(path, first) {
  const told = [...packetsOf((await first).text)];
  for (let polls = 0; polls < 3; polls++) {
    const answer = await request(server, path, { headers: SAME });
    if (answer.status === 400) return told;
    told.push(...packetsOf(answer.text));
  }
  return assert.fail(`the session lives on: ${told}`);
}

const isRefusedWith44s = (told) => {
  const refusals = told.filter((packet) => packet.startsWith("44"));
  assert.deepEqual(refusals.map((packet) => packet.slice(0, packet.indexOf("{"))).sort(), ["44", "44/custom,"]);
  for (const packet of refusals) {
    const { message, data } = JSON.parse(packet.slice(packet.indexOf("{")));
    assert.equal(data.code, "origin_host_not_allowed");
    assert.match(data.hint, /BELLGATE_PUBLIC_URL=https:\/\/app\.example/);
    assert.match(message, /https:\/\/app\.example is not allowed/);
  }
};

test("a first Origin that comes with a POST is refused by the poll that waits, in each namespace", async () => {
  const path = await openedUnderOneName();
  const waiting = request(server, path, { headers: SAME });
  const post = await request(server, path, { method: "POST", body: "40", headers: { ...SAME, Origin: NAME } });
  assert.deepEqual([post.status, post.text], [200, "ok"]);
  isRefusedWith44s(await refusedByPolls(path, waiting));
  const later = await request(server, path, { method: "POST", body: "40", headers: { ...SAME, Origin: NAME } });
  assert.equal(later.status, 400);
});

test("a first Origin that comes with an upgrade is refused by the poll, and the upgrade by 403", async () => {
  const path = await openedUnderOneName();
  const waiting = request(server, path, { headers: SAME });
  const probe = await webSocket(server, { ...SAME, Origin: NAME }, path.replace("transport=polling", "transport=websocket"));
  assert.equal(probe.status, 403);
  const post = await request(server, path, { method: "POST", body: "40", headers: { ...SAME, Origin: NAME } });
  assert.deepEqual([post.status, post.text], [200, "ok"], "the client must live to read why");
  isRefusedWith44s(await refusedByPolls(path, waiting));
});

test("a program's first refused Origin in a session gets 403", async () => {
  const { text } = await request(server, POLL);
  const path = query("/socket.io/", "polling", JSON.parse(text.slice(1)).sid);
  const post = await request(server, path, { method: "POST", body: "40", headers: { Origin: NAME } });
  assert.equal(post.status, 403);
  assert.equal(JSON.parse(post.text).error, "origin_host_not_allowed");
  assert.equal((await request(server, path)).status, 400);
});
