// Volatile events: peers' row 24.

import assert from "node:assert/strict";
import test from "node:test";
import { request } from "../lib/http.js";
import { CALM, ask, expectQuiet, joined, labClient, sharedServer } from "../lib/lab.js";
import { packetsOf, query } from "../lib/peers.js";

const server = sharedServer(CALM, { lab: true });

/** A polling session in the lab, without a waiting GET. */
async function idlePoller(user) {
  const { text } = await request(server, query("/socket.io/", "polling"));
  const path = query("/socket.io/", "polling", JSON.parse(text.slice(1)).sid);
  const poll = async () => packetsOf((await request(server, path)).text);
  await request(server, path, { method: "POST", body: `40/lab,${JSON.stringify({ user })}` });
  assert.match((await poll())[0], /^40\/lab,/);
  return { poll, path };
}

const news = (user, args, volatile = true) => ({ user, event: "news", args, volatile });

test("a volatile event is dropped for a poller that has no GET waiting", async (t) => {
  const sender = await labClient(t, server, "websocket");
  const { poll } = await idlePoller("idle");
  assert.equal(await ask(sender, "to", news("idle", ["dropped"])), 1);
  assert.equal(await ask(sender, "to", news("idle", ["kept"], false)), 1);
  assert.deepEqual(await poll(), ['42/lab,["news","kept"]']);
});

test("a volatile event reaches a poller whose GET waits", async (t) => {
  const sender = await labClient(t, server, "websocket");
  const peer = await joined(t, server, "polling", "/lab", { user: "waiting" });
  // The echo's GET was answered and the next one is under way; a volatile event may still meet the gap between the two.
  for (let tries = 0; tries < 50; tries++) {
    await expectQuiet(peer);
    await ask(sender, "to", news("waiting", [tries]));
    await ask(sender, "to", news("waiting", ["regular"], false));
    const packet = await peer.next();
    if (packet === `42/lab,["news",${tries}]`) return;
    assert.equal(packet, '42/lab,["news","regular"]');
  }
  assert.fail("no volatile event of 50 reached a poller that polls");
});

test("a volatile event reaches a WebSocket that is up to date", async (t) => {
  const sender = await labClient(t, server, "websocket");
  const peer = await joined(t, server, "websocket", "/lab", { user: "ready" });
  for (let n = 0; n < 20; n++) {
    await ask(sender, "to", news("ready", [n]));
    assert.equal(await peer.next(), `42/lab,["news",${n}]`);
  }
});

test("volatile events to a WebSocket that does not read are dropped, regular ones are not, and none overtakes", async (t) => {
  const sender = await labClient(t, server, "websocket");
  const peer = await joined(t, server, "websocket", "/lab", { user: "stuck" });
  peer.socket.pause();
  const filler = "x".repeat(20_000);
  const sent = [];
  for (let n = 0; n < 400; n++) {
    const volatile = n % 2 === 1;
    // Regular ones stay well below the send buffer of 1 MiB, volatile ones are what fills the rest.
    const args = volatile ? [n, filler] : [n];
    await ask(sender, "to", news("stuck", args, volatile));
    sent.push(n);
  }
  peer.socket.resume();
  const got = [];
  while (got.at(-1) !== 398) got.push(JSON.parse((await peer.next()).slice(7))[1]);
  assert.deepEqual(got, [...got].sort((a, b) => a - b), "an event overtook another");
  assert.deepEqual(
    got.filter((n) => n % 2 === 0),
    sent.filter((n) => n % 2 === 0),
  );
});

test("a flood of volatile events does not close a WebSocket that does not read, and the newest wins", async (t) => {
  const sender = await labClient(t, server, "websocket");
  const peer = await joined(t, server, "websocket", "/lab", { user: "flooded" });
  peer.socket.pause();
  const filler = "x".repeat(100_000);
  for (let n = 0; n < 200; n++) await ask(sender, "to", news("flooded", [n, filler]));
  peer.socket.resume();
  await ask(sender, "to", news("flooded", ["end"], false));
  const got = [];
  while (got.at(-1) !== "end") got.push(JSON.parse((await peer.next()).slice(7))[1]);
  assert.ok(got.length < 200, "nothing was dropped of 20 MB to a client that does not read");
  assert.deepEqual(got.slice(0, -1), [...got.slice(0, -1)].sort((a, b) => a - b));
});

