// The second view of `bellgate demo`: a page on a forgotten origin, the log beside it, and the list to change.

import assert from "node:assert/strict";
import test from "node:test";
import { browser, open } from "../lib/browser.js";
import { request } from "../lib/http.js";
import { ADA, ask, line, opened, pane, publish, shows, site, started } from "./stage.js";

const CODE = "origin_port_mismatch";
const ALLOWED = 0;
const FORGOTTEN = 1;

const shared = browser();
let demo;
test.before(async () => (demo = await started()));
test.after(() => demo?.stop());

/** The view, in which the forgotten page has been refused. */
async function refused(t) {
  const page = await opened(t, shared, demo);
  t.after(undo);
  await page.getByRole("link", { name: "Refusals" }).click();
  await verdict(page, FORGOTTEN, "Refused after");
  return page;
}

/** What a test has changed, the next one does not find. */
async function undo() {
  const headers = { Host: new URL(demo.page.url).host, Origin: demo.page.url };
  const { status } = await ask(demo, "/demo/origins/undo", { method: "POST", headers });
  assert.equal(status, 200);
}

function verdict(page, number, text) {
  return site(page, number).locator("#verdict").filter({ hasText: text }).waitFor();
}

/** What the forgotten page shows that it has read. */
function read(page, name, number = FORGOTTEN) {
  return site(page, number).locator(`[data-name="${name}"] dd`).textContent();
}

/** A field of the log's line with this request id. */
function field(page, id, name) {
  return line(page, id).locator(`[data-name="${name}"] dd`);
}

/** The line of the log as the page has it, but for its time: each who hears the log reads the clock. */
async function shown(page, id) {
  const { timestamp, ...rest } = JSON.parse(await line(page, id).locator("pre").textContent());
  return rest;
}

/** The line of the log as the process wrote it. */
function logged(id) {
  const found = demo.output.split("\n").find((text) => text.includes(`"request_id":"${id}"`));
  const { timestamp, ...rest } = JSON.parse(found);
  return rest;
}

function reload(page) {
  return page.getByRole("button", { name: "Reload", exact: true }).click();
}

function said(page, text) {
  return page.locator("#said").filter({ hasText: text }).waitFor();
}

test("a forgotten page reads message, code and request id, and the log's line beside it has the same", async (t) => {
  const page = await refused(t);
  const origin = await page.locator(".address").nth(FORGOTTEN).textContent();
  assert.equal(await read(page, "message"), `origin ${origin} is not allowed: the port differs [${CODE}]`);
  assert.equal(await read(page, "code"), CODE);
  assert.match(await read(page, "hint"), new RegExp(`add ${origin} to SOCKETIO_CORS_ORIGINS`));
  assert.match(await read(page, "active"), /^false/, "the stock client tries again");
  const id = await read(page, "request_id");
  await field(page, id, "code").filter({ hasText: CODE }).waitFor();
  assert.equal(await field(page, id, "request_id").textContent(), id);
  assert.equal(await field(page, id, "origin").textContent(), origin);
  assert.match(await field(page, id, "change").textContent(), new RegExp(`^SOCKETIO_CORS_ORIGINS=.*,${origin}`));
  assert.deepEqual(await shown(page, id), logged(id));
  await verdict(page, ALLOWED, "Connected after");
});

test("the line of the log, used and reloaded, admits the page, and cuts nobody", async (t) => {
  const page = await refused(t);
  await verdict(page, ALLOWED, "Connected after");
  const before = [await pane(page, ADA).locator(".sid").textContent(), await read(page, "session", ALLOWED)];
  const id = await read(page, "request_id");
  await field(page, id, "change").getByRole("button", { name: "Use this line" }).click();
  await reload(page);
  await said(page, "SOCKETIO_CORS_ORIGINS: unset → ");
  await verdict(page, FORGOTTEN, "Connected after");
  const after = [await pane(page, ADA).locator(".sid").textContent(), await read(page, "session", ALLOWED)];
  assert.deepEqual(after, before);
  await page.getByRole("link", { name: "Notifications" }).click();
  await publish(page, "user:7", "Still there");
  await shows(pane(page, ADA), ".notice", "Still there");
});

test("on each transport the page is refused, admitted after a reload, and refused again after an undo", async (t) => {
  const page = await refused(t);
  const other = site(page, FORGOTTEN);
  for (const [way, transport] of [
    ["WebSocket", "websocket"],
    ["Polling", "polling"],
  ]) {
    const first = await read(page, "request_id");
    await other.getByRole("radio", { name: way }).check();
    await other.locator('[data-name="request_id"]').filter({ hasNotText: first }).waitFor();
    assert.equal(await read(page, "code"), CODE);
    const id = await read(page, "request_id");
    await field(page, id, "change").getByRole("button", { name: "Use this line" }).click();
    await reload(page);
    await verdict(page, FORGOTTEN, "Connected after");
    assert.equal(await read(page, "transport"), transport);
    await page.getByRole("button", { name: "Undo" }).click();
    await said(page, "→ unset");
    // It was admitted when it came.
    assert.match(await other.locator("#verdict").textContent(), /^Connected/);
    await other.getByRole("button", { name: "Try again" }).click();
    await verdict(page, FORGOTTEN, "Refused after");
    const last = await read(page, "request_id");
    await field(page, last, "code").filter({ hasText: CODE }).waitFor();
    assert.notEqual(last, id);
  }
});

