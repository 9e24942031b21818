// The demo as somebody sees it who just started it. Start with `started` and `opened`.

import assert from "node:assert/strict";
import { request } from "../lib/http.js";
import { open } from "../lib/browser.js";
import { Program, built, freePort } from "../lib/program.js";

/** People of the demo, by the id that their pane carries. */
export const ADA = "7";
export const GRACE = "8";
export const EDSGER = "1";

/** Starts `bellgate demo` on free ports, or on those of one that has ended. */
export async function started(env = {}, { page, port } = {}) {
  page ??= await freePort();
  port ??= await freePort();
  const own = { FLASK_PORT: String(page), SOCKETIO_PORT: String(port) };
  const demo = await Program.start(built("bellgate", "BELLGATE_BINARY"), ["demo"], { ...own, ...env }, port);
  return Object.assign(demo, { page: { host: "127.0.0.1", port: page, url: `http://localhost:${page}` } });
}

/** A request to the page's own server. */
export function ask(demo, path, options) {
  return request(demo.page, path, options);
}

/** Opens the page and waits until everybody on it is connected and upgraded. */
export async function opened(t, shared, demo, path = "/") {
  const page = await open(t, shared, demo.page.url + path);
  page.faults = [];
  page.on("pageerror", (error) => page.faults.push(error.message));
  t.after(() => assert.deepEqual(page.faults, []));
  page.on("console", (line) => /Content Security Policy/.test(line.text()) && page.faults.push(line.text()));
  await page.locator(".pane").first().waitFor();
  for (const pane of await page.locator(".pane").all()) await shows(pane, ".state", "upgraded to websocket");
  return page;
}

/** The pane of a person. */
export function pane(page, id) {
  return page.locator(`.pane[data-person="${id}"]`);
}

/** Waits until the part of `pane` shows this text. */
export function shows(pane, part, text) {
  return pane.locator(part).filter({ hasText: text }).first().waitFor();
}

/** Fills the form and publishes; waits until the gateway has accepted it. */
export async function publish(page, to, title, { type = "info", message = "" } = {}) {
  await page.locator(`#targets input[value="${to}"]`).check();
  await page.locator(`#kinds input[value="${type}"]`).check();
  await page.locator("input[name=title]").fill(title);
  await page.locator("textarea[name=message]").fill(message);
  await page.locator("#publish button[type=submit]").click();
  await page.locator("#answer").filter({ hasText: /^202 accepted/ }).waitFor();
}

/** The titles in a pane's list, the newest first. */
export function titles(pane) {
  return pane.locator(".notice .title").allTextContents();
}

/** The page in one of the two windows of the second view: 0 is allowed, 1 is of another origin. */
export function site(page, number) {
  return page.frameLocator(`.window >> nth=${number} >> iframe`);
}

/** The line of the log with this request id. */
export function line(page, request) {
  return page.locator(`#lines li[data-request="${request}"]`);
}
