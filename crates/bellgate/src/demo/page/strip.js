// The strip that shows what is on the wire.

import { byId, copy, make, write } from "./dom.js";
import { explain } from "./explain.js";

/** Most rows that are kept. */
const MOST = 300;

/** Adds one packet; without a name it is a visitor's. */
export function addRow(name, packet) {
  const { wire, says, isHeartbeat } = explain(packet);
  const rows = byId("rows");
  const isAtEnd = rows.scrollHeight - rows.scrollTop - rows.clientHeight < 30;
  const row = copy("row");
  row.classList.toggle("heartbeat", isHeartbeat);
  row.dataset.arrow = packet.arrow;
  write(row.querySelector("time"), time());
  write(row.querySelector(".who"), name ?? "Visitor");
  write(row.querySelector(".arrow"), packet.arrow);
  row.querySelector(".arrow").title = ARROWS[packet.arrow];
  writeWire(row.querySelector("code"), wire);
  write(row.querySelector(".says"), says);
  rows.append(row);
  while (rows.childElementCount > MOST) rows.firstElementChild.remove();
  if (isAtEnd) rows.scrollTop = rows.scrollHeight;
}

/** The digits in front say what a packet is: those of Engine.IO and Socket.IO. */
function writeWire(code, wire) {
  const [digits] = /^\d{0,2}/.exec(wire);
  code.append(make("b", "", digits), wire.slice(digits.length));
  code.title = wire;
}

const ARROWS = { "↑": "to the gateway", "↓": "from the gateway", "⇅": "both ways", "•": "in the client" };

/** Lets the buttons above the strip work. */
export function setUp() {
  const rows = byId("rows");
  byId("clear").addEventListener("click", () => rows.replaceChildren());
  byId("heartbeats").addEventListener("change", (event) => {
    rows.classList.toggle("all", event.target.checked);
    rows.scrollTop = rows.scrollHeight;
  });
}

function time() {
  const now = new Date();
  const clock = now.toLocaleTimeString("en-GB");
  return `${clock}.${String(now.getMilliseconds()).padStart(3, "0")}`;
}