test("where a page can read nothing, the log has the line all the same", async (t) => {
  const plain = await started({ SOCKETIO_REFUSALS: "http", SOCKETIO_LOG_LEVEL: "error" });
  t.after(() => plain.stop());
  const page = await open(t, shared, `${plain.page.url}/#refusals`);
  await verdict(page, FORGOTTEN, "No connection yet");
  assert.equal(await read(page, "message"), "xhr poll error");
  assert.match(await read(page, "active"), /^true/);
  const told = page.locator('#lines [open] [data-name="code"] dd');
  await told.filter({ hasText: CODE }).waitFor();
  await page.getByRole("button", { name: "Use this line" }).click();
  await reload(page);
  await verdict(page, FORGOTTEN, "Connected after");
});

test("an entry that cannot be used is told, and nothing has changed", async (t) => {
  const page = await refused(t);
  await page.getByLabel("SOCKETIO_CORS_ORIGINS").fill(`${demo.page.url},https://a/b`);
  await reload(page);
  await said(page, "Nothing has changed.");
  await said(page, "the entry https://a/b is left out: it has a path");
  assert.equal(await page.getByRole("button", { name: "Undo" }).isDisabled(), true);
  await site(page, FORGOTTEN).getByRole("button", { name: "Try again" }).click();
  await verdict(page, FORGOTTEN, "Refused after");
  const held = JSON.parse((await ask(demo, "/demo/origins")).text);
  assert.deepEqual([held.value, held.isChanged], ["", false]);
});

test("a restart of the gateway keeps the list, and undo is still there", async (t) => {
  const page = await refused(t);
  const origin = await page.locator(".address").nth(FORGOTTEN).textContent();
  await page.getByLabel("SOCKETIO_CORS_ORIGINS").fill(`SOCKETIO_CORS_ORIGINS=${demo.page.url},${origin}`);
  await reload(page);
  await verdict(page, FORGOTTEN, "Connected after");
  const before = await read(page, "session");
  await page.getByRole("button", { name: "Restart gateway" }).click();
  await site(page, FORGOTTEN).locator('[data-name="session"]').filter({ hasNotText: before }).waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await said(page, "→ unset");
});

test("the forgotten page's server tells no list of origins and has nothing of the demo's own", async (t) => {
  const config = JSON.parse((await ask(demo, "/demo/config")).text);
  const there = { host: "127.0.0.1", port: Number(new URL(config.other).port) };
  const { url, ...rest } = JSON.parse((await request(there, "/demo/gateway")).text);
  assert.deepEqual([url, rest], [`http://localhost:${demo.port}`, { path: config.path }]);
  for (const path of ["/demo/config", "/demo/origins", "/demo/log", "/main.js", "/index.html"]) {
    assert.equal((await request(there, path)).status, 404, path);
  }
  const foreign = await request(there, "/", { headers: { Host: `evil.example:${there.port}` } });
  assert.equal(foreign.status, 421);
  const page = await open(t, shared, config.other);
  await page.locator("#verdict").filter({ hasText: "Refused after" }).waitFor();
  assert.equal((await page.content()).includes(demo.page.url), false, "an allowed origin is in the page");
});

test("only the demo's own page changes the list", async () => {
  const body = JSON.stringify({ value: "*" });
  const headers = { "Content-Type": "application/json", Origin: "http://localhost:5173" };
  for (const path of ["/demo/origins", "/demo/origins/undo"]) {
    assert.equal((await ask(demo, path, { method: "POST", body, headers })).status, 403, path);
  }
});

test("all of it works with the keyboard alone, and every control has a name", async (t) => {
  const page = await refused(t);
  const id = await read(page, "request_id");
  await field(page, id, "change").waitFor();
  await field(page, id, "change").getByRole("button").focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Reload");
  await page.keyboard.press("Enter");
  await verdict(page, FORGOTTEN, "Connected after");
  const nameless = await page.locator("#refusals :is(button, a, textarea, iframe, summary, [role=log])").evaluateAll((found) =>
    found.filter((it) => !(it.textContent.trim() || it.ariaLabel || it.title || it.labels?.length || it.ariaLabelledByElements?.length))
      .map((it) => it.outerHTML),
  );
  assert.deepEqual(nameless, []);
});
