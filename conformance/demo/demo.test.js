// `bellgate demo` in a real browser, as its README promises it.

import assert from "node:assert/strict";
import test from "node:test";
import { browser, open } from "../lib/browser.js";
import { Program, built, freePort } from "../lib/program.js";
import { within } from "../lib/wait.js";
import { ADA, EDSGER, GRACE, ask, opened, pane, publish, shows, started, titles } from "./stage.js";

const shared = browser();
let demo;
test.before(async () => (demo = await started()));
test.after(() => demo?.stop());

test("a notification for user 7 reaches Ada alone, in her list and as a toast", async (t) => {
  const page = await opened(t, shared, demo);
  await publish(page, "user:7", "Only for Ada", { message: "and for nobody else" });
  await shows(pane(page, ADA), ".toast", "Only for Ada");
  await shows(pane(page, ADA), ".notice", "user:7 #");
  await publish(page, "all", "For everybody");
  await shows(pane(page, ADA), ".notice", "For everybody");
  await shows(pane(page, EDSGER), ".notice", "For everybody");
  assert.deepEqual(await titles(pane(page, ADA)), ["For everybody", "Only for Ada"]);
  assert.deepEqual(await titles(pane(page, EDSGER)), ["For everybody"]);
});

test("what is for the admins travels on /admin to the admin alone", async (t) => {
  const page = await opened(t, shared, demo);
  await publish(page, "role:admin", "For admins");
  await shows(pane(page, EDSGER), ".notice", "on /admin");
  await publish(page, "all", "For everybody");
  await shows(pane(page, ADA), ".notice", "For everybody");
  assert.deepEqual(await titles(pane(page, ADA)), ["For everybody"]);
});

test("who follows a topic gets what is published to it, in another window too", async (t) => {
  const page = await opened(t, shared, demo);
  const second = await opened(t, shared, demo, "/?as=8");
  await publish(page, "topic:releases", "A release");
  await shows(pane(page, ADA), ".notice", "A release");
  await shows(pane(page, EDSGER), ".notice", "A release");
  await publish(page, "user:8", "For Grace");
  await shows(pane(second, GRACE), ".notice", "For Grace");
  assert.deepEqual(await titles(pane(second, GRACE)), ["For Grace"]);
});

test("a user who asks for /admin is refused with the code and stays connected", async (t) => {
  const page = await opened(t, shared, demo);
  await pane(page, ADA).getByRole("button", { name: "Join /admin" }).click();
  await shows(pane(page, ADA), ".refusal", "[forbidden_role]");
  await publish(page, "user:7", "Still there");
  await shows(pane(page, ADA), ".notice", "Still there");
});

test("each choice of transports connects and delivers", async (t) => {
  const page = await opened(t, shared, demo);
  const ada = pane(page, ADA);
  for (const [way, state] of [
    ["Polling", "connected via polling"],
    ["WebSocket", "connected via websocket"],
    ["Default", "upgraded to websocket"],
  ]) {
    await ada.getByRole("radio", { name: way }).check();
    await shows(ada, ".state", state);
    await publish(page, "user:7", `By ${way}`);
    await shows(ada, ".notice", `By ${way}`);
  }
});

test("clients of every transport come back by themselves when the gateway is restarted", async (t) => {
  const page = await opened(t, shared, demo);
  const [ada, edsger] = [pane(page, ADA), pane(page, EDSGER)];
  await ada.getByRole("radio", { name: "Polling" }).check();
  await shows(ada, ".state", "connected via polling");
  const before = await page.locator(".sid").allTextContents();
  await page.getByRole("button", { name: "Restart gateway" }).click();
  for (const name of ["Ada", "Edsger"]) {
    const row = page.locator("#rows li").filter({ hasText: name });
    await row.filter({ hasText: "bell:drain" }).first().waitFor({ state: "attached" });
    await row.filter({ hasText: "reconnecting" }).first().waitFor({ state: "attached" });
  }
  await page.locator("#pages-count").filter({ hasText: "2 of 2 connected" }).waitFor();
  await shows(ada, ".state", "connected via polling");
  await shows(edsger, ".state", "upgraded to websocket");
  const after = await page.locator(".sid").allTextContents();
  after.forEach((sid) => assert.ok(!before.includes(sid), "the session is a new one"));
  await publish(page, "all", "Back again");
  await shows(ada, ".notice", "Back again");
  await shows(edsger, ".notice", "Back again");
});

