// socket.io on Bun for the measuring stand: `bun server.js PORT`.
// With the engine that socket.io has for Bun's own HTTP server: Bun's copy of node:http is slower.

import { Server as Engine } from "@socket.io/bun-engine";
import { Server } from "socket.io";
import answer from "../events.cjs";

const io = new Server({ serveClient: false });
const engine = new Engine({
  path: "/socket.io/",
  cors: { origin: "http://localhost:5000", credentials: true },
});
io.bind(engine);

answer(io);

Bun.serve({ ...engine.handler(), port: Number(process.argv[2]), hostname: "127.0.0.1" });
