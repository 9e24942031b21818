// A cache between pages and Bellgate: no page may get an answer that was made for another (hardening §3, row 27).

import assert from "node:assert/strict";
import test from "node:test";
import { bellgate, pages } from "../lib/browser.js";
import { request } from "../lib/http.js";
import { nginx } from "../lib/nginx.js";
import { query } from "../lib/peers.js";
import { freePort } from "../lib/program.js";

const ADA = "http://ada.example";
const BOB = "http://bob.example";

/** nginx as a cache of everything that may be cached, with a header that tells whether an answer was. */
async function behindCache(t) {
  const [pagesPort, port] = [await pages(t), await freePort()];
  const gate = await bellgate(t, { SOCKETIO_CORS_ORIGINS: `${ADA},${BOB}`, BELLGATE_TRUSTED_PROXIES: "loopback" });
  const more = "proxy_cache shared; add_header X-Cache $upstream_cache_status always;";
  await nginx(t, { port, pagesPort, gatePort: gate.port, headers: { buffering: "", more } });
  return (path, origin, options = {}) => {
    const headers = { ...(origin && { Origin: origin }), ...options.headers };
    return request({ host: "127.0.0.1", port }, path, { ...options, headers });
  };
}

test("a cache keeps the client's options for each origin apart", async (t) => {
  const ask = await behindCache(t);
  const path = "/bellgate/client/config.json";
  for (const [origin, cached] of [[ADA, "MISS"], [ADA, "HIT"], [BOB, "MISS"], [BOB, "HIT"], [ADA, "HIT"]]) {
    const answer = await ask(path, origin);
    assert.deepEqual([answer.status, answer.headers["x-cache"]], [200, cached], origin);
    assert.equal(answer.headers["access-control-allow-origin"], origin);
    assert.match(answer.headers.vary, /origin/i);
  }
  for (let times = 0; times < 2; times++) {
    const refused = await ask(path, "http://evil.example");
    assert.equal(refused.status, 403);
    assert.equal(refused.headers["access-control-allow-origin"], undefined);
    assert.notEqual(refused.headers["x-cache"], "HIT", "a refusal is nobody else's");
  }
});

test("nothing of a session, of the API or of a verdict is cached", async (t) => {
  const ask = await behindCache(t);
  const handshake = query("/socket.io/", "polling");
  const paths = [handshake, `${handshake}&sid=unknown`, "/bellgate/diagnose", "/bellgate/healthz", "/bellgate/api/v1/emit"];
  for (const path of paths) {
    const seen = new Set();
    for (const origin of [ADA, BOB, ADA, "http://evil.example", undefined]) {
      const answer = await ask(path, origin);
      assert.notEqual(answer.headers["x-cache"], "HIT", path);
      assert.match(answer.headers["cache-control"], /no-store/, path);
      assert.match(answer.headers.vary, /origin/i, path);
      assert.equal(answer.headers["set-cookie"], undefined);
      seen.add(answer.headers["x-request-id"]);
    }
    assert.equal(seen.size, 5, `${path} was answered afresh each time`);
  }
});

test("the answer to a preflight varies by what it depends on", async (t) => {
  const ask = await behindCache(t);
  const asked = { "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type" };
  for (const origin of [ADA, BOB, ADA]) {
    const answer = await ask(query("/socket.io/", "polling"), origin, { method: "OPTIONS", headers: asked });
    assert.deepEqual([answer.status, answer.headers["access-control-allow-origin"]], [204, origin]);
    for (const name of ["origin", "access-control-request-method", "access-control-request-headers"]) {
      assert.ok(answer.headers.vary.toLowerCase().includes(name), answer.headers.vary);
    }
  }
});
