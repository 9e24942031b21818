// The pictures of the README: each brings the page of the demo to what its picture shows, and returns the elements
// that have to be seen in it. `screenshot.mjs` makes those to publish, `pictures.test.js` sees to it that they can be.

import { ADA, EDSGER, line, pane, publish, shows, site } from "./stage.js";

/** The size of a picture. */
export const SIZE = { width: 1280, height: 800 };

export const PICTURES = { demo, refused };

/** A notification published over HTTP has arrived at a user, another one at an admin. */
async function demo(page, { page: { url } }, isPublic) {
  await page.goto(url);
  for (const id of [ADA, EDSGER]) await shows(pane(page, id), ".state", "upgraded to websocket");
  // The first round trip is measured while the page is still busy with itself.
  const isCalm = () => [...document.querySelectorAll(".trip")].every(({ textContent }) => parseFloat(textContent) < 10);
  if (isPublic) await page.waitForFunction(isCalm, undefined, { timeout: 60_000 });
  await publish(page, "topic:releases", "Version 2.4 is live", { message: "All 1,284 tests passed; every region has it." });
  await publish(page, "role:admin", "Disk almost full", { type: "warning", message: "db-2 has 6 % left and fills up in three hours." });
  await publish(page, "user:7", "Your export is ready", { type: "success", message: "42,000 rows. The link works until tomorrow." });
  await shows(pane(page, ADA), ".notice", "Your export is ready");
  await shows(pane(page, EDSGER), ".notice", "Disk almost full");
  await settle(page);
  return [pane(page, ADA).locator(".notice").first(), pane(page, EDSGER).locator(".notice").first()];
}

/** One page in two browsers, allowed and refused, and the line of the log that tells why. */
async function refused(page, { page: { url } }) {
  await page.goto(`${url}/#refusals`);
  const [allowed, other] = [site(page, 0), site(page, 1)];
  await allowed.locator('[data-name="transport"]').filter({ hasText: "websocket" }).waitFor();
  const request = await other.locator('[data-name="request_id"] dd').textContent();
  const told = line(page, request);
  await told.locator('[data-name="change"]').waitFor();
  await settle(page);
  return [
    allowed.locator("#verdict"),
    ...["message", "code", "hint", "request_id", "active"].map((name) => other.locator(`[data-name="${name}"]`)),
    ...["code", "request_id", "change"].map((name) => told.locator(`[data-name="${name}"]`)),
    page.getByRole("button", { name: "Reload" }),
  ];
}

/** Nothing moves or has the focus. */
async function settle(page) {
  await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
  await page.evaluate(() => document.activeElement.blur());
}
