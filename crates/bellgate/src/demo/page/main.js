// The page: who is shown, what can be published, and what happens in between.
// `?as=ID` shows one person alone, as a window of their own.

import { byId, pulse, write } from "./dom.js";
import { Pane } from "./pane.js";
import * as publish from "./publish.js";
import * as refused from "./refused.js";
import { config as readConfig, post } from "./server.js";
import * as strip from "./strip.js";

const config = await readConfig();
const alone = new URLSearchParams(location.search).get("as");

write(byId("page-at"), location.host);
write(byId("gateway-at"), new URL(config.gateway).host);
document.body.classList.toggle("alone", alone !== null);
publish.setUp(config);
strip.setUp();

const shown = alone === null ? [config.people[0], config.people.find(({ admin }) => admin)] : [personOf(alone)];
const panes = [];
for (const person of shown) {
  const pane = new Pane(config, person, {
    packet: strip.addRow,
    state: count,
    arrival: () => pulse(byId("leg-deliver")),
  });
  panes.push(pane);
  byId("panes").append(pane.element);
}
count();
const refusals = refused.setUp(config);

byId("restart").addEventListener("click", restart);
byId("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const isDark = getComputedStyle(root).colorScheme.startsWith("dark") || (!root.dataset.theme && prefersDark());
  root.dataset.theme = isDark ? "light" : "dark";
  refusals.setTheme(root.dataset.theme);
});

function prefersDark() {
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

function personOf(id) {
  return config.people.find((person) => person.id === id);
}

function count() {
  const connected = panes.filter(({ state }) => state.is === "connected").length;
  write(byId("pages-count"), `${connected} of ${panes.length} connected`);
}

/** The clients come back by themselves; nothing is told to them here. */
async function restart() {
  const gateway = byId("gateway");
  const button = byId("restart");
  button.disabled = true;
  gateway.dataset.is = "restarting";
  try {
    await post("/demo/restart");
    gateway.dataset.is = "up";
  } catch {
    gateway.dataset.is = "down";
  }
  button.disabled = false;
}
