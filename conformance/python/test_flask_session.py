"""Sessions that Flask-Session keeps in a Redis: who has one is that user on the socket, for as long as it is there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import socketio
from deployment import Deployment, Person, deployed
from programs import SOON, until

#: How a session begins in the Redis, by the serializer that wrote it: a msgpack map, a JSON object.
FORMATS = {"msgpack": range(0x80, 0x90), "json": (ord("{"),)}


@pytest.fixture(params=FORMATS, scope="module")
def deployment(request: pytest.FixtureRequest) -> Iterator[Deployment]:
    """The application writes its sessions in each format."""
    serializer = str(request.param)
    # Nothing is looked at by the clock: what ends a connection below is what the Redis tells.
    never = {"BELLGATE_RECHECK_INTERVAL": "1h"}
    with deployed({"FLASK_SESSION_SERIALIZATION_FORMAT": serializer}, never) as deployment:
        deployment.person("somebody")
        (first, *_) = deployment.store.keys("session:*")
        assert deployment.store.get(first)[0] in FORMATS[serializer]
        yield deployment


@pytest.fixture
def ada(deployment: Deployment, transports: list[str]) -> Iterator[Person]:
    """A user who is there by a login at the application."""
    person = deployment.person("ada")
    person.connect(transports)
    until(lambda: deployment.online("ada"), what="ada to be known")
    yield person
    person.socket.disconnect()
    until(lambda: not deployment.online("ada"), what="ada to be gone")


def key_of(person: Person) -> str:
    """Where the session of somebody is kept."""
    return f"session:{person.http.cookies['session']}"


def test_a_session_that_is_deleted_ends_its_connection(deployment: Deployment, ada: Person) -> None:
    gone = ada.hears("disconnect")
    assert deployment.store.delete(key_of(ada)) == 1
    gone.get(timeout=SOON)
    until(lambda: not deployment.online("ada"), what="ada to be gone")


def test_a_logout_ends_the_connection_and_the_cookie_admits_nobody(
    deployment: Deployment, ada: Person, transports: list[str]
) -> None:
    gone = ada.hears("disconnect")
    refused = ada.hears("connect_error")
    cookie = ada.http.cookies["session"]
    assert ada.post("/logout").status_code == 200
    gone.get(timeout=SOON)
    ada.http.cookies.set("session", cookie, domain="127.0.0.1")
    with pytest.raises(socketio.exceptions.ConnectionError):
        ada.connect_with({}, transports)
    (told,) = refused.get(timeout=SOON)
    assert told["data"]["code"] == "session_expired", told


def test_a_logout_of_one_browser_leaves_the_other(deployment: Deployment, ada: Person) -> None:
    other = deployment.person("ada")
    other.connect(["websocket"])
    gone = ada.hears("disconnect")
    assert other.post("/logout").status_code == 200
    until(lambda: not other.socket.connected, what="the other to be gone")
    assert gone.empty()
    assert deployment.online("ada")
