"""Stock python clients against the binary that ships: notifications and emits published over HTTP."""

from __future__ import annotations

from queue import Queue

import pytest
import requests
import socketio
from programs import API_KEY, SOON, Program, released, until

NOTE = {"to": {"all": True}, "title": "Export finished", "message": "Your file is ready.", "type": "info"}


def post(program: Program, path: str, body: object, key: str | None = API_KEY, **headers: str) -> requests.Response:
    """One call of the HTTP API."""
    headers = {"Authorization": f"Bearer {key}", **headers} if key else headers
    return requests.post(f"{program.url}{path}", json=body, headers=headers, timeout=SOON)


def connected(program: Program, transports: list[str], *events: str) -> tuple[socketio.Client, Queue]:
    """A visitor on ``/``, and a queue of the events that it is told."""
    sio = socketio.Client(reconnection=False)
    queue: Queue = Queue()
    for event in events:
        sio.on(event, lambda *args, event=event: queue.put((event, *args)))
    sio.connect(program.url, transports=transports, wait_timeout=SOON)
    return sio, queue


def test_a_notification_reaches_everybody(bellgate: Program, way: str, transports: list[str]) -> None:
    sio, queue = connected(bellgate, transports, "notification")
    try:
        assert sio.transport() == ("polling" if way == "polling" else "websocket")
        answer = post(bellgate, "/api/v1/notifications", NOTE)
        assert answer.status_code == 202, answer.text
        event, envelope, *offset = queue.get(timeout=SOON)
        assert (event, offset) == ("notification", []), "a python handler fails on an extra argument"
        for name in ("title", "message", "type"):
            assert envelope[name] == NOTE[name]
        assert envelope["v"] == 1
        assert envelope["id"] == answer.json()["id"]
    finally:
        sio.disconnect()


def test_an_emit_reaches_everybody(bellgate: Program, transports: list[str]) -> None:
    sio, queue = connected(bellgate, transports, "price")
    try:
        body = {"event": "price", "args": [{"eur": 7}, "x"], "to": {"all": True}}
        answer = post(bellgate, "/api/v1/emit", body)
        assert answer.ok, answer.text
        assert queue.get(timeout=SOON) == ("price", {"eur": 7}, "x")
    finally:
        sio.disconnect()


def test_notifications_arrive_in_order(bellgate: Program, transports: list[str]) -> None:
    sio, queue = connected(bellgate, transports, "notification")
    try:
        for number in range(20):
            assert post(bellgate, "/api/v1/notifications", {**NOTE, "title": f"number {number}"}).status_code == 202
        envelopes = [queue.get(timeout=SOON)[1] for _ in range(20)]
        assert [envelope["title"] for envelope in envelopes] == [f"number {number}" for number in range(20)]
        seqs = [envelope["seq"] for envelope in envelopes]
        assert seqs == list(range(seqs[0], seqs[0] + 20)), "the stream has a gap"
    finally:
        sio.disconnect()


@pytest.mark.parametrize(
    ("key", "headers", "status"),
    [(None, {}, 401), ("wrong", {}, 401), (API_KEY, {"Content-Type": "text/plain"}, 415)],
)
def test_publishing_without_key_or_json_is_refused(
    bellgate: Program, key: str | None, headers: dict[str, str], status: int
) -> None:
    answer = post(bellgate, "/api/v1/notifications", NOTE, key, **headers)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [({"to": {}}, "/to"), ({"type": "loud"}, "/type"), ({"title": "x" * 201}, "/title"), ({"colour": "red"}, "/colour")],
)
def test_a_wrong_field_is_named(bellgate: Program, change: dict, pointer: str) -> None:
    answer = post(bellgate, "/api/v1/notifications", {**NOTE, **change})
    assert (answer.status_code, answer.json()["pointer"]) == (422, pointer)


def test_the_clients_own_origin_is_admitted_with_an_own_list_too(transports: list[str]) -> None:
    # The stock client sends its target as Origin on a WebSocket; the server's own address is always in the list.
    program = released(SOCKETIO_CORS_ORIGINS="https://app.example.com")
    try:
        sio, _ = connected(program, transports)
        sio.disconnect()
    finally:
        program.stop()


def test_it_reconnects_and_hears_again_after_a_restart(transports: list[str]) -> None:
    first = released()
    sio = socketio.Client(reconnection_delay=0.05, reconnection_delay_max=0.2, randomization_factor=0)
    heard: Queue = Queue()
    connects: Queue = Queue()
    sio.on("notification", lambda *args: heard.put(args))
    sio.on("connect", lambda: connects.put(()))
    sio.connect(first.url, transports=transports, wait_timeout=SOON)
    connects.get(timeout=SOON)
    first.stop()
    second = released(port=first.port)
    try:
        connects.get(timeout=SOON)
        until(lambda: sio.connected)
        assert post(second, "/api/v1/notifications", NOTE).status_code == 202
        assert heard.get(timeout=SOON)[0]["title"] == NOTE["title"]
    finally:
        sio.disconnect()
        second.stop()
