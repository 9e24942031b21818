// One page's connection: the stock client, who it is logged in as, and what is known of it.
// Start with `open`. Nothing here touches the document.

/* global io */

import { post } from "./server.js";

/** The transports of the stock client that a page can choose from. */
export const WAYS = {
  auto: { label: "Default", transports: ["polling", "websocket"] },
  websocket: { label: "WebSocket", transports: ["websocket"] },
  polling: { label: "Polling", transports: ["polling"] },
};

/** Codes of a login that holds no more. */
const GONE = new Set(["auth_required", "credentials_not_sent", "session_invalid", "session_expired", "csrf_invalid"]);

/** Pause between two measurements of the round trip, in milliseconds. */
const PING_EVERY = 5000;

/**
 * A connection. `hear` has four functions: `state(state)`, `packet(name, packet)` with the name of whose it is,
 * `notification(envelope, namespace)` and `refusal(namespace, error)`.
 *
 * A state is `{is: "off", why?}`, `{is: "connecting"}`, `{is: "waiting", attempt, why}` or
 * `{is: "connected", over, upgraded, sid, since, trip, joined}`.
 */
export class Connection {
  #config;
  #hear;
  #person;
  #way;
  /** What proves that this page is the application's own; the session itself is in a cookie, out of reach. */
  #csrfToken;
  #sockets = [];
  #watched = new WeakSet();
  #upgraded = new WeakSet();
  #turn = 0;
  #mayLogInAgain = true;
  #known = {};
  #pings;

  constructor(config, hear) {
    this.#config = config;
    this.#hear = hear;
  }

  /** Logs in as `person` (none: a visitor) and connects over one of the `WAYS`. */
  open(person, way) {
    this.#mayLogInAgain = true;
    [this.#person, this.#way] = [person, way];
    return this.#open();
  }

  async #open() {
    this.close();
    const turn = ++this.#turn;
    this.#tell({ is: "connecting" });
    try {
      await this.#logIn();
    } catch (error) {
      if (turn === this.#turn) this.#tell({ is: "off", why: error.message });
      return;
    }
    if (turn !== this.#turn) return;
    const { gateway, path } = this.#config;
    const { transports } = WAYS[this.#way];
    const whose = { path: this.#person?.path ?? path, withCredentials: true };
    const socket = io(gateway, { ...whose, transports, forceNew: true, autoConnect: false });
    this.#watchManager(socket.io);
    this.#watchSocket(socket, "/");
    this.#connect(socket);
    if (this.#person?.admin) this.join("/admin");
    this.#pings = setInterval(() => this.#measure(), PING_EVERY);
  }

  /** Joins one more namespace over the same connection. */
  join(namespace) {
    const [main, ...others] = this.#sockets;
    const joined = others.find((socket) => socket.nsp === namespace);
    if (!main || joined?.active) return;
    const socket = joined ?? main.io.socket(namespace);
    if (!joined) this.#watchSocket(socket, namespace);
    this.#connect(socket);
  }

  /** Says goodbye. */
  close() {
    this.#turn += 1;
    clearInterval(this.#pings);
    const sockets = this.#sockets.splice(0);
    for (const socket of sockets) socket.disconnect();
    if (sockets.length > 0) this.#tell({ is: "off" });
  }

  async #logIn() {
    const turn = this.#turn;
    const { csrf_token: token } = this.#person ? await post("/demo/login", { id: this.#person.id }) : {};
    // Somebody else may have been chosen meanwhile.
    if (turn === this.#turn) this.#csrfToken = token;
  }

  #connect(socket) {
    socket.connect();
    this.#watchEngine(socket.io);
  }

  #watchManager(manager) {
    manager.on("reconnect_attempt", (attempt) => {
      this.#tell({ is: "waiting", attempt, why: this.#known.why });
      this.#note("•", `attempt ${attempt}`, "reconnecting");
      // The engine of this attempt is made right after the event.
      queueMicrotask(() => this.#watchEngine(manager));
    });
    manager.on("error", (error) => {
      if (this.#known.is !== "connected") this.#tell({ ...this.#known, why: error.message });
      this.#note("•", error.message, "no connection");
    });
  }

  #watchEngine(manager) {
    const { engine } = manager;
    if (!engine || this.#watched.has(engine)) return;
    this.#watched.add(engine);
    const name = this.#person?.name;
    engine.on("packet", (packet) => this.#hear.packet(name, { ...packet, arrow: "↓" }));
    engine.on("packetCreate", (packet) => this.#hear.packet(name, { ...packet, arrow: "↑" }));
    engine.on("upgrading", (transport) => this.#note("⇅", "2probe 3probe", `${transport.name} was probed and answers`));
    engine.on("upgrade", (transport) => {
      this.#upgraded.add(engine);
      this.#note("↑", "5", `upgraded to ${transport.name}`);
      // An upgrade may be faster than the answer to CONNECT.
      if (this.#known.is === "connected") this.#tell({ ...this.#known, over: transport.name, upgraded: true });
      this.#measure();
    });
    engine.on("upgradeError", (error) => this.#note("•", error.message, "no upgrade; polling goes on"));
    engine.on("close", (reason) => this.#note("•", reason, "the connection ended", name));
  }

  #watchSocket(socket, namespace) {
    this.#sockets.push(socket);
    socket.auth = (give) => give(this.#csrfToken ? { csrf_token: this.#csrfToken } : {});
    socket.on("connect", () => this.#joined(socket, namespace));
    socket.on("connect_error", (error) => this.#refused(socket, namespace, error));
    socket.on("disconnect", (reason) => {
      if (namespace !== "/") return;
      if (socket.active) this.#tell({ is: "waiting", attempt: 0, why: reason });
      else this.#tell({ is: "off", why: reason === "io client disconnect" ? undefined : reason });
    });
    socket.on(this.#config.event, (envelope) => this.#hear.notification(envelope, namespace));
  }

  #joined(socket, namespace) {
    this.#mayLogInAgain = true;
    const before = this.#known.is === "connected" ? this.#known : { since: Date.now(), joined: [] };
    const { engine } = socket.io;
    const over = engine.transport.name;
    const upgraded = this.#upgraded.has(engine);
    const joined = [...new Set([...before.joined, namespace])].sort();
    this.#tell({ ...before, is: "connected", sid: engine.id, over, upgraded, joined });
    if (namespace === "/") this.#measure();
  }

  /** A refused CONNECT has data; without, the transport failed and the client tries again by itself. */
  #refused(socket, namespace, error) {
    if (!error.data || !this.#sockets.includes(socket)) return;
    if (GONE.has(error.data.code) && this.#person && this.#mayLogInAgain) {
      // The page's server was started anew, or another window has logged in.
      this.#mayLogInAgain = false;
      this.#open();
      return;
    }
    this.#hear.refusal(namespace, error);
    if (namespace === "/") this.#tell({ is: "off", why: "refused" });
  }

  /** Measures the round trip with an event that is answered by an ack. */
  #measure() {
    const [socket] = this.#sockets;
    if (!socket?.connected) return;
    const sent = performance.now();
    socket.timeout(PING_EVERY).emit("demo:ping", (error) => {
      if (!error && this.#known.is === "connected") this.#tell({ ...this.#known, trip: performance.now() - sent });
    });
  }

  #note(arrow, wire, says, name = this.#person?.name) {
    this.#hear.packet(name, { arrow, wire, says });
  }

  #tell(state) {
    this.#known = state;
    this.#hear.state(state);
  }
}
