// One TLS name for page and gateway, nginx in front, and the slips that are made there (contract §3).
//
// A page under one name sends no Origin by GET and one by POST and with the upgrade: a refusal comes inside the session.

import assert from "node:assert/strict";
import test from "node:test";
import { WAYS, bellgate, browser, connectPage, notified, open, pages, publish } from "../lib/browser.js";
import { nginx } from "../lib/nginx.js";
import { freePort } from "../lib/program.js";
import { attempt, isBare, isTerminal, logged } from "../lib/refusal.js";

const chromium = browser();

/** A page and its gateway behind https://app.example. `env` may depend on that address, `headers` on the gateway's port. */
async function behindTls(t, { env = {}, headers = {} } = {}) {
  const [pagesPort, port] = [await pages(t), await freePort()];
  const url = `https://app.example:${port}`;
  const of = (value, ...given) => (typeof value === "function" ? value(...given) : value);
  const gate = await bellgate(t, { BELLGATE_TRUSTED_PROXIES: "loopback", ...of(env, url, pagesPort) });
  await nginx(t, { port, pagesPort, gatePort: gate.port, secure: true, headers: of(headers, gate.port) });
  const page = await open(t, chromium, `${url}/`);
  return { gate, page, pagesPort, url };
}

const withPublicUrl = (url) => ({ BELLGATE_PUBLIC_URL: url });

/** The page was told once and for all, when others had long come back. */
async function isOver(page) {
  await page.evaluate(() => othersCameBack());
  const fate = await page.evaluate(() => [seen.connects, seen.errors.length, seen.attempts, socket.active]);
  assert.deepEqual(fate, [0, 1, [], false]);
}

for (const [way, { transports }] of Object.entries(WAYS)) {
  test(`with BELLGATE_PUBLIC_URL forgotten the page reads the line to set, and its client stops (${way})`, async (t) => {
    const { gate, page, url } = await behindTls(t);
    // The stock client's own transports where the way upgrades.
    const error = await attempt(t, page, url, way === "upgraded" ? {} : { transports });
    isTerminal(error, "origin_host_not_allowed", [":5000"]);
    assert.ok(error.data.hint.includes(`BELLGATE_PUBLIC_URL=${url}`), error.data.hint);
    await isOver(page);
    const line = await logged(gate, "origin_host_not_allowed", error.data.request_id);
    assert.equal(line.change, `BELLGATE_PUBLIC_URL=${url}`);
    assert.match(line.forwarded, /^believed: .*x-forwarded-proto: https/);
  });

  test(`with BELLGATE_PUBLIC_URL set it connects (${way})`, async (t) => {
    const { gate, page, url } = await behindTls(t, { env: withPublicUrl });
    await connectPage(page, url, way, { withCredentials: true });
    await publish(gate, { title: "under one name" });
    await notified(page, "under one name");
    assert.deepEqual(await page.evaluate(() => [seen.errors, seen.disconnects]), [[], []]);
  });

  test(`a proxy that loses the scheme and rewrites Host does no harm where the public URL is set (${way})`, async (t) => {
    const headers = (gatePort) => ({ scheme: "", host: `proxy_set_header Host 127.0.0.1:${gatePort};` });
    const { page, url } = await behindTls(t, { env: withPublicUrl, headers });
    await connectPage(page, url, way);
  });

  test(`with the public URL written as http the page reads that the scheme differs (${way})`, async (t) => {
    const env = (url) => ({ BELLGATE_PUBLIC_URL: url.replace("https:", "http:") });
    const { gate, page, url } = await behindTls(t, { env });
    const error = await attempt(t, page, url, { transports });
    isTerminal(error, "origin_scheme_mismatch", [url.replace("https:", "http:")]);
    await isOver(page);
    assert.match((await logged(gate, "origin_scheme_mismatch")).nearest, /the scheme differs/);
  });
}

test("with the scheme lost too the hint still names the page's own address", async (t) => {
  const { page, url } = await behindTls(t, { headers: { scheme: "" } });
  const error = await attempt(t, page, url);
  isTerminal(error, "origin_host_not_allowed", [":5000"]);
  assert.ok(error.data.hint.includes(`BELLGATE_PUBLIC_URL=${url}`), error.data.hint);
  await isOver(page);
});

test("with Host rewritten and the public URL forgotten the page is refused readably, and the log shows the Host", async (t) => {
  const { gate, page, url } = await behindTls(t, { headers: (port) => ({ host: `proxy_set_header Host 127.0.0.1:${port};` }) });
  const error = await attempt(t, page, url);
  isTerminal(error, "origin_host_not_allowed", [":5000"]);
  // The browser says on a POST that the name is one, whatever the proxy made of it.
  assert.ok(error.data.hint.includes(`BELLGATE_PUBLIC_URL=${url}`), error.data.hint);
  await isOver(page);
  const line = await logged(gate, "origin_host_not_allowed");
  assert.equal(line.host, `127.0.0.1:${gate.port}`);
  assert.equal(line.change, `BELLGATE_PUBLIC_URL=${url}`);
});

test("with X-Forwarded-Proto not believed the log says which proxy to trust", async (t) => {
  const { gate, page, url } = await behindTls(t, { env: { BELLGATE_TRUSTED_PROXIES: "" } });
  isTerminal(await attempt(t, page, url), "origin_host_not_allowed", [":5000"]);
  const line = await logged(gate, "origin_host_not_allowed");
  assert.match(line.forwarded, /^ignored: /);
  assert.match(line.change, /BELLGATE_TRUSTED_PROXIES=loopback/);
});

/** A proxy that writes CORS headers of its own on everything. */
const OWN_CORS = {
  more: "add_header Access-Control-Allow-Origin $http_origin always; add_header Access-Control-Allow-Credentials true always;",
};

/** A page on an origin of its own, admitted unless `env` says else, and its gateway behind such a proxy. */
async function besideTls(t, env = {}) {
  const admitting = (_, pagesPort) => ({ FLASK_PORT: String(pagesPort), ...env });
  const { gate, url, pagesPort } = await behindTls(t, { env: admitting, headers: OWN_CORS });
  return { gate, url, page: await open(t, chromium, `http://localhost:${pagesPort}/`) };
}

test("where a proxy adds a second Access-Control-Allow-Origin a poll shows nothing, and a WebSocket works", async (t) => {
  const { page, url } = await besideTls(t);
  isBare(await attempt(t, page, url, { transports: ["polling"] }));
  await page.evaluate(() => socket.disconnect());
  await connectPage(page, url, "websocket", { forceNew: true });
});

for (const way of Object.keys(WAYS)) {
  test(`SOCKETIO_CORS_MODE=off leaves the headers to that proxy, and the page connects (${way})`, async (t) => {
    const { page, url } = await besideTls(t, { SOCKETIO_CORS_MODE: "off" });
    await connectPage(page, url, way, { withCredentials: true });
  });
}

test("with SOCKETIO_CORS_MODE=off origins are judged all the same, and the proxy's headers carry the refusal", async (t) => {
  const { gate, page, url } = await besideTls(t, { SOCKETIO_CORS_MODE: "off", FLASK_PORT: "5000" });
  const error = await attempt(t, page, url);
  isTerminal(error, "origin_port_mismatch", [":5000"]);
  await isOver(page);
  await logged(gate, "origin_port_mismatch", error.data.request_id);
});
