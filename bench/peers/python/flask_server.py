"""Flask-SocketIO under gevent for the measuring stand: `python flask_server.py PORT`.

gevent's own server with gevent-websocket, which python-engineio prefers where it is there, and with
wsaccel, its faster validation and masking.
"""

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402: the standard library is patched before anything else is loaded

from flask import Flask  # noqa: E402
from flask_socketio import SocketIO, join_room  # noqa: E402

app = Flask(__name__)
io = SocketIO(
    app,
    async_mode="gevent",
    cors_allowed_origins="http://localhost:5000",
    http_compression=False,
    manage_session=False,
)


@io.on("echo")
def echo(value):
    return value


@io.on("bcast")
def bcast(value):
    io.emit("msg", value)


@io.on("enter")
def enter(room):
    join_room(room)
    return []


@io.on("tell")
def tell(message):
    room, value = message
    io.emit("msg", value, to=room)


io.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_output=False)
