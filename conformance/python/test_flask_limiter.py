"""One budget of a limit for requests at an application with Flask-Limiter and for events here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
import redis
from deployment import Deployment, Person, deployed
from programs import SOON, until

#: What may be done in an hour.
AMOUNT = 5

#: Where the ``limits`` package keeps the hits of ada, and how many a Redis holds there, by strategy.
KEPT: dict[str, tuple[str, Callable[[redis.Redis, str], object]]] = {
    "fixed-window": ("LIMITS:LIMITER/ada/notify/5/1/hour", redis.Redis.get),
    "moving-window": ("LIMITS:LIMITER/ada/notify/5/1/hour", redis.Redis.llen),
    "sliding-window-counter": ("LIMITS:{LIMITER/ada/notify/5/1/hour}", redis.Redis.get),
}


class Budget:
    """What a user may do in an hour, in whatever way."""

    def __init__(self, deployment: Deployment, strategy: str) -> None:
        self.store = deployment.store
        self.key, self.read = KEPT[strategy]
        self.person: Person = deployment.person("ada")

    def request(self) -> tuple[int, int]:
        """Ask the application: the status, and how many requests Flask-Limiter says are left."""
        answer = self.person.post("/notify")
        return answer.status_code, int(answer.headers["X-RateLimit-Remaining"])

    def connect(self) -> None:
        """Join by a socket."""
        self.person.connect(["websocket"])

    def send(self) -> bool:
        """Send an event: whether its rate lets it in. Nobody handles it, which its ack tells as well."""
        answer = self.person.socket.call("talk", "hello", timeout=SOON)
        assert answer["error"] in ("events_unavailable", "rate_limited"), answer
        return bool(answer["error"] != "rate_limited")

    def refuses(self) -> bool:
        """Whether an event is refused although few were sent.

        What others have counted is asked for when the user joins, and events at once are quicker than the
        answer. Counted alone, so few would all be let in.
        """
        for pause in (0.1, 1.0, 10.0, 0.0)[: AMOUNT - 1]:
            if not self.send():
                return True
            time.sleep(pause)
        return False

    def used(self) -> int:
        """How many hits the Redis holds."""
        return int(self.read(self.store, self.key) or 0)

    def keys(self) -> list[str]:
        """All under which hits are kept."""
        return [key.decode() for key in self.store.keys("*/notify/*")]


@pytest.fixture(params=KEPT)
def budget(request: pytest.FixtureRequest) -> Iterator[Budget]:
    """The budget of a user who has logged in, counted by each strategy."""
    strategy = str(request.param)
    limit = f"{AMOUNT}/hour"
    flask = {
        "FLASK_NOTIFY_LIMIT": limit,
        "FLASK_RATELIMIT_STRATEGY": strategy,
        "FLASK_RATELIMIT_HEADERS_ENABLED": "true",
    }
    bellgate = {
        "BELLGATE_LIMITS_SCOPE": "notify",
        "SOCKETIO_RATE_LIMIT_MESSAGES": limit,
        "SOCKETIO_RATE_LIMIT_STRATEGY": strategy,
    }
    with deployed(flask, bellgate) as deployment:
        budget = Budget(deployment, strategy)
        yield budget
        budget.person.socket.disconnect()


def test_requests_count_for_events(budget: Budget) -> None:
    assert [budget.request() for _ in range(AMOUNT)] == [(204, left) for left in reversed(range(AMOUNT))]
    assert budget.request() == (429, 0)
    budget.connect()
    assert budget.refuses(), "the requests are known here"
    assert budget.keys() == [budget.key], "both count in one place"


def test_events_count_for_requests(budget: Budget) -> None:
    budget.connect()
    assert [budget.send() for _ in range(2)] == [True, True]
    until(lambda: budget.used() == 2, what="the events to be told")
    assert budget.request() == (204, 2), "two events and this one"
    assert [budget.send() for _ in range(2)] == [True, True]
    until(lambda: budget.used() == AMOUNT, what="the events to be told")
    assert budget.request() == (429, 0)
    until(lambda: not budget.send(), what="the request to be known here")
    assert budget.keys() == [budget.key], "both count in one place"
