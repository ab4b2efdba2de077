"""The canary: what the guard takes from the insides of uvicorn is still there.

These insides are no documented interface. When a test here fails, uvicorn has moved: compare the
methods that ``guard/connections.py`` overrides with uvicorn's new ones, run the tests of hostile
clients, then pin the new version in pyproject.toml, constraints.txt and constraints-lowest.txt.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from mien.server.guard import connections
from mien.server.guard.connections import HttpConnection, StreamConnection
from mien.server.settings import Settings

ROOT = Path(__file__).parents[1]
GUARDS = [(HttpConnection, H11Protocol), (StreamConnection, WebSocketsSansIOProtocol)]
Made = tuple[type, type, asyncio.Protocol]


@pytest.fixture(params=GUARDS, ids=["http", "stream"])
def guard(request: pytest.FixtureRequest) -> Made:
    """A class of ours, the class of uvicorn below it, and an object of ours."""
    ours, theirs = request.param

    async def made() -> asyncio.Protocol:
        config = uvicorn.Config(print, ws="websockets-sansio", log_config=None)
        http = HttpConnection(config, ServerState(), Settings())
        if ours is HttpConnection:
            return http
        # as uvicorn does; HttpConnection put the settings into the class that it names
        return http.ws_protocol_class(config=config, server_state=ServerState(), app_state={})

    return ours, theirs, asyncio.run(made())


def own_classes(ours: type) -> Iterator[tuple[type, ast.ClassDef]]:
    """The classes of our module that one inherits from, itself included, and their syntax."""
    tree = ast.parse(inspect.getsource(connections))
    nodes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    for each in ours.__mro__:
        if each.__module__ == connections.__name__:
            yield each, nodes[each.__name__]


def test_uvicorn_is_the_version_that_the_guard_was_written_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"uvicorn=={version('uvicorn')}" in project["optional-dependencies"]["serve"]


def test_overridden_methods_are_called_as_before(guard: Made) -> None:
    ours, theirs, _ = guard
    for each, _ in own_classes(ours):
        for name, method in vars(each).items():
            if inspect.isfunction(method) and not name.startswith("_"):
                assert hasattr(theirs, name), f"uvicorn has no {theirs.__name__}.{name} any more"
                before = inspect.signature(getattr(theirs, name)).parameters
                assert list(inspect.signature(method).parameters) == list(before), name


def test_state_that_the_guard_reads_is_there(guard: Made) -> None:
    ours, theirs, made = guard
    read = {
        node.attr
        for _, syntax in own_classes(ours)
        for node in ast.walk(syntax)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self"
    }
    assert len(read) > 10
    missing = sorted(name for name in read if not hasattr(made, name))
    assert missing == [], f"{theirs.__name__} of uvicorn lacks what the guard reads"


def test_nothing_of_ours_hides_a_private_name_of_uvicorn(guard: Made) -> None:
    ours, theirs, _ = guard
    for each, _ in own_classes(ours):
        hidden = {n for n in vars(each) if n.startswith("_") and not n.startswith("__")}
        assert not hidden & set(dir(theirs))


def test_request_in_progress_can_be_ended() -> None:
    """``_refuse`` wakes the route that waits for the rest of a body."""
    source = inspect.getsource(RequestResponseCycle)
    for line in ("if self.disconnected", "await self.message_event.wait()"):
        assert line in source
    assert "self.cycle = RequestResponseCycle(" in inspect.getsource(H11Protocol)


def test_listener_of_ours_is_closed_like_those_of_uvicorn() -> None:
    """``listen.Server`` begins without sockets and adds its own to ``servers``."""
    startup, shutdown = map(inspect.getsource, (uvicorn.Server.startup, uvicorn.Server.shutdown))
    assert "for sock in sockets:" in startup
    assert "self.servers" in startup
    for line in ("for server in self.servers:", "for connection in list(self.server_state.conn"):
        assert line in shutdown
