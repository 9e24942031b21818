// Notifications of one pane: a list, a count, and toasts that go by themselves.

import { copy, setIcon, write } from "./dom.js";

/** How long a toast stays, in milliseconds; longer while it is hovered or focused. */
const TOAST = 6000;
/** Most entries of the list. */
const MOST = 50;
/** Most toasts at a time; the oldest gives way. */
const TOASTS = 2;
const KINDS = ["info", "success", "warning", "error", "progress"];

/** The list, the count and the toasts inside `root`. */
export class Notices {
  #root;
  #entries = new Map();
  #toasts = new Map();

  constructor(root) {
    this.#root = root;
  }

  /** Shows an envelope. A newer revision of an entry takes its place. */
  add(envelope, namespace) {
    const known = this.#entries.get(envelope.id);
    const entry = known ?? copy("notice");
    fill(entry, envelope);
    write(entry.querySelector(".origin"), origin(envelope, namespace));
    if (!known) {
      this.#entries.set(envelope.id, entry);
      this.#root.querySelector(".list").prepend(entry);
      this.#forget();
    }
    this.#count();
    this.#toast(envelope);
  }

  /** Forgets everything, as for another person. */
  clear() {
    this.#entries.forEach((entry) => entry.remove());
    this.#entries.clear();
    [...this.#toasts.keys()].forEach((id) => this.#dismiss(id));
    this.#count();
  }

  #forget() {
    for (const [id, entry] of this.#entries) {
      if (this.#entries.size <= MOST) return;
      entry.remove();
      this.#entries.delete(id);
    }
  }

  #count() {
    const count = this.#root.querySelector(".count");
    count.hidden = this.#entries.size === 0;
    write(count, String(this.#entries.size));
    this.#root.querySelector(".empty").hidden = this.#entries.size > 0;
  }

  #toast(envelope) {
    const known = this.#toasts.get(envelope.id);
    const toast = known?.toast ?? copy("toast");
    fill(toast, envelope);
    clearTimeout(known?.timer);
    const start = () => setTimeout(() => this.#dismiss(envelope.id), TOAST);
    const entry = { toast, timer: start() };
    this.#toasts.set(envelope.id, entry);
    if (known) return;
    toast.querySelector("button").addEventListener("click", () => this.#dismiss(envelope.id));
    for (const stay of ["mouseenter", "focusin"]) {
      toast.addEventListener(stay, () => clearTimeout(this.#toasts.get(envelope.id)?.timer));
    }
    for (const leave of ["mouseleave", "focusout"]) {
      toast.addEventListener(leave, () => {
        const now = this.#toasts.get(envelope.id);
        if (!now) return;
        clearTimeout(now.timer);
        now.timer = start();
      });
    }
    this.#root.querySelector(".toasts").append(toast);
    const [oldest] = this.#toasts.keys();
    if (this.#toasts.size > TOASTS) this.#dismiss(oldest);
  }

  #dismiss(id) {
    const entry = this.#toasts.get(id);
    if (!entry) return;
    clearTimeout(entry.timer);
    this.#toasts.delete(id);
    entry.toast.remove();
  }
}

function fill(element, envelope) {
  const kind = KINDS.includes(envelope.type) ? envelope.type : "info";
  element.dataset.kind = kind;
  setIcon(element, kind);
  write(element.querySelector(".title"), envelope.title);
  const message = element.querySelector(".message");
  write(message, envelope.message);
  message.hidden = !envelope.message;
  const bar = element.querySelector("progress");
  const percent = envelope.data?.percent;
  if (!bar) return;
  bar.hidden = typeof percent !== "number";
  if (!bar.hidden) bar.value = percent;
  bar.setAttribute("aria-label", envelope.title);
}

function origin({ stream, seq, revision, created_at: created }, namespace) {
  const time = new Date(created).toLocaleTimeString("en-GB");
  const parts = [`${stream} #${seq}`, time];
  const took = Date.now() - Date.parse(created);
  if (took >= 0 && took < 10_000) parts.push(`after ${took} ms`);
  if (namespace !== "/") parts.push(`on ${namespace}`);
  if (revision > 1) parts.push(`revision ${revision}`);
  return parts.join("  ·  ");
}
