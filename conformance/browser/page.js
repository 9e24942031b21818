// In the page: the stock client, and what it told, for the tests to read.

/** Connects with the stock client and writes down all that it tells. */
function connect(url, options) {
  const socket = io(url, { reconnection: false, timeout: 5000, ...options });
  const seen = { connects: 0, errors: [], disconnects: [], events: [] };
  Object.assign(window, { socket, seen });
  socket.on("connect", () => seen.connects++);
  socket.on("connect_error", (error) => {
    const { status, responseText } = error.context ?? {};
    seen.errors.push({ message: error.message, data: error.data, active: socket.active, status, responseText });
  });
  socket.on("disconnect", (reason) => seen.disconnects.push(reason));
  socket.onAny((...event) => seen.events.push(event));
}

/** The transport that the session runs on now. */
function transport() {
  return window.socket?.io.engine?.transport?.name;
}
