// Credentials on and off, and what SOCKETIO_CORS_MODE=report lets in (contract §3).

import assert from "node:assert/strict";
import test from "node:test";
import { WAYS, bellgate, browser, connectPage, open, pages } from "../lib/browser.js";
import { request } from "../lib/http.js";
import { attempt, isBare, logged } from "../lib/refusal.js";

const chromium = browser();
/** An answer that opens no session. */
const PATH = "/socket.io/?EIO=4&transport=polling&sid=unknown";

/** A page of `http://localhost:PORT` with a cookie that its browser has for every port of that host. */
async function pageWithCookie(t, env = () => ({})) {
  const port = await pages(t);
  const gate = await bellgate(t, { FLASK_PORT: String(port), ...env() });
  const page = await open(t, chromium, `http://localhost:${port}/`);
  await page.context().addCookies([{ name: "session", value: "of-a-visitor", domain: "localhost", path: "/" }]);
  return { gate, page, url: `http://localhost:${gate.port}`, origin: `http://localhost:${port}` };
}

const WITHOUT = () => ({ SOCKETIO_CORS_CREDENTIALS: "false" });

for (const way of Object.keys(WAYS)) {
  test(`with credentials on a page connects with its cookies (${way})`, async (t) => {
    const { page, url } = await pageWithCookie(t);
    await connectPage(page, url, way, { withCredentials: true });
  });

  test(`with credentials off a page connects without them (${way})`, async (t) => {
    const { page, url } = await pageWithCookie(t, WITHOUT);
    await connectPage(page, url, way);
  });

  test(`SOCKETIO_CORS_MODE=report lets an unlisted page in with its cookies, and tells the log (${way})`, async (t) => {
    const { gate, page, url, origin } = await pageWithCookie(t, () => ({ FLASK_PORT: "5000", SOCKETIO_CORS_MODE: "report" }));
    await connectPage(page, url, way, { withCredentials: true });
    assert.deepEqual(await page.evaluate(() => [seen.errors, seen.disconnects]), [[], []]);
    const line = await logged(gate, "origin_port_mismatch");
    assert.match(line.message, /^would be refused: /);
    assert.equal(line.canonical, origin);
    assert.ok(line.change.endsWith(origin), line.change);
  });
}

test("with credentials off no answer allows them, also where the origin is admitted", async (t) => {
  const { gate, page, url, origin } = await pageWithCookie(t, WITHOUT);
  const { status, headers } = await request(gate, PATH, { headers: { Origin: origin } });
  assert.deepEqual([status, headers["access-control-allow-origin"]], [400, origin]);
  assert.equal(headers["access-control-allow-credentials"], undefined);
  const read = await page.evaluate(async (to) => {
    const how = (credentials) => fetch(to, { credentials }).then((answer) => answer.status, (error) => error.name);
    return [await how("omit"), await how("include")];
  }, url + PATH);
  assert.deepEqual(read, [400, "TypeError"]);
});

// The server cannot tell: a browser sends nothing that says "with credentials" where it has no cookie.
test("with credentials off a page that asks for them sees that it failed, and no more", async (t) => {
  const { page, url } = await pageWithCookie(t, WITHOUT);
  isBare(await attempt(t, page, url, { transports: ["polling"], withCredentials: true }));
});
