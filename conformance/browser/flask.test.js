// A real Flask application logs people in, and their pages connect with what it gave them (contract §4).

import assert from "node:assert/strict";
import test from "node:test";
import { API_KEY, WAYS, bellgate, browser, connectPage, open } from "../lib/browser.js";
import { JWT_SECRET, SECRET, flask, redis } from "../lib/flask.js";
import { request } from "../lib/http.js";
import { nginx } from "../lib/nginx.js";
import { freePort } from "../lib/program.js";
import { SOON, until } from "../lib/wait.js";

const chromium = browser();
const KEYS = `test:${API_KEY}:publish+emit+read+manage`;

/** The application and Bellgate on two origins of one host, or behind one nginx. */
async function deployed(t, { proxied = false, stored = false, env = {}, flaskEnv = {} } = {}) {
  const [gatePort, appPort] = [await freePort(), await freePort()];
  const store = stored && (await redis(t));
  const port = proxied && (await freePort());
  const [site, url] = [appPort, gatePort].map((own) => `http://localhost:${port || own}`);
  await flask(t, {
    PORT: String(appPort),
    BELLGATE_KEY: API_KEY,
    // Without a store nobody but the application can tell of a logout.
    ...(store ? { FLASK_SESSION_TYPE: "redis", SESSION_REDIS_URL: store } : { BELLGATE_URL: `http://127.0.0.1:${gatePort}` }),
    ...flaskEnv,
  });
  const gateEnv = {
    FLASK_PORT: String(appPort),
    SECRET_KEY: SECRET,
    BELLGATE_API_KEYS: KEYS,
    ...(store && { BELLGATE_SESSION_REDIS_URL: store }),
    ...(proxied && { BELLGATE_PUBLIC_URL: site, BELLGATE_TRUSTED_PROXIES: "127.0.0.1" }),
    ...(typeof env === "function" ? env(appPort) : env),
  };
  const gate = await bellgate(t, gateEnv, gatePort);
  if (proxied) await nginx(t, { port, pagesPort: appPort, gatePort });
  return { gate, site, url };
}

/** A page on which this user has logged in by the application's own form. */
async function loggedIn(t, site, name) {
  const page = await open(t, chromium, site);
  await page.fill("#login input[name=name]", name);
  await page.click("#login button");
  await page.waitForFunction((wanted) => document.title === wanted && typeof connect === "function", name);
  return page;
}

/** The token that the application's template gives a page. */
const csrf = (page) => page.getAttribute("meta[name=csrf-token]", "content");

/** Options of a page that brings all that a login by cookie asks for. */
const proven = async (page) => ({ withCredentials: true, auth: { csrf_token: await csrf(page) } });

/** What operators see of a user. */
async function told(gate, user) {
  const headers = { Authorization: `Bearer ${API_KEY}` };
  return JSON.parse((await request(gate, `/api/v1/users/${user}`, { headers })).body);
}

/** What the page is told when it may not join. */
async function refused(page, url, options) {
  await page.evaluate(([to, given]) => connect(to, given), [url, options]);
  await page.waitForFunction(() => seen.errors.length > 0);
  return page.evaluate(() => seen.errors[0].data?.code);
}

/** Flask-WTF's token under other names than its usual ones. */
const NAMED = {
  env: { WTF_CSRF_FIELD_NAME: "proof", WTF_CSRF_HEADERS: "X-Proof" },
  flaskEnv: { FLASK_WTF_CSRF_FIELD_NAME: "proof", FLASK_WTF_CSRF_HEADERS: '["X-Proof"]' },
};
/** Ids of sessions signed by Flask-Session. */
const SIGNED = { stored: true, env: { SESSION_USE_SIGNER: "true" }, flaskEnv: { FLASK_SESSION_USE_SIGNER: "true" } };

const PLACES = {
  "cross-origin": {},
  "behind one nginx": { proxied: true },
  "with its session in Redis": { stored: true },
  "with a signed id of its session in Redis": SIGNED,
  "with names of its own for Flask-WTF's token": NAMED,
};

