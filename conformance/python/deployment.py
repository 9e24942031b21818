"""A Flask application and Bellgate on one Redis, and people who use both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from queue import Queue

import redis
import requests
import socketio
from programs import API_KEY, SECRET, SOON, flask_app, redis_server, released


class Deployment:
    """The application at ``site``, Bellgate at ``gate``, and what the Redis between them holds."""

    def __init__(self, site: str, gate: str, store: redis.Redis) -> None:
        self.site = site
        self.gate = gate
        self.store = store

    def person(self, name: str) -> Person:
        """Somebody who has logged in by the application's own form."""
        person = Person(self)
        answer = person.post("/login", name=name)
        assert answer.status_code == 200, answer.text
        return person

    def online(self, name: str) -> bool:
        """Whether Bellgate knows this user to be there."""
        headers = {"Authorization": f"Bearer {API_KEY}"}
        answer = requests.get(f"{self.gate}/api/v1/users/{name}", headers=headers, timeout=SOON)
        return bool(answer.json()["online"])


class Person:
    """A browser's cookies, as both servers see them."""

    def __init__(self, deployment: Deployment) -> None:
        self.site = deployment.site
        self.gate = deployment.gate
        self.http = requests.Session()
        # On a WebSocket handshake the client names its target as Origin, beside the one that it was given.
        self.socket = socketio.Client(
            reconnection=False, http_session=self.http, websocket_extra_options={"suppress_origin": True}
        )

    def post(self, path: str, **form: str) -> requests.Response:
        """Send a form of the application's page."""
        return self.http.post(f"{self.site}{path}", data={**form, "csrf_token": self._csrf_token()}, timeout=SOON)

    def connect(self, transports: list[str]) -> None:
        """Connect to Bellgate as the application's page does.

        :raises socketio.exceptions.ConnectionError: where Bellgate refuses.
        """
        self.connect_with({"csrf_token": self._csrf_token()}, transports)

    def connect_with(self, auth: dict[str, str], transports: list[str]) -> None:
        """Connect with this payload, without a look at the application's page."""
        self.socket.connect(self.gate, {"Origin": self.site}, auth, transports, wait_timeout=SOON)

    def hears(self, event: str) -> Queue:
        """A queue of what comes with this event, as a tuple of arguments each time."""
        queue: Queue = Queue()
        self.socket.on(event, lambda *args: queue.put(args))
        return queue

    def _csrf_token(self) -> str:
        page = self.http.get(f"{self.site}/", timeout=SOON).text
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert found, page
        return found[1]


@contextmanager
def deployed(flask: dict[str, str], bellgate: dict[str, str]) -> Iterator[Deployment]:
    """Both on a Redis of their own, with these settings beside those that they have to agree on."""
    with ExitStack() as running:
        store = redis_server()
        running.callback(store.stop)
        url = f"redis://127.0.0.1:{store.port}/0"
        sessions = {"FLASK_SESSION_TYPE": "redis", "SESSION_REDIS_URL": url}
        app = flask_app(**sessions, FLASK_RATELIMIT_STORAGE_URI=url, **flask)
        running.callback(app.stop)
        gate = released(
            FLASK_PORT=str(app.port),
            SECRET_KEY=SECRET,
            BELLGATE_SESSION_REDIS_URL=url,
            BELLGATE_LIMITS_REDIS_URL=url,
            BELLGATE_API_KEYS=f"test:{API_KEY}:read",
            **bellgate,
        )
        running.callback(gate.stop)
        client = running.enter_context(redis.Redis.from_url(url))
        yield Deployment(app.url, gate.url, client)
