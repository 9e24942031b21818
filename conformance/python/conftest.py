"""Fixtures: one server for each module, the three ways of connecting."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from programs import CALM, Program, conformance_server, released

#: The transports to ask a stock client for, by the way in which the session then runs.
WAYS = {"polling": ["polling"], "websocket": ["websocket"], "upgraded": ["polling", "websocket"]}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """How the session carries packets."""
    return str(request.param)


@pytest.fixture
def transports(way: str) -> list[str]:
    """What the client is asked for in that way."""
    return WAYS[way]


@pytest.fixture(scope="module")
def lab() -> Iterator[Program]:
    """The conformance server."""
    program = conformance_server(**CALM)
    yield program
    program.stop()


@pytest.fixture(scope="module")
def bellgate() -> Iterator[Program]:
    """The binary that ships."""
    program = released()
    yield program
    program.stop()