test("a key replaces an entry in place", async (t) => {
  const page = await opened(t, shared, demo);
  await page.getByRole("button", { name: "progress", exact: true }).click();
  await shows(pane(page, ADA), ".notice", "All of them are there.");
  await shows(pane(page, ADA), ".notice", "revision 6");
  assert.deepEqual(await titles(pane(page, ADA)), ["Importing contacts"]);
});

test("markup in a notification is shown as text", async (t) => {
  const page = await opened(t, shared, demo);
  const markup = '<img src=x onerror="document.title=1"><b>bold</b>';
  await publish(page, "all", markup, { message: markup });
  await shows(pane(page, ADA), ".notice .title", markup);
  await shows(pane(page, ADA), ".toast .message", markup);
  assert.equal(await page.locator(".pane :is(img, b)").count(), 0);
  assert.equal(await page.title(), "Bellgate demo");
});

test("the wire strip shows handshake, upgrade and event, and no token", async (t) => {
  const page = await opened(t, shared, demo, "/?as=7");
  const rows = page.locator("#rows li");
  for (const says of ["a session opens", "asks to join /", "welcome to /", "was probed", "upgraded to websocket"]) {
    await rows.filter({ hasText: says }).first().waitFor({ state: "attached" });
  }
  const asked = await rows.filter({ hasText: "asks to join /" }).allTextContents();
  for (const row of asked) assert.match(row, /{"csrf_token":"…"}/);
});

test("a login is a session of Flask in a cookie that no script reads, and the gateway knows its user by that", async (t) => {
  const page = await opened(t, shared, demo);
  const cookies = await page.context().cookies();
  const told = cookies.map(({ name, path, httpOnly, sameSite }) => [name, path, httpOnly, sameSite]);
  assert.deepEqual(told.sort(), [
    ["session", `/people/${EDSGER}/`, true, "Lax"],
    ["session", `/people/${ADA}/`, true, "Lax"],
  ]);
  for (const { path, value } of cookies) {
    assert.match(value, /^[\w-]+\.[\w-]{6}\.[\w-]{27}$/, "payload, time and signature");
    const session = JSON.parse(Buffer.from(value.split(".")[0], "base64url"));
    assert.equal(path, `/people/${session._user_id}/`);
    assert.deepEqual(session.roles, session._user_id === EDSGER ? ["admin"] : []);
    assert.ok(session.csrf_token);
  }
  // The page has its token; without the cookie it is nobody, so it logs in again.
  await page.context().clearCookies();
  const login = page.waitForResponse("**/demo/login");
  await page.getByRole("button", { name: "Restart gateway" }).click();
  assert.equal((await login).status(), 200);
  for (const id of [ADA, EDSGER]) await shows(pane(page, id), ".state", "upgraded to websocket");
  await publish(page, "role:admin", "Known by the cookie");
  await shows(pane(page, EDSGER), ".notice", "Known by the cookie");
});

test("a visitor's page gets nothing of /admin", async (t) => {
  const page = await opened(t, shared, demo, "/?as=");
  const visitor = page.locator(".pane");
  const received = [];
  page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => received.push(String(payload))));
  await visitor.getByRole("radio", { name: "WebSocket" }).check();
  await shows(visitor, ".state", "connected via websocket");
  await visitor.getByRole("button", { name: "Join /admin" }).click();
  await shows(visitor, ".refusal", "[auth_required]");
  const publisher = await opened(t, shared, demo);
  await publish(publisher, "role:admin", "For admins");
  await shows(pane(publisher, EDSGER), ".notice", "For admins");
  await publish(publisher, "all", "For everybody");
  await shows(visitor, ".notice", "For everybody");
  assert.deepEqual(await titles(visitor), ["For everybody"]);
  const admins = received.filter((frame) => frame.includes("/admin"));
  assert.deepEqual(admins.map((frame) => frame.slice(0, "44/admin,".length)), ["44/admin,"], "the refusal alone");
  assert.deepEqual(await page.context().cookies(), []);
});

