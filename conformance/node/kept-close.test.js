// How long a server's close waits for the next GET: peers' row 8. A file of its own, so that its half minute runs beside
// the other files.

import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as pass } from "node:timers/promises";
import { request } from "../lib/http.js";
import { CALM, sharedServer } from "../lib/lab.js";
import { packetsOf, query } from "../lib/peers.js";

/** For so long the server keeps what it has to say (hardening §1.2, 8). */
const KEPT = 30_000;
const server = sharedServer(CALM, { lab: true });

/** A session that the server closes while no GET of it waits. */
async function closedByServer() {
  const { text } = await request(server, query("/socket.io/", "polling"));
  const url = query("/socket.io/", "polling", JSON.parse(text.slice(1)).sid);
  const poll = () => request(server, url);
  const post = (body) => request(server, url, { method: "POST", body });
  await post("40/lab,");
  assert.match((await poll()).text, /^40\/lab,/);
  assert.equal((await post('42/lab,["kick",{"close":true}]')).status, 200);
  return { poll };
}

/** The next GETs bring the end, and those behind them find nothing. */
async function expectKept({ poll }) {
  assert.deepEqual(packetsOf((await poll()).text), ["41/lab,"]);
  assert.deepEqual(packetsOf((await poll()).text), ["6", "1"]);
  await expectUnknown({ poll });
}

async function expectUnknown({ poll }) {
  const answer = await poll();
  assert.equal(answer.status, 400);
  const { code, message } = JSON.parse(answer.text);
  assert.deepEqual({ code, message }, { code: 1, message: "Session ID unknown" });
}

test("a server's close is kept for a GET that comes at once", async () => {
  await expectKept(await closedByServer());
});

// Real time has to pass here: no setting shortens the half minute, and nothing is seen of it before it is over.
test("a server's close is kept for half a minute, then the sid is unknown", { timeout: 120_000 }, async () => {
  const [early, late] = [await closedByServer(), await closedByServer()];
  await pass(KEPT - 8000);
  await expectKept(early);
  await pass(12_000);
  await expectUnknown(late);
});
