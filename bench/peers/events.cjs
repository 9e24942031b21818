// What every socket.io server of the measuring stand does on `/` (bench/README.md, "What servers speak").

module.exports = (io) => {
  io.on("connection", (socket) => {
    socket.on("echo", (value, ack) => ack(value));
    socket.on("bcast", (value) => io.emit("msg", value));
    socket.on("enter", (room, ack) => {
      socket.join(room);
      ack();
    });
    socket.on("tell", ([room, value]) => io.to(room).emit("msg", value));
  });
};
