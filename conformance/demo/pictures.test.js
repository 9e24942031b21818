// The pictures of the README can be made, and show what they are there for.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { browser } from "../lib/browser.js";
import { SOON, within } from "../lib/wait.js";
import { PICTURES, SIZE } from "./pictures.js";
import { started } from "./stage.js";

const shared = browser();
let demo;
test.before(async () => (demo = await started()));
test.after(() => demo?.stop());

/** Whether all of an element is in the picture, neither scrolled away nor cut off. */
function isWhole(element) {
  return element.evaluate((it) => {
    const ratio = (resolve) => new IntersectionObserver(([entry]) => resolve(entry.intersectionRatio > 0.99)).observe(it);
    return new Promise(ratio);
  });
}

/** Only one of them has frames, whose pages follow the scheme by themselves. */
const SCHEMES = { demo: ["light"], refused: ["light", "dark"] };

for (const [name, prepare] of Object.entries(PICTURES)) {
  for (const colorScheme of SCHEMES[name]) {
    test(`the picture ${name}, ${colorScheme}, shows all that it is there for`, async (t) => {
      const told = process.env.BELLGATE_PICTURES;
      const folder = told ?? mkdtempSync(join(tmpdir(), "bellgate-pictures-"));
      if (!told) t.after(() => rmSync(folder, { recursive: true }));
      const page = await shared.it.newPage({ viewport: SIZE, colorScheme });
      t.after(() => page.close());
      page.setDefaultTimeout(30_000);
      for (const element of await prepare(page, demo)) {
        assert.ok(await within(isWhole(element), SOON, "a look at an element"), `cut off: ${element}`);
      }
      const path = join(folder, `${name}-${colorScheme}.png`);
      await page.screenshot({ path });
      const png = readFileSync(path);
      assert.equal(png.toString("latin1", 1, 4), "PNG");
      assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [SIZE.width, SIZE.height]);
    });
  }
}
