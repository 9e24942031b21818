"""Starts a program on a free port, waits until it answers, stops it and checks that it ended well.

Bellgate's own, and what stands beside it: an application, a Redis.
"""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
SOON = 20.0

#: Intervals so long that no heartbeat comes while a test of something else runs.
CALM = {"SOCKETIO_PING_INTERVAL": "25s", "SOCKETIO_PING_TIMEOUT": "20s", "SOCKETIO_CONNECT_TIMEOUT": "20s"}

#: The key that the released binary is started with.
API_KEY = "conformance-key-of-the-tests"

#: The key by which the application and Bellgate sign and read.
SECRET = "the-key-of-the-flask-application-0123456789"


def free_port() -> int:
    """A port on 127.0.0.1 that was free a moment ago.

    It is below those that the system gives to whoever asks for any (Linux: from 32768), so that no other program is
    given it before it is bound.
    """
    refused = None
    for _ in range(100):
        port = random.randrange(20_000, 30_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                refused = error
            else:
                return port
    raise AssertionError("none of 100 ports from 20000 to 29999 of 127.0.0.1 can be bound") from refused


def until(check: Callable[[], object], seconds: float = SOON, what: str = "the condition") -> None:
    """Ask ``check`` again and again until it says yes."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(0.01)


class Program:
    """A running server; it is there when ``answers`` says so of its port."""

    def __init__(
        self, command: list[str], env: dict[str, str], port: int, answers: Callable[[int], bool] | None = None
    ) -> None:
        self.port = port
        self.answers = answers or serves("/healthz")
        self.url = f"http://127.0.0.1:{port}"
        self.folder = tempfile.mkdtemp(prefix="bellgate-")
        self.log = Path(self.folder) / "output"
        keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env={**keep, **env}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        until(self._answers, 60, f"{command[0]} to answer on port {port}")

    def stop(self) -> None:
        """Stop it as an operator would, and check that it had not panicked and says so with status 0."""
        self.process.terminate()
        try:
            status = self.process.wait(30)
        finally:
            self.process.kill()
            output = self.log.read_text(errors="replace")
            shutil.rmtree(self.folder)
        assert "panicked at" not in output, output
        assert status == 0, output

    def kill(self) -> None:
        """End it without a goodbye."""
        self.process.kill()
        self.process.wait(30)
        shutil.rmtree(self.folder)

    def _answers(self) -> bool:
        assert self.process.poll() is None, f"the server did not start: {self.log.read_text(errors='replace')}"
        return self.answers(self.port)


def serves(path: str) -> Callable[[int], bool]:
    """Whether there is a page at this path."""

    def ask(port: int) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{port}{path}", timeout=SOON).status_code == 200
        except (requests.ConnectionError, requests.Timeout):
            return False

    return ask


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def conformance_server(port: int | None = None, **env: str) -> Program:
    """The conformance server with its lab."""
    port = port or free_port()
    command = os.environ.get("BELLGATE_CONFORMANCE_SERVER", str(TARGET / "bellgate-conformance-server"))
    quiet = {"SOCKETIO_RATE_LIMITING": "false", "BELLGATE_ADMIN_ADDR": "off", "BELLGATE_DRAIN_WINDOW": "1s"}
    return Program([command, "--port", str(port), "--lab"], {**quiet, **env}, port)


def released(port: int | None = None, **env: str) -> Program:
    """The binary that ships, with one API key."""
    port = port or free_port()
    command = os.environ.get("BELLGATE_BINARY", str(TARGET / "bellgate"))
    own = {
        "SOCKETIO_PORT": str(port),
        "BELLGATE_ADMIN_ADDR": "off",
        "BELLGATE_API_KEYS": f"test:{API_KEY}:publish+emit",
        "BELLGATE_DRAIN_WINDOW": "1s",
    }
    return Program([command, "serve"], {**own, **env}, port)


def flask_app(port: int | None = None, **env: str) -> Program:
    """The application of ``conformance/flask`` with the real packages, under gunicorn."""
    port = port or free_port()
    gunicorn = str(ROOT / "conformance/.venv-flask/bin/gunicorn")
    command = [gunicorn, "--chdir", str(ROOT / "conformance/flask"), "--bind", f"127.0.0.1:{port}", "app:app"]
    own = {"FLASK_SECRET_KEY": SECRET, "FLASK_JWT_SECRET_KEY": SECRET, "PYTHONDONTWRITEBYTECODE": "1"}
    return Program(command, {**own, **env}, port, serves("/"))


def redis_server() -> Program:
    """A Redis that keeps nothing on disk, and tells of keys that go."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--notify-keyspace-events", "K$gx"]
    return Program(command, {}, port, listens)
