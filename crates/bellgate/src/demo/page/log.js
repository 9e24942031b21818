// The log of the process, as the demo's server kept it: a line each, the newest last.

import { byId, copy, make, write } from "./dom.js";

/** Members of a line that stand in front of its fields, or tell nothing here. */
const FRONT = ["timestamp", "level", "message", "target"];
const LIST = "SOCKETIO_CORS_ORIGINS=";

/** The lines; `hear.use(value)` is told which line somebody wants to use. */
export class Log {
  #hear;
  #last;
  #reading = Promise.resolve();
  #shown = byId("lines");
  #window = byId("told");

  constructor(hear) {
    this.#hear = hear;
  }

  /** Reads what is new. The line of `request`, where there is one, is the one to look at. */
  read(request) {
    this.#reading = this.#reading.then(() => this.#add(request)).catch(() => {});
    return this.#reading;
  }

  async #add(request) {
    const answer = await fetch("/demo/log");
    const lines = (await answer.text()).split("\n").filter(Boolean);
    const news = lines.slice(lines.lastIndexOf(this.#last) + 1);
    this.#last = lines.at(-1);
    const isAtEnd = this.#window.scrollHeight - this.#window.scrollTop - this.#window.clientHeight < 30;
    this.#shown.append(...news.map((line) => this.#line(line)));
    byId("no-lines").hidden = this.#shown.childElementCount > 0;
    const found = request && this.#shown.querySelector(`[data-request="${CSS.escape(request)}"]`);
    const isOneOpen = this.#shown.querySelector("[open]") !== null;
    if (found) this.#point(found);
    else if (news.length > 0 && !isOneOpen) this.#point(this.#shown.lastElementChild);
    else if (news.length > 0 && isAtEnd) this.#window.scrollTop = this.#window.scrollHeight;
  }

  /** Opens one line and closes the others. */
  #point(line) {
    for (const { firstElementChild: details } of this.#shown.children) details.open = details.parentElement === line;
    this.#window.scrollTop = line.offsetTop;
  }

  #line(text) {
    const line = JSON.parse(text);
    const item = copy("line");
    item.dataset.request = line.request_id ?? "";
    item.dataset.level = line.level;
    write(item.querySelector("time"), line.timestamp.slice(11, 23));
    write(item.querySelector(".level"), line.level);
    write(item.querySelector(".says"), line.message);
    item.querySelector(".again").hidden = line.level !== "DEBUG";
    const fields = Object.entries(line).filter(([name]) => !FRONT.includes(name));
    item.querySelector("dl").append(...fields.map(([name, value]) => this.#field(name, String(value))));
    write(item.querySelector("pre"), JSON.stringify(line, null, 2));
    return item;
  }

  #field(name, value) {
    const row = make("div");
    row.dataset.name = name;
    const shown = make("dd", "", value);
    row.append(make("dt", "", name), shown);
    if (name === "change" && value.startsWith(LIST)) shown.append(this.#button(value));
    return row;
  }

  #button(change) {
    const button = make("button", "small", "Use this line");
    button.type = "button";
    // More than one setting may have to change; this page has the list alone.
    const [line] = change.slice(LIST.length).split(" ");
    button.addEventListener("click", () => this.#hear.use(line));
    return button;
  }
}
