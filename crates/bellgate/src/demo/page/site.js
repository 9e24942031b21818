// The page of a developer: it connects as any page does, and shows what it could read.
// The demo shows it in two frames, on two origins, and is told by `postMessage` how it went.

/* global io */

import { byId, make, radio, write } from "./dom.js";

/** Transports as a page names them; by default it names none. */
const WAYS = { default: ["Default"], websocket: ["WebSocket", ["websocket"]], polling: ["Polling", ["polling"]] };

const { url, path } = await (await fetch("/demo/gateway")).json();
let socket;

for (const [way, [label]] of Object.entries(WAYS)) {
  const choice = radio("way", way, way === "default", { "": label });
  choice.firstChild.addEventListener("change", attempt);
  byId("ways").append(choice);
}
byId("again").addEventListener("click", attempt);
addEventListener("message", ({ source, data }) => {
  if (source !== parent) return;
  if (data.again) attempt();
  if (data.theme) document.documentElement.dataset.theme = data.theme;
});
attempt();

/** Connects anew. The client has its default options, but for transports that were chosen. */
function attempt() {
  socket?.disconnect();
  const options = chosen();
  const began = performance.now();
  // The client writes into the options that it is given.
  const mine = io(url, { ...options });
  socket = mine;
  writeCode(options);
  show("connecting", "Connecting…", []);
  mine.on("connect_error", (error) => mine === socket && failed(error, performance.now() - began));
  mine.on("connect", () => mine === socket && connected(performance.now() - began));
  mine.on("disconnect", (why) => mine === socket && show("failing", `Disconnected: ${why}`, []));
}

function chosen() {
  const [, transports] = WAYS[document.querySelector("#ways input:checked").value];
  const isDefault = path.replaceAll("/", "") === "socket.io";
  return { ...(isDefault ? {} : { path }), ...(transports && { transports }) };
}

function writeCode(options) {
  const written = Object.entries(options).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  const last = written.length > 0 ? `, { ${written.join(", ")} }` : "";
  write(byId("code"), `const socket = io("${url}"${last});`);
}

/** A refusal has data; without, the transport failed and the client goes on trying. */
function failed(error, took) {
  const active = ["socket.active", String(socket.active), socket.active ? "it tries again" : "it does not try again"];
  if (!error.data) return show("failing", "No connection yet", [["err.message", error.message], active]);
  const { code, hint, doc, request_id: request } = error.data;
  const rows = [
    ["err.message", error.message],
    [".data.code", code],
    [".data.hint", hint],
    [".data.doc", link(doc)],
    [".data.request_id", request],
    active,
  ];
  show("refused", `Refused after ${took.toFixed(0)} ms`, rows, { code, request });
}

function connected(took) {
  const mine = socket;
  const { engine } = mine.io;
  const tell = (trip) => {
    if (mine !== socket || !mine.connected) return;
    const rows = [
      ["socket.connected", "true"],
      ["session", engine.id],
      ["transport", engine.transport.name],
      ["round trip", trip === undefined ? "…" : `${trip.toFixed(0)} ms`],
    ];
    show("connected", `Connected after ${took.toFixed(0)} ms`, rows, { sid: engine.id });
  };
  const measure = () => {
    const sent = performance.now();
    mine.emit("demo:ping", () => tell(performance.now() - sent));
  };
  engine.on("upgrade", measure);
  tell();
  measure();
}

/** Where the code is explained: a page of the gateway. */
function link(doc) {
  const anchor = make("a", "", doc);
  Object.assign(anchor, { href: new URL(doc, url), target: "_blank", rel: "noopener" });
  return anchor;
}

function show(is, verdict, rows, known = {}) {
  byId("site").dataset.is = is;
  write(byId("verdict"), verdict);
  byId("read").replaceChildren(...rows.map((row) => line(row)));
  // Frames are shown by the demo's page alone (frame-ancestors), and there is no secret in it.
  if (parent !== window) parent.postMessage({ is, ...known }, "*");
}

function line([name, value, meaning]) {
  const row = make("div");
  row.dataset.name = name.replace(/^.*\./, "");
  const shown = make("dd");
  shown.append(value, meaning ? make("span", "", ` ${meaning}`) : "");
  row.append(make("dt", "", name), shown);
  return row;
}
