// Page and gateway behind one nginx name: the usual production topology (contract §1), and a proxy that strips Upgrade.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { WAYS, bellgate, browser, connectPage, notified, open, pages, publish } from "../lib/browser.js";
import { request } from "../lib/http.js";
import { freePort } from "../lib/program.js";
import { until, within } from "../lib/wait.js";

const chromium = browser();

const UPGRADE = 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";';

/** The whole configuration of one nginx in front of the page and of Bellgate. */
function configuration(folder, port, pagesPort, gatePort, upgrade) {
  return `
daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://127.0.0.1:${pagesPort}; }
    location ~ ^/(socket\\.io|bellgate)/ {
      proxy_pass http://127.0.0.1:${gatePort};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_buffering off;
      ${upgrade}
    }
  }
}`;
}

/** One name in front of both. */
async function behindNginx(t, { upgrade = UPGRADE, env = {} } = {}) {
  const [pagesPort, port] = [await pages(t), await freePort()];
  const gate = await bellgate(t, { BELLGATE_PUBLIC_URL: `http://localhost:${port}`, BELLGATE_TRUSTED_PROXIES: "loopback", ...env });
  const folder = mkdtempSync(join(tmpdir(), "bellgate-nginx-"));
  writeFileSync(join(folder, "nginx.conf"), configuration(folder, port, pagesPort, gate.port, upgrade));
  const nginx = spawn("nginx", ["-c", join(folder, "nginx.conf"), "-p", folder], {
    env: { PATH: `${process.env.PATH}:/usr/sbin` },
    stdio: "ignore",
  });
  const ended = new Promise((resolve) => nginx.on("exit", resolve).on("error", resolve));
  t.after(async () => {
    nginx.kill("SIGTERM");
    await within(ended);
    rmSync(folder, { recursive: true, force: true });
  });
  await until(() => request({ host: "127.0.0.1", port }, "/").then((answer) => answer.status === 200, () => false), 10_000, "nginx");
  return { gate, url: `http://localhost:${port}` };
}

for (const way of Object.keys(WAYS)) {
  test(`a page and its gateway behind one name connect (${way})`, async (t) => {
    const { gate, url } = await behindNginx(t);
    const page = await open(t, chromium, `${url}/`);
    await connectPage(page, url, way, { withCredentials: true });
    assert.equal((await publish(gate, { title: "behind nginx" })).status, 202);
    await notified(page, "behind nginx");
    assert.deepEqual(await page.evaluate(() => [seen.errors, seen.disconnects]), [[], []]);
  });
}

test("behind one name in production the public URL alone is admitted", async (t) => {
  const { gate, url } = await behindNginx(t, { env: { BELLGATE_ENV: "production", SOCKETIO_REQUIRE_HTTPS: "false", SOCKETIO_REQUIRE_AUTH: "false" } });
  const page = await open(t, chromium, `${url}/`);
  await connectPage(page, url, "upgraded");
  await publish(gate, { title: "production" });
  await notified(page, "production");
});

test("behind a proxy that strips Upgrade the default order works by polling", async (t) => {
  const { gate, url } = await behindNginx(t, { upgrade: "" });
  const page = await open(t, chromium, `${url}/`);
  await page.evaluate((to) => connect(to, {}), url);
  await page.waitForFunction(() => seen.connects > 0);
  await publish(gate, { title: "by polling" });
  await notified(page, "by polling");
  assert.equal(await page.evaluate(() => transport()), "polling");
});

test("the publishing API is reached through the proxy's own path", async (t) => {
  const { url } = await behindNginx(t);
  const port = Number(new URL(url).port);
  const answer = await request({ host: "127.0.0.1", port }, "/bellgate/api/v1/notifications", { method: "POST", body: "{}" });
  assert.equal(answer.status, 401, answer.text);
});