for (const [place, how] of Object.entries(PLACES)) {
  for (const way of Object.keys(WAYS)) {
    test(`who has logged in at Flask connects as that user ${place} (${way})`, async (t) => {
      const { gate, site, url } = await deployed(t, how);
      const page = await loggedIn(t, site, "ada");
      await connectPage(page, url, way, await proven(page));
      const { online, connections } = await told(gate, "ada");
      assert.deepEqual([online, connections], [true, 1]);
    });
  }

  test(`a page without Flask-WTF's token is refused ${place}`, async (t) => {
    const { gate, site, url } = await deployed(t, how);
    const page = await loggedIn(t, site, "ada");
    assert.equal(await refused(page, url, { withCredentials: true }), "csrf_missing");
    assert.equal((await told(gate, "ada")).online, false);
  });

  test(`who has not logged in is refused ${place}`, async (t) => {
    const { site, url } = await deployed(t, how);
    const page = await open(t, chromium, site);
    const code = await refused(page, url, await proven(page));
    assert.ok(["auth_required", "credentials_not_sent"].includes(code), code);
  });

  test(`logging out at Flask ends the connection here ${place}`, async (t) => {
    const { gate, site, url } = await deployed(t, how);
    const page = await loggedIn(t, site, "ada");
    await connectPage(page, url, "websocket", await proven(page));
    const other = await page.context().newPage();
    await other.goto(site);
    await other.click("#logout button");
    await page.waitForFunction(() => seen.disconnects.length > 0);
    await until(async () => !(await told(gate, "ada")).online, SOON, "the user to be gone");
  });
}

test("Flask-WTF's token may come in the header that the application has for it", async (t) => {
  const env = { ...NAMED.env, SOCKETIO_CORS_HEADERS: "Content-Type,X-Proof" };
  const { gate, site, url } = await deployed(t, { ...NAMED, env });
  const page = await loggedIn(t, site, "ada");
  const extraHeaders = { "X-Proof": await csrf(page) };
  await connectPage(page, url, "polling", { withCredentials: true, extraHeaders });
  assert.equal((await told(gate, "ada")).online, true);
});

/** The application's own word, where Bellgate has no key to read its cookies by. */
const asking = (appPort) => ({
  SECRET_KEY: "",
  BELLGATE_AUTH_URL: `http://127.0.0.1:${appPort}/bellgate/auth`,
  BELLGATE_WEBHOOK_SECRET: SECRET,
});

for (const way of Object.keys(WAYS)) {
  test(`Flask itself says who has logged in, and that a page has proven itself (${way})`, async (t) => {
    const { gate, site, url } = await deployed(t, { env: asking, flaskEnv: { WEBHOOK_SECRET: SECRET } });
    const page = await loggedIn(t, site, "ada");
    await connectPage(page, url, way, await proven(page));
    assert.equal((await told(gate, "ada")).online, true);
    const other = await loggedIn(t, site, "eve");
    assert.equal(await refused(other, url, { withCredentials: true }), "auth_refused");
    const nobody = await open(t, chromium, site);
    assert.equal(await refused(nobody, url, await proven(nobody)), "auth_required");
  });
}

test("no byte of /admin reaches a page whose user is no administrator", async (t) => {
  const { gate, site, url } = await deployed(t);
  const admin = await loggedIn(t, site, "admin");
  await connectPage(admin, `${url}/admin`, "websocket", await proven(admin));
  const page = await loggedIn(t, site, "ada");
  const received = [];
  page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => received.push(String(payload))));
  await connectPage(page, url, "websocket", await proven(page));
  const code = await page.evaluate(
    ([to, given]) =>
      new Promise((resolve) => {
        const socket = io(to, given);
        socket.on("connect_error", (error) => resolve(error.data.code));
        socket.on("connect", () => resolve("joined"));
      }),
    [`${url}/admin`, { transports: ["websocket"], ...(await proven(page)) }],
  );
  assert.equal(code, "forbidden_role");
  const headers = { Authorization: `Bearer ${API_KEY}`, "Content-Type": "application/json" };
  const emit = (given) => request(gate, "/api/v1/emit", { method: "POST", headers, body: JSON.stringify(given) });
  await emit({ event: "secret", args: ["for administrators"], namespace: "/admin", to: { all: true } });
  await admin.waitForFunction(() => seen.events.some(([name]) => name === "secret"));
  await emit({ event: "last", args: [], namespace: "/", to: { user: "ada" } });
  await page.waitForFunction(() => seen.events.some(([name]) => name === "last"));
  const admins = received.filter((frame) => frame.includes("/admin"));
  assert.deepEqual(
    admins.map((frame) => frame.slice(0, "44/admin,".length)),
    ["44/admin,"],
    "the refusal, and nothing else",
  );
  assert.ok(!received.some((frame) => frame.includes("secret")));
});

test("a page connects with the token that Flask-JWT-Extended made, without a cookie", async (t) => {
  const { gate, site, url } = await deployed(t, { env: { BELLGATE_JWT_SECRET: JWT_SECRET } });
  const page = await loggedIn(t, site, "editor");
  const token = await page.evaluate(() => fetch("/token").then((answer) => answer.text()));
  await connectPage(page, url, "websocket", { auth: { token } });
  assert.deepEqual((await told(gate, "editor")).roles, ["editor"]);
  assert.equal(await refused(page, url, { auth: { token: `${token}x` } }), "token_invalid");
});
