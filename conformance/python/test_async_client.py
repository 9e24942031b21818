"""The stock asyncio client of python-socketio against the conformance server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import socketio
from programs import CALM, SOON, Program, conformance_server


@pytest.fixture
async def client() -> AsyncIterator[socketio.AsyncClient]:
    """A client that is disconnected when its test ends."""
    sio = socketio.AsyncClient(reconnection=False)
    yield sio
    await sio.disconnect()


class Heard:
    """The arguments with which an event comes, in order."""

    def __init__(self, client: socketio.AsyncClient, event: str, namespace: str = "/") -> None:
        self.queue: asyncio.Queue = asyncio.Queue()
        client.on(event, self._put, namespace=namespace)

    async def _put(self, *args: object) -> None:
        self.queue.put_nowait(args)

    async def get(self, seconds: float = SOON) -> tuple:
        """The next ones."""
        return await asyncio.wait_for(self.queue.get(), seconds)


async def test_it_connects_on_the_transport_it_was_told(
    lab: Program, client: socketio.AsyncClient, way: str, transports: list[str]
) -> None:
    auth = Heard(client, "auth")
    await client.connect(lab.url, transports=transports, auth={"token": "123"}, wait_timeout=SOON)
    assert await auth.get() == ({"token": "123"},)
    assert client.transport() == ("polling" if way == "polling" else "websocket")


async def test_events_come_back_with_text_and_binary(lab: Program, client: socketio.AsyncClient, transports: list[str]) -> None:
    back = Heard(client, "message-back")
    await client.connect(lab.url, transports=transports, wait_timeout=SOON)
    arguments = (1, "zwei", {"three": [b"\x00\xff", {"deep": b""}]}, None, "😀")
    await client.emit("message", arguments)
    assert await back.get() == arguments


async def test_many_events_come_back_in_order(lab: Program, client: socketio.AsyncClient, transports: list[str]) -> None:
    back = Heard(client, "message-back")
    await client.connect(lab.url, transports=transports, wait_timeout=SOON)
    for number in range(100):
        await client.emit("message", (number, bytes([number])))
    assert [await back.get() for _ in range(100)] == [(number, bytes([number])) for number in range(100)]


async def test_acks_go_both_ways(lab: Program, client: socketio.AsyncClient, transports: list[str]) -> None:
    async def answer() -> tuple:
        return "yes", b"\x02"

    client.on("question", answer, namespace="/lab")
    await client.connect(lab.url, transports=transports, namespaces=["/", "/lab"], wait_timeout=SOON)
    assert await client.call("message-with-ack", (1, b"\x01", "x"), timeout=SOON) == (1, b"\x01", "x")
    asked = await client.call("ask", {"timeout_ms": 60_000}, namespace="/lab", timeout=SOON)
    assert asked == ("yes", b"\x02")


async def test_a_refusal_brings_message_and_data(lab: Program, client: socketio.AsyncClient, transports: list[str]) -> None:
    refused = Heard(client, "connect_error", "/lab")
    refuse = {"message": "not today", "data": {"code": 17}}
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(lab.url, transports=transports, namespaces=["/lab"], auth={"refuse": refuse}, wait_timeout=SOON)
    assert await refused.get() == (refuse,)


@pytest.mark.parametrize("close", [False, True])
async def test_a_kick_is_told_as_server_disconnect(
    lab: Program, client: socketio.AsyncClient, transports: list[str], close: bool
) -> None:
    gone = Heard(client, "disconnect", "/lab")
    await client.connect(lab.url, transports=transports, namespaces=["/lab"], wait_timeout=SOON)
    await client.emit("kick", {"close": close}, namespace="/lab")
    assert await gone.get() == (client.reason.SERVER_DISCONNECT,)


async def test_rooms_reach_several_clients(lab: Program, transports: list[str]) -> None:
    clients = [socketio.AsyncClient(reconnection=False) for _ in range(4)]
    try:
        news = [Heard(client, "news", "/lab") for client in clients]
        for client in clients:
            await client.connect(lab.url, transports=transports, namespaces=["/lab"], wait_timeout=SOON)
        for client in clients[:3]:
            assert await client.call("join", "r", namespace="/lab", timeout=SOON)
        reached = {"room": "r", "event": "news", "args": ["x", 1]}
        assert await clients[3].call("to", reached, namespace="/lab", timeout=SOON) == 3
        assert [await queue.get() for queue in news[:3]] == [("x", 1)] * 3
        await clients[3].call("echo", "settled", namespace="/lab", timeout=SOON)
        assert news[3].queue.empty()
    finally:
        for client in clients:
            await client.disconnect()


async def test_it_reconnects_to_all_namespaces_after_a_restart(transports: list[str]) -> None:
    first = conformance_server(**CALM)
    sio = socketio.AsyncClient(reconnection_delay=0.05, reconnection_delay_max=0.2, randomization_factor=0)
    connects = [Heard(sio, "connect", namespace) for namespace in ("/", "/custom")]
    gone = Heard(sio, "disconnect")
    back = Heard(sio, "message-back")
    await sio.connect(first.url, transports=transports, namespaces=["/", "/custom"], wait_timeout=SOON)
    for queue in connects:
        await queue.get()
    await asyncio.to_thread(first.kill)
    assert (await gone.get())[0] != sio.reason.SERVER_DISCONNECT
    second = await asyncio.to_thread(conformance_server, first.port, **CALM)
    try:
        for queue in connects:
            await queue.get()
        await sio.emit("message", "again")
        assert await back.get() == ("again",)
    finally:
        await sio.disconnect()
        await asyncio.to_thread(second.stop)
