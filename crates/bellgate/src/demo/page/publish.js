// The publisher's side: a form, and the request that a web application would send.

import { byId, make, pulse, radio, setIcon, write } from "./dom.js";
import { send } from "./server.js";

const KINDS = ["success", "info", "warning", "error", "progress"];

const EXAMPLES = {
  export: ["user:7", "success", "Your export is ready", "42,000 rows. The link works until tomorrow."],
  release: ["topic:releases", "info", "Version 2.4 is live", "All 1,284 tests passed; every region has it."],
  alarm: ["role:admin", "warning", "Disk almost full", "db-2 has 6 % left and fills up in three hours."],
  progress: ["user:7", "progress", "Importing contacts", ""],
  markup: ["all", "error", "<b>Text stays text</b>", "<img src=x onerror=alert(1)> is shown, never run."],
};

/** Steps of the example that replaces its own entry, by `key`. */
const STEPS = [0, 20, 45, 70, 90, 100];
const STEP_EVERY = 600;

/** Fills the form and lets it publish. */
export function setUp(config) {
  const form = byId("publish");
  for (const [value, name, detail] of targets(config)) {
    byId("targets").append(radio("to", value, false, { name, detail }));
  }
  for (const kind of KINDS) byId("kinds").append(kindChoice(kind));
  for (const name of Object.keys(EXAMPLES)) byId("examples").append(example(name, form, config));
  choose(form, EXAMPLES.export, config);
  form.addEventListener("input", () => showRequest(form));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    publish(read(form));
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
}

function targets({ people, adminRole }) {
  return [
    ...people.map(({ id, name }) => [`user:${id}`, name, `user ${id}`]),
    [`role:${adminRole}`, "Admins", "role"],
    ["topic:releases", "Releases", "topic"],
    ["all", "Everybody", "all"],
  ];
}

function kindChoice(kind) {
  const label = radio("type", kind, false, { name: kind });
  const icon = document.querySelector("#toast").content.querySelector("svg").cloneNode(true);
  setIcon(icon, kind);
  label.dataset.kind = kind;
  label.lastChild.before(icon);
  return label;
}

function example(name, form, config) {
  const button = make("button", "link", name);
  button.type = "button";
  button.addEventListener("click", () => {
    choose(form, EXAMPLES[name], config);
    if (name === "progress") goOn(read(form));
  });
  return button;
}

function choose(form, [to, type, title, message], { adminRole }) {
  form.elements.to.value = to === "role:admin" ? `role:${adminRole}` : to;
  form.elements.type.value = type;
  form.elements.title.value = title;
  form.elements.message.value = message;
  showRequest(form);
}

/** The body that the form stands for. */
function read(form) {
  const { to, type, title, message } = Object.fromEntries(new FormData(form));
  const [kind, ...name] = to.split(":");
  const body = { to: kind === "all" ? { all: true } : { [kind]: name.join(":") }, type, title };
  return message ? { ...body, message } : body;
}

function showRequest(form) {
  const body = JSON.stringify(read(form), null, 1).replace(/\n\s*/g, " ");
  write(byId("request"), `POST /api/v1/notifications\nAuthorization: Bearer ••••••\n\n${body}`);
}

async function publish(body) {
  pulse(byId("leg-publish"));
  const answer = await send("/demo/publish", body).catch(() => undefined);
  const told = await answer?.json().catch(() => ({}));
  byId("answer").dataset.is = answer?.ok ? "accepted" : "refused";
  write(byId("answer"), answer ? outcome(answer.status, told) : "the demo does not answer");
}

function outcome(status, { seq, online, detail }) {
  if (!seq) return `${status}: ${detail ?? "refused"}`;
  const [[stream, number]] = Object.entries(seq);
  return `${status} accepted: ${stream} #${number}, ${online} online`;
}

/** Publishes the same entry again and again, each time further on. */
async function goOn(body) {
  const key = `demo-${Date.now()}`;
  for (const percent of STEPS) {
    const isDone = percent === 100;
    await publish({
      ...body,
      type: isDone ? "success" : "progress",
      message: isDone ? "All of them are there." : `${percent} %`,
      data: { percent },
      key,
    });
    await new Promise((resolve) => setTimeout(resolve, STEP_EVERY));
  }
}
