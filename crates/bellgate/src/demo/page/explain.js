// Packets in plain words: what is on the wire, what it says, and whether it is only a heartbeat.

const DIGITS = { open: 0, close: 1, ping: 2, pong: 3, message: 4, upgrade: 5, noop: 6 };

/** `{wire, says, isHeartbeat}` of an Engine.IO packet of the stock client. */
export function explain({ arrow, type, data, wire, says }) {
  if (wire !== undefined) return { wire, says, isHeartbeat: false };
  if (data !== undefined && typeof data !== "string") return { wire: "binary", says: "an attachment", isHeartbeat: false };
  const text = `${DIGITS[type] ?? "?"}${data ?? ""}`;
  const told = type === "message" ? message(data, arrow) : { says: engine(type, data), isHeartbeat: type in BEATS };
  return { wire: text.replace(/("csrf_token":")[^"]*/, "$1…"), ...told };
}

const BEATS = { ping: "the gateway asks whether the page is there", pong: "it is", noop: "lets a waiting poll return" };

function engine(type, data) {
  if (type === "open") return opened(JSON.parse(data));
  if (type === "close") return "goodbye";
  return BEATS[type] ?? type;
}

function opened({ upgrades, pingInterval }) {
  const next = upgrades.length > 0 ? `, may upgrade to ${upgrades.join(", ")}` : "";
  return `a session opens: ping every ${pingInterval / 1000} s${next}`;
}

/** Type, attachments, namespace, ack id and JSON of a Socket.IO packet (protocol 5, packet encoding). */
const PACKET = /^(\d)(?:\d+-)?(?:(\/[^,]*),)?(\d+)?(.*)$/s;

function message(data, arrow) {
  const [, type, namespace = "/", id, json] = PACKET.exec(data) ?? [];
  const isHeartbeat = false;
  switch (type) {
    case "0":
      return { says: connect(namespace, json, arrow), isHeartbeat };
    case "1":
      return { says: `leaves ${namespace}`, isHeartbeat };
    case "2":
      return event(namespace, id, JSON.parse(json), arrow);
    case "3":
      return { says: `the answer to event ${id}`, isHeartbeat: arrow === "↓" };
    case "4":
      return { says: `refused: ${JSON.parse(json).message}`, isHeartbeat };
    default:
      return { says: "an event with attachments", isHeartbeat };
  }
}

function connect(namespace, json, arrow) {
  if (arrow === "↓") return `welcome to ${namespace}`;
  return json.includes("csrf_token") ? `asks to join ${namespace}, with the page's CSRF token` : `asks to join ${namespace}`;
}

function event(namespace, id, [name, first], arrow) {
  if (name === "demo:ping") return { says: "measures the round trip", isHeartbeat: true };
  if (name === "bell:drain") return { says: `the gateway goes down; this page leaves in ${first.delay} ms`, isHeartbeat: false };
  const title = first?.title ? `: ${first.title}` : "";
  const wants = id === undefined || arrow === "↓" ? "" : `, wants answer ${id}`;
  return { says: `${name} on ${namespace}${title}${wants}`, isHeartbeat: false };
}
