// nginx in front of the page and of Bellgate, with or without TLS. Start with `nginx`.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import tls from "node:tls";
import { request } from "./http.js";
import { until, within } from "./wait.js";

/** What a proxy has to say of a request, each line by a name under which a test can change it. */
export const HEADERS = {
  host: "proxy_set_header Host $http_host;",
  client: "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
  scheme: "proxy_set_header X-Forwarded-Proto $scheme;",
  upgrade: 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";',
  buffering: "proxy_buffering off;",
  more: "",
};

/** The whole configuration of one nginx. */
function configuration({ folder, port, pagesPort, gatePort, secure, headers }) {
  const certificate = secure ? `ssl_certificate ${folder}/cert.pem; ssl_certificate_key ${folder}/key.pem;` : "";
  return `
daemon off; worker_processes 1; user ${userInfo().username}; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  proxy_cache_path ${folder}/cache keys_zone=shared:1m;
  server {
    listen 127.0.0.1:${port}${secure ? " ssl" : ""};
    ${certificate}
    location / { proxy_pass http://127.0.0.1:${pagesPort}; }
    location ~ ^/(socket\\.io|bellgate)/ {
      proxy_pass http://127.0.0.1:${gatePort};
      proxy_http_version 1.1;
      ${Object.values(headers).join("\n      ")}
    }
  }
}`;
}

/** A certificate that nobody but the tests' browser takes. */
function certify(folder) {
  const names = ["-subj", "/CN=app.example", "-addext", "subjectAltName=DNS:app.example"];
  const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync("openssl", ["req", "-x509", ...key, ...files, ...names], { stdio: "ignore" });
}

/** Whether somebody speaks TLS there. */
function greets(port) {
  return new Promise((resolve) => {
    const socket = tls.connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

/** Starts nginx on `port` in front of both, until the test ends. */
export async function nginx(t, { port, pagesPort, gatePort, secure = false, headers = {} }) {
  const folder = mkdtempSync(join(tmpdir(), "bellgate-nginx-"));
  if (secure) certify(folder);
  const written = configuration({ folder, port, pagesPort, gatePort, secure, headers: { ...HEADERS, ...headers } });
  writeFileSync(join(folder, "nginx.conf"), written);
  const program = spawn("nginx", ["-c", join(folder, "nginx.conf"), "-p", folder], {
    env: { PATH: `${process.env.PATH}:/usr/sbin` },
    stdio: "ignore",
  });
  const ended = new Promise((resolve) => program.on("exit", resolve).on("error", resolve));
  t.after(async () => {
    program.kill("SIGTERM");
    await within(ended);
    rmSync(folder, { recursive: true, force: true });
  });
  const answers = () => request({ host: "127.0.0.1", port }, "/").then(({ status }) => status === 200, () => false);
  await until(() => (secure ? greets(port) : answers()), 60_000, "nginx");
}
