"""No process opens a connection that leaves out what was set about TLS."""

import ast
from functools import lru_cache

from tests.architecture.sources import Source, python_sources

#: Functions of the runtime that are plain where nothing more is said, and how many arguments say it.
NEEDED = {"open_channel": 2}
#: The libraries' own ways to plain connections, and where they may stand.
PLAIN = {"insecure_channel", "add_insecure_port"}
PLAIN_IN = {
    "services/runtime/grpc_client.py",
    "services/runtime/grpc_server.py",
    "services/launcher/service_process.py",
    "services/launcher/connections.py",
}


@lru_cache(maxsize=1)
def _calls() -> list[tuple[Source, int, str, int]]:
    found: list[tuple[Source, int, str, int]] = []
    for source in python_sources():
        if not source.path.startswith("services/"):
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func).rpartition(".")[2]
                found.append((source, node.lineno, name, len(node.args) + len(node.keywords)))
    return found


def test_every_channel_is_opened_with_the_settings_of_tls():
    calls = [each for each in _calls() if each[2] in NEEDED]
    assert len(calls) >= 9
    assert [f"{source}:{line}" for source, line, name, given in calls if given < NEEDED[name]] == []


def test_the_bus_is_made_of_settings():
    assert [f"{source}:{line}" for source, line, name, _ in _calls() if name == "Bus"] == []


def test_plain_connections_are_opened_where_tls_is_decided_and_nowhere_else():
    strange = [
        f"{source}:{line}"
        for source, line, name, _ in _calls()
        if name in PLAIN and source.path not in PLAIN_IN
    ]
    assert strange == []
