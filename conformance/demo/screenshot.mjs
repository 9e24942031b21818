// Makes docs/images/demo.png: `node demo/screenshot.mjs [--dark] [FILE]`, with a release build of bellgate.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { ADA, EDSGER, pane, publish, shows, started } from "./stage.js";

const DEFAULT = join(dirname(fileURLToPath(import.meta.url)), "../../docs/images/demo.png");
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];

const given = process.argv.slice(2);
const colorScheme = given.includes("--dark") ? "dark" : "light";
const file = given.find((argument) => !argument.startsWith("--")) ?? DEFAULT;

/** Inter where it is installed (Debian: fonts-inter): a bare machine has no font that a desktop would use. */
function fonts(folder) {
  const rules = ["sans", "sans-serif", "system-ui"].map(
    (family) => `<match target="pattern"><test name="family"><string>${family}</string></test>
      <edit name="family" mode="prepend" binding="strong"><string>Inter</string></edit></match>`,
  );
  const path = join(folder, "fonts.conf");
  writeFileSync(path, `<?xml version="1.0"?><fontconfig><include>/etc/fonts/fonts.conf</include>${rules.join("")}</fontconfig>`);
  return path;
}

const folder = mkdtempSync(join(tmpdir(), "bellgate-picture-"));
const demo = await started({}, { page: 5000, port: 5001 });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: FLAGS,
  env: { ...process.env, FONTCONFIG_FILE: fonts(folder) },
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme });
  page.setDefaultTimeout(20_000);
  await page.goto(demo.page.url);
  for (const id of [ADA, EDSGER]) await shows(pane(page, id), ".state", "upgraded to websocket");
  // The first round trip is measured while the page is still busy with itself.
  const isCalm = () => [...document.querySelectorAll(".trip")].every(({ textContent }) => parseFloat(textContent) < 10);
  await page.waitForFunction(isCalm, undefined, { timeout: 60_000 });
  await publish(page, "topic:releases", "Version 2.4 is live", { message: "All 1,284 tests passed; every region has it." });
  await publish(page, "role:admin", "Disk almost full", { type: "warning", message: "db-2 has 6 % left and fills up in three hours." });
  await publish(page, "user:7", "Your export is ready", { type: "success", message: "42,000 rows. The link works until tomorrow." });
  await shows(pane(page, ADA), ".notice", "Your export is ready");
  await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
  await page.evaluate(() => document.activeElement.blur());
  await page.screenshot({ path: file });
} finally {
  await browser.close();
  await demo.stop();
  rmSync(folder, { recursive: true });
}
