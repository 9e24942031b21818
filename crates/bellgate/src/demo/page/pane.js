// One pane: somebody's page, with its own connection.

import { Connection, WAYS } from "./connection.js";
import { copy, make, radio, write } from "./dom.js";
import { Notices } from "./notices.js";

let panes = 0;

/** A pane; `hear.packet(name, packet)`, `hear.state()` and `hear.arrival()` are told what happens in it. */
export class Pane {
  element = copy("pane");
  state = { is: "off" };
  #config;
  #person;
  #notices;
  #connection;
  #hear;
  #name = `way-${(panes += 1)}`;

  constructor(config, person, hear) {
    this.#config = config;
    this.#person = person;
    this.#hear = hear;
    this.#notices = new Notices(this.element);
    this.#connection = new Connection(config, {
      state: (state) => this.#show(state),
      packet: hear.packet,
      refusal: (namespace, error) => this.#refused(namespace, error),
      notification: (envelope, namespace) => {
        this.#notices.add(envelope, namespace);
        hear.arrival(this);
      },
    });
    this.#build();
    this.#connect();
    setInterval(() => this.#tick(), 1000);
  }

  /** Who is logged in here. */
  get name() {
    return this.#person?.name ?? "Visitor";
  }

  #find(selector) {
    return this.element.querySelector(selector);
  }

  #build() {
    const select = this.#find("select");
    for (const person of this.#config.people) {
      select.append(new Option(`${person.name} · ${person.admin ? "admin" : "user"} ${person.id}`, person.id));
    }
    select.append(new Option("Visitor · not logged in", ""));
    select.value = this.#person?.id ?? "";
    select.addEventListener("change", () => {
      this.#person = this.#config.people.find(({ id }) => id === select.value);
      this.#notices.clear();
      this.#connect();
    });
    for (const [way, { label }] of Object.entries(WAYS)) {
      const choice = radio(this.#name, way, way === "auto", { "": label });
      choice.firstChild.addEventListener("change", () => this.#connect());
      this.#find(".ways").append(choice);
    }
    this.#find(".switch").addEventListener("click", () => {
      if (this.state.is === "off") this.#connect();
      else this.#connection.close();
    });
    this.#find(".admin").addEventListener("click", () => this.#connection.join("/admin"));
  }

  #connect() {
    this.#find(".refusal").hidden = true;
    write(this.#find(".avatar"), this.name[0]);
    this.element.dataset.person = this.#person?.id ?? "visitor";
    write(this.#find(".empty"), this.#expectation());
    this.#connection.open(this.#person, this.#find(".ways input:checked").value);
  }

  #expectation() {
    if (!this.#person) return "A visitor gets what is published to everybody.";
    const { id, admin, topics } = this.#person;
    const kinds = [`user ${id}`, admin && "the admins", ...topics.map((topic) => `the topic ${topic}`), "everybody"];
    const named = kinds.filter(Boolean);
    return `Waits for what is published to ${named.slice(0, -1).join(", ")} or ${named.at(-1)}.`;
  }

  #refused(namespace, error) {
    const { user_message: what = "Refused.", hint } = error.data;
    this.#alert(what, `${namespace}: ${error.message}${hint ? `. What helps: ${hint}.` : ""}`);
  }

  #alert(what, why) {
    const refusal = this.#find(".refusal");
    refusal.hidden = false;
    const text = `${what} ${why}`;
    if (refusal.textContent !== text) refusal.replaceChildren(make("b", "", what), ` ${why}`);
  }

  #show(state) {
    const before = this.state.is;
    this.state = state;
    const is = state.is === "connected" ? state.over : state.is;
    this.element.dataset.is = state.is;
    this.element.dataset.over = state.over ?? "";
    if (state.is === "waiting" && state.attempt >= PATIENCE) this.#alert("No connection yet.", HINT);
    if (state.is === "connected" && before !== "connected") this.#find(".refusal").hidden = true;
    write(this.#find(".state"), STATES[is]?.(state) ?? is);
    write(this.#find(".over"), over(state));
    write(this.#find(".sid"), state.sid?.slice(0, 10) ?? "–");
    write(this.#find(".trip"), state.trip === undefined ? "–" : `${state.trip.toFixed(1)} ms`);
    write(this.#find(".switch"), state.is === "off" ? "Connect" : "Disconnect");
    const admin = this.#find(".admin");
    admin.disabled = state.is !== "connected" || state.joined.includes("/admin");
    write(admin, state.joined?.includes("/admin") ? "On /admin" : "Join /admin");
    this.#tick();
    this.#hear.state();
  }

  #tick() {
    const { since } = this.state;
    write(this.#find(".age"), since === undefined ? "–" : age(Date.now() - since));
  }
}

/** Attempts after which the page says what may be wrong. */
const PATIENCE = 3;
const HINT = `The gateway is down, or its list of origins does not admit ${location.origin}: its log says which.`;

const STATES = {
  off: ({ why }) => why ?? "disconnected",
  connecting: () => "connecting…",
  waiting: ({ attempt }) => (attempt > 0 ? `reconnecting, attempt ${attempt}` : "connection lost"),
  polling: () => "connected via polling",
  websocket: ({ upgraded }) => (upgraded ? "upgraded to websocket" : "connected via websocket"),
};

function over({ over: name, upgraded }) {
  if (!name) return "–";
  return upgraded ? "polling → websocket" : name;
}

function age(ms) {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
