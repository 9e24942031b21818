// What a page can read beside the sockets: its own verdict always, the clients' options only where it is admitted.

import assert from "node:assert/strict";
import test from "node:test";
import { bellgate, browser, open, openSandboxed, pages } from "../lib/browser.js";

const chromium = browser();

/** What the page's own `fetch` reads of an answer, or nothing but that it failed. */
function read(page, url, options = {}) {
  return page.evaluate(async ([to, given]) => {
    try {
      const answer = await fetch(to, given);
      return { status: answer.status, json: await answer.json() };
    } catch (error) {
      return { error: error.name };
    }
  }, [url, options]);
}

for (const path of ["/diagnose", "/bellgate/diagnose"]) {
  test(`a refused page reads its own verdict from ${path}`, async (t) => {
    const port = await pages(t);
    const gate = await bellgate(t, { SOCKETIO_CORS_ORIGINS: "https://app.example" });
    const page = await open(t, chromium, `http://localhost:${port}/`);
    const { status, json } = await read(page, gate.url + path);
    assert.equal(status, 200);
    assert.deepEqual([json.allowed, json.origin], [false, `http://localhost:${port}`]);
    assert.equal(json.data.code, "origin_host_not_allowed");
    assert.ok(json.request_id && json.data.hint && json.data.doc, JSON.stringify(json));
    assert.ok(!JSON.stringify(json).includes("app.example"), "it names no allowed origin");
  });
}

test("an admitted page and a sandboxed frame read theirs", async (t) => {
  const port = await pages(t);
  const gate = await bellgate(t, { FLASK_PORT: String(port) });
  const page = await open(t, chromium, `http://localhost:${port}/`);
  const admitted = await read(page, `${gate.url}/diagnose`);
  assert.deepEqual([admitted.json.allowed, admitted.json.data], [true, undefined]);
  const frame = await openSandboxed(t, chromium, port);
  const refused = await read(frame, `${gate.url}/diagnose`);
  assert.deepEqual([refused.json.allowed, refused.json.data.code], [false, "origin_null"]);
});

// Its answer is for every origin, so for none with credentials.
test("the verdict cannot be asked for with credentials from another origin", async (t) => {
  const port = await pages(t);
  const gate = await bellgate(t, { FLASK_PORT: String(port) });
  const page = await open(t, chromium, `http://localhost:${port}/`);
  assert.deepEqual(await read(page, `${gate.url}/diagnose`, { credentials: "include" }), { error: "TypeError" });
});

test("an admitted page reads the clients' options and connects by them", async (t) => {
  const port = await pages(t);
  const gate = await bellgate(t, { FLASK_PORT: String(port), SOCKETIO_PATH: "/live/" });
  const page = await open(t, chromium, `http://localhost:${port}/`);
  const { status, json } = await read(page, `${gate.url}/client/config.json`, { credentials: "include" });
  assert.deepEqual([status, json.path], [200, "/live/"]);
  await page.evaluate(([to, given]) => connect(to, given), [gate.url, json]);
  await page.waitForFunction(() => seen.connects > 0);
});

test("a refused page cannot read the clients' options", async (t) => {
  const port = await pages(t);
  const gate = await bellgate(t, { FLASK_PORT: "5000" });
  const page = await open(t, chromium, `http://localhost:${port}/`);
  assert.deepEqual(await read(page, `${gate.url}/client/config.json`), { error: "TypeError" });
});
