// The setting SOCKETIO_CORS_ORIGINS of the running gateway: to edit, to reload, to undo.

import { byId, make } from "./dom.js";
import { send } from "./server.js";

/** The form; `hear.reloaded()` is told when another list holds. */
export class Origins {
  #hear;
  #form = byId("origins");

  constructor(hear) {
    this.#hear = hear;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#change("/demo/origins", { value: this.#value.value });
    });
    byId("undo").addEventListener("click", () => this.#change("/demo/origins/undo", {}));
    this.#look();
  }

  /** Fills the form with a line of the log; it holds after a reload. */
  propose(line) {
    this.#value.value = line;
    this.#form.querySelector("[type=submit]").focus();
  }

  get #value() {
    return this.#form.elements.value;
  }

  async #look() {
    const answer = await fetch("/demo/origins");
    if (answer.ok) this.#show(await answer.json());
  }

  async #change(path, body) {
    const answer = await send(path, body).catch(() => undefined);
    const told = await answer?.json().catch(() => ({}));
    if (!answer?.ok) return this.#say("refused", "Nothing has changed.", told?.said ?? ["The demo does not answer."]);
    this.#show(told);
    this.#say("accepted", "Reloaded. Who is connected stays connected.", told.said);
    this.#hear.reloaded();
  }

  #show({ value, isChanged }) {
    this.#value.value = value;
    byId("undo").disabled = !isChanged;
  }

  #say(is, what, said) {
    const shown = byId("said");
    shown.dataset.is = is;
    shown.replaceChildren(make("b", "", what), ...said.map((text) => make("p", "", text)));
  }
}