test("who switches to another person is that person and gets nothing of the first", async (t) => {
  const page = await opened(t, shared, demo, "/?as=7");
  await page.locator("select").selectOption(GRACE);
  await shows(pane(page, GRACE), ".state", "upgraded to websocket");
  const publisher = await opened(t, shared, demo);
  await publish(publisher, "user:7", "For Ada");
  await shows(pane(publisher, ADA), ".notice", "For Ada");
  await publish(publisher, "user:8", "For Grace");
  await shows(pane(page, GRACE), ".notice", "For Grace");
  assert.deepEqual(await titles(pane(page, GRACE)), ["For Grace"]);
});

test("a login that is answered late gives nobody else its person", async (t) => {
  const page = await opened(t, shared, demo, "/?as=7");
  let release;
  const isReleased = new Promise((resolve) => (release = resolve));
  await page.route("**/demo/login", (route) => isReleased.then(() => route.continue()), { times: 1 });
  const late = page.waitForResponse((answer) => answer.request().postData()?.includes(`"${EDSGER}"`));
  await page.locator("select").selectOption(EDSGER);
  await page.locator("select").selectOption(GRACE);
  await shows(pane(page, GRACE), ".state", "upgraded to websocket");
  release();
  await (await late).finished();
  await page.getByRole("button", { name: "Restart gateway" }).click();
  await page.locator("#rows li").filter({ hasText: "reconnecting" }).first().waitFor({ state: "attached" });
  await shows(pane(page, GRACE), ".state", "upgraded to websocket");
  const publisher = await opened(t, shared, demo);
  await publish(publisher, "user:1", "For Edsger");
  await publish(publisher, "user:8", "For Grace");
  await shows(pane(page, GRACE), ".notice", "For Grace");
  assert.deepEqual(await titles(pane(page, GRACE)), ["For Grace"]);
});

test("the page's server answers for its own names only, and takes posts of its own page only", async () => {
  const { port } = demo.page;
  const foreign = await ask(demo, "/", { headers: { Host: `evil.example:${port}` } });
  assert.equal(foreign.status, 421);
  const body = JSON.stringify({ id: "1" });
  const json = { "Content-Type": "application/json" };
  const post = (headers) => ask(demo, "/demo/login", { method: "POST", body, headers: { ...json, ...headers } });
  assert.equal((await post({ Origin: "http://evil.example" })).status, 403);
  assert.equal((await post({})).status, 403);
  assert.equal((await post({ Host: `localhost:${port}`, Origin: `http://localhost:${port}` })).status, 200);
});

test("pages log in again after the whole demo was started anew", async (t) => {
  const first = await started();
  const page = await opened(t, shared, first);
  await first.stop();
  const second = await started({}, { page: first.page.port, port: first.port });
  t.after(() => second.stop());
  for (const id of [ADA, EDSGER]) await shows(pane(page, id), ".state", "upgraded to websocket");
  await publish(page, "role:admin", "Known again");
  await shows(pane(page, EDSGER), ".notice", "Known again");
});

test("a page that the list of origins leaves out is told the code and what to change", async (t) => {
  const closed = await started({ SOCKETIO_CORS_ORIGINS: "http://other.example" });
  t.after(() => closed.stop());
  const page = await open(t, shared, closed.page.url);
  for (const id of [ADA, EDSGER]) {
    await shows(pane(page, id), ".state", "refused");
    await shows(pane(page, id), ".refusal", "[origin_host_not_allowed]");
    await shows(pane(page, id), ".refusal", `add ${closed.page.url} to SOCKETIO_CORS_ORIGINS`);
  }
});

test("a taken port is named, and the status is 2", async () => {
  const { port } = demo.page;
  const env = { FLASK_PORT: String(port), SOCKETIO_PORT: String(await freePort()) };
  const second = new Program(built("bellgate", "BELLGATE_BINARY"), ["demo"], env, 0);
  const { code } = await within(second.exited, 30_000, "the end of a demo without a port");
  await second.kill();
  assert.equal(code, 2, second.output);
  assert.match(second.output, new RegExp(`127\\.0\\.0\\.1:${port} is taken`));
});
