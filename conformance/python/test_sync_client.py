"""The stock synchronous client of python-socketio against the conformance server."""

from __future__ import annotations

from collections.abc import Iterator
from queue import Queue

import pytest
import socketio
from programs import CALM, SOON, Program, conformance_server, until


@pytest.fixture
def client() -> Iterator[socketio.Client]:
    """A client that is disconnected when its test ends."""
    sio = socketio.Client(reconnection=False)
    yield sio
    sio.disconnect()


def heard(client: socketio.Client, event: str, namespace: str = "/") -> Queue:
    """A queue of the arguments with which ``event`` comes."""
    queue: Queue = Queue()
    client.on(event, lambda *args: queue.put(args), namespace=namespace)
    return queue


def test_it_connects_on_the_transport_it_was_told(lab: Program, client: socketio.Client, way: str, transports: list[str]) -> None:
    auth = heard(client, "auth")
    client.connect(lab.url, transports=transports, wait_timeout=SOON)
    assert auth.get(timeout=SOON) == ({},)
    assert client.transport() == ("polling" if way == "polling" else "websocket")
    assert client.get_sid() not in (None, client.eio.sid)


@pytest.mark.parametrize("sent", [None, {}, {"token": "123"}, {"nested": [1, None, "é😀"]}])
def test_the_auth_payload_arrives(lab: Program, client: socketio.Client, transports: list[str], sent: dict | None) -> None:
    auth = heard(client, "auth")
    client.connect(lab.url, transports=transports, auth=sent, wait_timeout=SOON)
    assert auth.get(timeout=SOON) == (sent or {},)


def test_events_come_back_with_text_and_binary(lab: Program, client: socketio.Client, transports: list[str]) -> None:
    back = heard(client, "message-back")
    client.connect(lab.url, transports=transports, wait_timeout=SOON)
    arguments = (1, "zwei", {"three": [b"\x00\xff", {"deep": b""}]}, None, "😀")
    client.emit("message", arguments)
    assert back.get(timeout=SOON) == arguments


def test_many_events_come_back_in_order(lab: Program, client: socketio.Client, transports: list[str]) -> None:
    back = heard(client, "message-back")
    client.connect(lab.url, transports=transports, wait_timeout=SOON)
    for number in range(100):
        client.emit("message", (number, bytes([number])))
    assert [back.get(timeout=SOON) for _ in range(100)] == [(number, bytes([number])) for number in range(100)]


def test_an_ack_brings_the_arguments(lab: Program, client: socketio.Client, transports: list[str]) -> None:
    client.connect(lab.url, transports=transports, wait_timeout=SOON)
    assert client.call("message-with-ack", (1, b"\x01", "x"), timeout=SOON) == (1, b"\x01", "x")
    assert client.call("message-with-ack", "one", timeout=SOON) == "one"


def test_a_question_of_the_server_is_answered(lab: Program, client: socketio.Client, transports: list[str]) -> None:
    client.on("question", lambda: ("yes", b"\x02"), namespace="/lab")
    client.connect(lab.url, transports=transports, namespaces=["/lab"], wait_timeout=SOON)
    answer = client.call("ask", {"timeout_ms": 60_000}, namespace="/lab", timeout=SOON)
    assert answer == ("yes", b"\x02")


def test_several_namespaces_are_joined_at_once(lab: Program, client: socketio.Client, transports: list[str]) -> None:
    connected = [heard(client, "connect", namespace) for namespace in ("/", "/custom", "/lab")]
    client.connect(lab.url, transports=transports, namespaces=["/", "/custom", "/lab"], wait_timeout=SOON)
    for queue in connected:
        queue.get(timeout=SOON)
    assert set(client.namespaces) == {"/", "/custom", "/lab"}
    assert len(set(client.namespaces.values())) == 3


