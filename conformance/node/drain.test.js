// Going down and coming back: what a deployment does to stock clients.

import assert from "node:assert/strict";
import { test } from "node:test";
import { io } from "socket.io-client";
import { bellgate } from "../lib/browser.js";
import { freePort } from "../lib/program.js";
import { until, within } from "../lib/wait.js";

const CLIENTS = 100;
const WAYS = [undefined, ["polling"], ["websocket"], undefined];

test("SIGTERM sends a hundred stock clients to the server that comes after, and the first one ends well", async (t) => {
  const port = await freePort();
  const first = await bellgate(t, {}, port);
  const clients = Array.from({ length: CLIENTS }, (_, index) =>
    io(first.url, { forceNew: true, transports: WAYS[index % WAYS.length], reconnectionDelay: 50, reconnectionDelayMax: 500 }),
  );
  const drains = new Set();
  const reasons = [];
  let refusals = 0;
  for (const client of clients) {
    client.on("bell:drain", ({ delay }) => drains.add(delay));
    client.on("disconnect", (reason) => reasons.push(reason));
    client.on("connect_error", (error) => (refusals += error.message.includes("Invalid") ? 1 : 0));
  }
  try {
    await until(() => clients.every((client) => client.connected), 60_000, "all clients on the first server");
    const before = new Set(clients.map((client) => client.id));

    first.child.kill("SIGTERM");
    assert.deepEqual(await within(first.exited, 30_000, "the end of the first server"), { code: 0, signal: null });
    assert.doesNotMatch(first.output, /panicked at/);

    await bellgate(t, {}, port);
    await until(() => clients.every((client) => client.connected && !before.has(client.id)), 60_000, "all on the second");
    assert.equal(reasons.length, CLIENTS, "each was closed once");
    assert.ok(!reasons.includes("io server disconnect"), "which would make a stock client stay away");
    assert.ok(drains.size > CLIENTS / 4, `each has a delay of its own, there were ${drains.size}`);
    assert.equal(refusals, 0);
  } finally {
    for (const client of clients) client.close();
  }
});
