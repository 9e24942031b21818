// Makes the pictures of docs/images: `node demo/screenshot.mjs [--dark] [--into DIR] [NAME…]`, with a release build of
// bellgate.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { PICTURES, SIZE } from "./pictures.js";
import { started } from "./stage.js";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
const IMAGES = join(dirname(fileURLToPath(import.meta.url)), "../../docs/images");

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { dark: { type: "boolean" }, into: { type: "string", default: IMAGES } },
});
const names = positionals.length > 0 ? positionals : Object.keys(PICTURES);

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
  for (const name of names) {
    const page = await browser.newPage({ viewport: SIZE, colorScheme: values.dark ? "dark" : "light" });
    page.setDefaultTimeout(20_000);
    await PICTURES[name](page, demo, true);
    await page.screenshot({ path: join(values.into, `${name}.png`) });
    await page.close();
  }
} finally {
  await browser.close();
  await demo.stop();
  rmSync(folder, { recursive: true });
}
