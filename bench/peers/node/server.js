// socket.io on Node for the measuring stand: `node server.js PORT`.
// With bufferutil, which ws takes for its frames where it is there; without compression, as is the default.

const { createServer } = require("node:http");
const { Server } = require("socket.io");
const answer = require("../events.cjs");

const http = createServer();
const io = new Server(http, { cors: { origin: "http://localhost:5000", credentials: true }, serveClient: false });

answer(io);

http.listen(Number(process.argv[2]), "127.0.0.1");
