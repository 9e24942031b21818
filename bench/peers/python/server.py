"""python-socketio under uvicorn for the measuring stand: `python server.py PORT`.

With uvloop, httptools and websockets, which uvicorn takes where they are there.
"""

import sys

import socketio
import uvicorn

io = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="http://localhost:5000", http_compression=False)


@io.event
async def connect(sid, environ, auth):
    pass


@io.event
async def echo(sid, value):
    return value


@io.event
async def bcast(sid, value):
    await io.emit("msg", value)


@io.event
async def enter(sid, room):
    await io.enter_room(sid, room)
    return []


@io.event
async def tell(sid, message):
    room, value = message
    await io.emit("msg", value, to=room)


uvicorn.run(
    socketio.ASGIApp(io),
    host="127.0.0.1",
    port=int(sys.argv[1]),
    log_level="error",
    access_log=False,
    ws_per_message_deflate=False,
)
