// A real browser, its pages and the binary that ships. Start with `browser` and `bellgate`.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { request } from "./http.js";
import { Program, built, freePort } from "./program.js";
import { SOON } from "./wait.js";

const PAGES = join(dirname(fileURLToPath(import.meta.url)), "../browser");
const CLIENT = join(dirname(createRequire(import.meta.url).resolve("socket.io-client/package.json")), "dist/socket.io.js");

/** The key that the binary is started with. */
export const API_KEY = "conformance-key-of-the-tests";

/** The transports of the stock client in each way, and the one that it ends on. */
export const WAYS = {
  polling: { transports: ["polling"], last: "polling" },
  websocket: { transports: ["websocket"], last: "websocket" },
  upgraded: { transports: ["polling", "websocket"], last: "websocket" },
};

/** Background services would look up hosts that a closed network does not have. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Names that are not of this machine: pages there are in no secure context without TLS.
  "--host-resolver-rules=MAP *.example 127.0.0.1",
];

/** One browser for all tests of a file. */
export function browser() {
  const shared = {};
  test.before(async () => {
    shared.it = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
  });
  test.after(() => shared.it?.close());
  return shared;
}

/** A server of the test page on a port of its own: another origin than Bellgate's. */
export async function pages(t, port = 0) {
  const files = {
    "/": ["text/html", readFileSync(join(PAGES, "page.html"))],
    "/framed": ["text/html", '<!doctype html><iframe sandbox="allow-scripts" src="/"></iframe>'],
    "/page.js": ["text/javascript", readFileSync(join(PAGES, "page.js"))],
    "/socket.io.js": ["text/javascript", readFileSync(CLIENT)],
  };
  const server = createServer((incoming, answer) => {
    const [type, body] = files[incoming.url] ?? [];
    answer.writeHead(body ? 200 : 404, { "Content-Type": type ?? "text/plain" }).end(body);
  });
  await new Promise((resolve, reject) => server.listen(port, "127.0.0.1", resolve).on("error", reject));
  t.after(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  return server.address().port;
}

/** Starts the binary that ships. */
export async function bellgate(t, env = {}, port = undefined) {
  port ??= await freePort();
  const own = {
    SOCKETIO_PORT: String(port),
    BELLGATE_ADMIN_ADDR: "off",
    BELLGATE_API_KEYS: `test:${API_KEY}:publish+emit`,
    BELLGATE_DRAIN_WINDOW: "100ms",
  };
  const program = await Program.start(built("bellgate", "BELLGATE_BINARY"), ["serve"], { ...own, ...env }, port);
  t.after(() => program.isAlive && program.stop());
  return program;
}

/** Opens the test page in a profile of its own. Certificates that nobody vouches for are taken. */
export async function open(t, shared, url) {
  const context = await shared.it.newContext({ ignoreHTTPSErrors: true });
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(url);
  return page;
}

/** Opens the test page in a sandboxed frame, whose origin is `null`, and returns that frame. */
export async function openSandboxed(t, shared, port) {
  const page = await open(t, shared, `http://localhost:${port}/framed`);
  const frame = page.frames()[1];
  await frame.waitForFunction(() => typeof connect === "function");
  return frame;
}

/** Has the page connect, and waits until it is, on the transport that the way ends on. */
export async function connectPage(page, url, way, options = {}) {
  const { transports, last } = WAYS[way];
  await page.evaluate(([to, given]) => connect(to, given), [url, { transports, ...options }]);
  await page.waitForFunction((name) => seen.connects > 0 && transport() === name, last);
}

/** Publishes a notification as the web application would. */
export function publish(program, note) {
  const body = JSON.stringify({ to: { all: true }, message: "Your file is ready.", type: "info", ...note });
  const headers = { Authorization: `Bearer ${API_KEY}`, "Content-Type": "application/json" };
  return request(program, "/api/v1/notifications", { method: "POST", headers, body, ms: SOON });
}

/** Waits until the page was told a notification with this title, and returns it. */
export async function notified(page, title) {
  const found = await page.waitForFunction(
    (wanted) => seen.events.find(([name, envelope]) => name === "notification" && envelope.title === wanted),
    title,
  );
  return (await found.jsonValue())[1];
}
