// The second view: one page on two origins, the log beside it, and the list of origins to change.

import { byId, copy, write } from "./dom.js";
import { Log } from "./log.js";
import { Origins } from "./origins.js";

/** Where the page is, on both origins; as in `site.rs`. */
const PATH = "/site";
/** Pause between two looks at the log, in milliseconds. */
const LOOK_EVERY = 1500;

const STATES = { connecting: "connecting…", connected: "connected", refused: "refused", failing: "no connection" };

/** Builds the view when it is first shown: until then nobody is refused. */
export function setUp({ other }) {
  const links = document.querySelectorAll(".views a");
  const state = {};
  const turn = () => {
    const isHere = location.hash === "#refusals";
    byId("notifications").hidden = isHere;
    byId("refusals").hidden = !isHere;
    for (const link of links) mark(link, (link.hash === "#refusals") === isHere);
    if (isHere) state.view ??= new View(other);
  };
  addEventListener("hashchange", turn);
  turn();
  return { setTheme: (theme) => state.view?.setTheme(theme) };
}

function mark(link, isHere) {
  if (isHere) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
}

class View {
  #log;
  #origins;
  #sites;

  constructor(other) {
    this.#sites = [new Site(location.origin), new Site(other)];
    byId("windows").append(...this.#sites.map(({ element }) => element));
    this.#origins = new Origins({ reloaded: () => this.#tryAgain() });
    this.#log = new Log({ use: (line) => this.#origins.propose(line) });
    addEventListener("message", (event) => this.#hear(event));
    setInterval(() => byId("refusals").hidden || this.#log.read(), LOOK_EVERY);
  }

  setTheme(theme) {
    for (const site of this.#sites) site.tell({ theme });
  }

  #hear({ source, origin, data }) {
    const site = this.#sites.find((site) => site.isFrom(source, origin));
    if (!site) return;
    site.hear(data);
    const { theme } = document.documentElement.dataset;
    if (theme) site.tell({ theme });
    this.#log.read(data.request);
  }

  /** Who is connected stays; whoever was refused asks again, as if reloaded by hand. */
  #tryAgain() {
    this.#log.read();
    for (const site of this.#sites) if (site.is !== "connected") site.tell({ again: true });
  }
}

/** A browser's window, with the page of one origin. */
class Site {
  element = copy("window");
  is = "connecting";
  #frame;
  #origin;

  constructor(origin) {
    this.#origin = origin;
    this.#frame = this.element.querySelector("iframe");
    this.#frame.src = origin + PATH;
    this.#frame.title = `The page at ${origin}`;
    this.element.setAttribute("aria-label", `The page at ${origin}`);
    this.element.querySelector("a").href = origin + PATH;
    write(this.element.querySelector(".address"), origin);
  }

  isFrom(source, origin) {
    return source === this.#frame.contentWindow && origin === this.#origin;
  }

  hear({ is }) {
    this.is = is;
    this.element.dataset.is = is;
    write(this.element.querySelector(".state"), STATES[is] ?? is);
  }

  tell(message) {
    this.#frame.contentWindow.postMessage(message, this.#origin);
  }
}
