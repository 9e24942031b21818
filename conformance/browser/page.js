// In the page: the stock client, and what it told, for the tests to read. Start with `connect`.

/** Connects with the stock client and writes down all that it tells. */
function connect(url, options) {
  const given = { reconnection: false, timeout: 20_000, ...options };
  const begun = performance.now();
  const socket = io(url, given);
  Object.assign(window, { socket, given, seen: follow(socket, begun) });
  socket.io.on("reconnect_attempt", () => seen.attempts.push(performance.now() - begun));
}

/** Writes down what a socket tells. Times are milliseconds since `begun`. */
function follow(socket, begun = performance.now()) {
  const seen = { connects: 0, errors: [], disconnects: [], events: [], attempts: [] };
  socket.on("connect", () => seen.connects++);
  socket.on("connect_error", (error) => {
    const { message, data, context } = error;
    const { status, responseText } = context ?? {};
    const description = typeof error.description === "number" ? error.description : undefined;
    const retryAfter = context?.getResponseHeader?.("Retry-After");
    const ms = Math.round(performance.now() - begun);
    const told = { message, data, active: socket.active, description, status, responseText, retryAfter, ms };
    told.disconnects = seen.disconnects.length;
    seen.errors.push(told);
    // What is left of the answer once the handler has returned.
    queueMicrotask(() => (told.later = { status: context?.status, responseText: context?.responseText }));
  });
  socket.on("disconnect", (reason) => seen.disconnects.push(reason));
  socket.onAny((...event) => seen.events.push(event));
  return seen;
}

/** The transport that the session runs on now. */
function transport() {
  return window.socket?.io.engine?.transport?.name;
}

/**
 * Resolves once a client with the same options has come back three times to an address where nobody is: by then whoever
 * wanted to come back has done so. The port is one that browsers never open.
 */
function othersCameBack() {
  return new Promise((resolve) => {
    const other = io("http://127.0.0.1:1", { ...given, forceNew: true });
    other.io.on("reconnect_attempt", (attempt) => {
      if (attempt < 3) return;
      other.disconnect();
      resolve();
    });
  });
}
