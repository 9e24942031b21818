// A real Flask application under gunicorn, and a Redis for its sessions. Start with `flask`.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { request } from "./http.js";
import { freePort } from "./program.js";
import { until, within } from "./wait.js";

const HERE = join(dirname(fileURLToPath(import.meta.url)), "..");
const CLIENT = join(dirname(createRequire(import.meta.url).resolve("socket.io-client/package.json")), "dist/socket.io.js");

/** Keys that the application and Bellgate share. */
export const SECRET = "the-key-of-the-flask-application";
export const JWT_SECRET = "the-key-of-its-tokens-0123456789abcdef";

/** Starts the application on a port of its own, until the test ends, and returns the port. */
export async function flask(t, env = {}) {
  const port = env.PORT ?? (await freePort());
  const scripts = { "socket.io": CLIENT, page: join(HERE, "browser/page.js") };
  const own = {
    PATH: process.env.PATH,
    FLASK_SECRET_KEY: SECRET,
    FLASK_JWT_SECRET_KEY: JWT_SECRET,
    FLASK_SESSION_COOKIE_SAMESITE: "Lax",
    PYTHONDONTWRITEBYTECODE: "1",
    SCRIPTS: JSON.stringify(scripts),
  };
  const gunicorn = join(HERE, ".venv-flask/bin/gunicorn");
  const args = ["--chdir", join(HERE, "flask"), "--bind", `127.0.0.1:${port}`, "--threads", "4", "app:app"];
  const program = start(t, gunicorn, args, { ...own, ...env });
  await until(() => program.answers(() => request({ host: "127.0.0.1", port }, "/").then(({ status }) => status === 200)), 60_000, "Flask");
  return port;
}

/** Starts a Redis on a port of its own, until the test ends, and returns its URL. It tells of keys that go. */
export async function redis(t) {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "bellgate-redis-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder];
  const program = start(t, "redis-server", [...args, "--notify-keyspace-events", "Egx"], { PATH: process.env.PATH });
  await until(() => program.answers(() => connects(port)), 60_000, "Redis");
  return `redis://127.0.0.1:${port}/0`;
}

function start(t, command, args, env) {
  let output = "";
  const child = spawn(command, args, { env });
  const ended = new Promise((resolve) => child.on("exit", resolve).on("error", resolve));
  let isOver = false;
  ended.then(() => (isOver = true));
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  t.after(async () => {
    child.kill("SIGTERM");
    await within(ended, 30_000, `the end of ${command}`);
  });
  const answers = (ask) => {
    if (isOver) throw new Error(`${command} did not start\n${output}`);
    return ask().catch(() => false);
  };
  return { answers };
}

function connects(port) {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", reject);
  });
}
