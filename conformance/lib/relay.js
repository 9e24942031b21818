// A relay in front of a server, so that a test sees what reaches it. Bytes go through as they are.

import net from "node:net";

const REQUEST = /(GET|POST|PUT|OPTIONS) (\/\S*) HTTP\/1\.1\r\n/g;

/** Stands in front of `to` on a port of its own, until the test ends: `{port, host, url, requests}`. */
export async function relay(t, to) {
  const heard = [];
  const sockets = new Set();
  const server = net.createServer((from) => {
    const onward = net.connect(to.port, to.host);
    const index = heard.push("") - 1;
    from.on("data", (bytes) => (heard[index] += bytes.toString("latin1")));
    from.pipe(onward).pipe(from);
    for (const [one, other] of [[from, onward], [onward, from]]) {
      sockets.add(one);
      one.on("error", () => other.destroy()).on("close", () => other.destroy());
    }
  });
  await new Promise((resolve, reject) => server.listen(0, "127.0.0.1", resolve).on("error", reject));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address();
  return {
    port,
    host: "127.0.0.1",
    url: `http://127.0.0.1:${port}`,
    /** All requests so far, those of one connection in order: `{method, path, isHandshake}`. */
    get requests() {
      return heard.flatMap((text) => [...text.matchAll(REQUEST)]).map(([, method, path]) => {
        const isHandshake = method === "GET" && path.startsWith("/socket.io/") && !path.includes("&sid=");
        return { method, path, isHandshake };
      });
    },
  };
}