def test_an_unknown_namespace_is_refused_with_the_suites_words(lab: Program, client: socketio.Client, transports: list[str]) -> None:
    refused = heard(client, "connect_error", "/random")
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(lab.url, transports=transports, namespaces=["/random"], wait_timeout=SOON)
    assert refused.get(timeout=SOON)[0]["message"] == "Invalid namespace"


def test_a_refusal_brings_message_and_data(lab: Program, client: socketio.Client, transports: list[str]) -> None:
    refused = heard(client, "connect_error", "/lab")
    refuse = {"message": "not today", "data": {"code": 17}}
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(lab.url, transports=transports, namespaces=["/lab"], auth={"refuse": refuse}, wait_timeout=SOON)
    assert refused.get(timeout=SOON) == (refuse,)


@pytest.mark.parametrize("close", [False, True])
def test_a_kick_is_told_as_server_disconnect(lab: Program, client: socketio.Client, transports: list[str], close: bool) -> None:
    gone = heard(client, "disconnect", "/lab")
    client.connect(lab.url, transports=transports, namespaces=["/lab"], wait_timeout=SOON)
    client.emit("kick", {"close": close}, namespace="/lab")
    assert gone.get(timeout=SOON) == (client.reason.SERVER_DISCONNECT,)


def test_leaving_is_told_as_client_disconnect(lab: Program, client: socketio.Client, transports: list[str]) -> None:
    gone = heard(client, "disconnect")
    client.connect(lab.url, transports=transports, wait_timeout=SOON)
    client.disconnect()
    assert gone.get(timeout=SOON) == (client.reason.CLIENT_DISCONNECT,)


def test_heartbeats_keep_the_session(client: socketio.Client, transports: list[str]) -> None:
    brisk = conformance_server(**{**CALM, "SOCKETIO_PING_INTERVAL": "100ms", "SOCKETIO_PING_TIMEOUT": "3s"})
    try:
        gone = heard(client, "disconnect")
        client.connect(brisk.url, transports=transports, namespaces=["/", "/lab"], wait_timeout=SOON)
        # One handler that takes longer than a session lives whose pings go unanswered.
        assert client.call("slow", {"ms": 4000, "value": "alive"}, namespace="/lab", timeout=SOON) == "alive"
        assert gone.empty()
    finally:
        client.disconnect()
        brisk.stop()


def test_it_reconnects_to_all_namespaces_after_a_restart(transports: list[str]) -> None:
    first = conformance_server(**CALM)
    sio = socketio.Client(reconnection_delay=0.05, reconnection_delay_max=0.2, randomization_factor=0)
    connects = {namespace: heard(sio, "connect", namespace) for namespace in ("/", "/custom")}
    gone = heard(sio, "disconnect")
    back = heard(sio, "message-back")
    sio.connect(first.url, transports=transports, namespaces=list(connects), wait_timeout=SOON)
    for queue in connects.values():
        queue.get(timeout=SOON)
    first.kill()
    assert gone.get(timeout=SOON)[0] != sio.reason.SERVER_DISCONNECT
    second = conformance_server(port=first.port, **CALM)
    try:
        for queue in connects.values():
            queue.get(timeout=SOON)
        until(lambda: set(sio.namespaces) == set(connects))
        sio.emit("message", "again")
        assert back.get(timeout=SOON) == ("again",)
    finally:
        sio.disconnect()
        second.stop()


def test_it_reconnects_after_a_stop_in_order(transports: list[str]) -> None:
    first = conformance_server(**CALM)
    sio = socketio.Client(reconnection_delay=0.05, reconnection_delay_max=0.2, randomization_factor=0)
    connects = heard(sio, "connect")
    gone = heard(sio, "disconnect")
    sio.connect(first.url, transports=transports, wait_timeout=SOON)
    connects.get(timeout=SOON)
    first.stop()
    assert gone.get(timeout=SOON)[0] != sio.reason.SERVER_DISCONNECT, "a stock client stays away after this reason"
    second = conformance_server(port=first.port, **CALM)
    try:
        connects.get(timeout=SOON)
    finally:
        sio.disconnect()
        second.stop()