const bytes = (n, size = 8) => [1, 2].map((part) => Buffer.alloc(size, n * 2 + part));
const header = (mark) => `452-/lab,["news",${JSON.stringify(mark)},{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`;

test("a binary volatile event is dropped whole for a poller that has no GET waiting", async (t) => {
  const sender = await labClient(t, server, "websocket");
  const { poll } = await idlePoller("idle-binary");
  assert.equal(await ask(sender, "to", news("idle-binary", ["dropped"]), ...bytes(0)), 1);
  assert.equal(await ask(sender, "to", news("idle-binary", ["kept"], false), ...bytes(1)), 1);
  assert.equal(await ask(sender, "to", news("idle-binary", ["dropped"]), ...bytes(2)), 1);
  assert.equal(await ask(sender, "to", news("idle-binary", ["end"], false)), 1);
  assert.deepEqual(await poll(), [header("kept"), ...bytes(1), '42/lab,["news","end"]']);
});

test("a binary volatile event reaches a poller whose GET waits whole", async (t) => {
  const sender = await labClient(t, server, "websocket");
  const peer = await joined(t, server, "polling", "/lab", { user: "waiting-binary" });
  for (let tries = 0; tries < 50; tries++) {
    await expectQuiet(peer);
    await ask(sender, "to", news("waiting-binary", [tries]), ...bytes(tries));
    await ask(sender, "to", news("waiting-binary", ["regular"], false));
    const packet = await peer.next();
    if (packet === header(tries)) {
      assert.deepEqual(await peer.take(3), [...bytes(tries), '42/lab,["news","regular"]']);
      return;
    }
    assert.equal(packet, '42/lab,["news","regular"]', "what is dropped leaves nothing behind");
  }
  assert.fail("no binary volatile event of 50 reached a poller that polls");
});

test("a binary volatile event reaches a WebSocket that is up to date whole", async (t) => {
  for (const way of ["websocket", "upgraded"]) {
    const sender = await labClient(t, server, "websocket");
    const peer = await joined(t, server, way, "/lab", { user: `ready-binary-${way}` });
    for (let n = 0; n < 20; n++) {
      await ask(sender, "to", news(`ready-binary-${way}`, [n]), ...bytes(n));
      assert.deepEqual(await peer.take(3), [header(n), ...bytes(n)]);
    }
  }
});

test("binary volatile events to a WebSocket that does not read are dropped whole or delivered whole", async (t) => {
  const sender = await labClient(t, server, "websocket");
  const peer = await joined(t, server, "websocket", "/lab", { user: "flooded-binary" });
  peer.socket.pause();
  const SENT = 150;
  for (let n = 0; n < SENT; n++) {
    await ask(sender, "to", news("flooded-binary", [n]), ...bytes(n % 100, 60_000));
    if (n % 10 === 0) await ask(sender, "to", news("flooded-binary", [`regular ${n}`], false));
  }
  peer.socket.resume();
  await ask(sender, "to", news("flooded-binary", ["end"], false));
  const whole = [];
  const regular = [];
  while (regular.at(-1) !== "end") {
    const packet = await peer.next();
    assert.equal(typeof packet, "string", "an attachment without its header");
    const [, mark] = JSON.parse(packet.slice(packet.indexOf("[")));
    if (packet.startsWith("42/lab,")) {
      regular.push(mark);
      continue;
    }
    assert.equal(packet, header(mark));
    const [first, second] = await peer.take(2);
    const [one, two] = bytes(mark % 100, 60_000);
    assert.ok(one.equals(first) && two.equals(second), `the attachments of ${mark} are not its own`);
    whole.push(mark);
  }
  assert.ok(whole.length > 0 && whole.length < SENT, `${whole.length} of ${SENT}: some, and not all of 18 MB, must arrive`);
  assert.deepEqual(whole, [...whole].sort((a, b) => a - b), "an event overtook another");
  assert.equal(regular.length, SENT / 10 + 1);
});
