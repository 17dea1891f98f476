"""The contract: generated code is what its sources say, and the catalogue of events is what code publishes."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Final

import pytest
from coalition.events.v1 import members_pb2, partners_pb2, points_pb2
from coalition.type.v1.reason_pb2 import Reason
from google.protobuf.descriptor import Descriptor

from services.gateway.apidocs.errors import EXPLAINED
from services.runtime.errors import CATALOGUE, code_of
from tests.architecture.sources import ROOT, Source, python_sources

#: Events by the service that publishes them.
CATALOGUES: Final = {"members": members_pb2, "points": points_pb2, "partners": partners_pb2}
EVENT_TYPE: Final = re.compile(
    r"(member|points|ledger|programme|partner|window|statement|settlement|payment|dispute)\.[a-z_]+"
)
#: Calls whose first argument is a name for people, and looks like an event's type by chance.
NAMING_CALLS: Final = frozenset({"debug", "info", "warning", "error", "exception", "span"})


def test_generated_code_is_what_the_protos_say():
    checked = subprocess.run(
        [sys.executable, "proto/generate.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_every_reason_has_a_status_and_a_title():
    reasons = {value for value in Reason.values() if value != Reason.REASON_UNSPECIFIED}
    assert {code_of(reason) for reason in reasons - set(CATALOGUE)} == set()


def test_every_reason_is_explained():
    assert {code_of(reason) for reason in set(Reason.values()) - set(EXPLAINED)} == set()


@pytest.mark.parametrize("service", CATALOGUES)
def test_every_event_of_the_catalogue_has_a_publisher(service: str):
    told = {text for source in _of(service) for text in _event_types(source)}
    assert sorted(set(_catalogue(CATALOGUES[service])) - told) == []


def test_every_event_that_code_names_is_in_the_catalogue():
    known = {each for module in CATALOGUES.values() for each in _catalogue(module)}
    unknown = [
        f"{source}: {text}"
        for service in (*CATALOGUES, "gateway")
        for source in _of(service)
        for text in _event_types(source)
        if text not in known
    ]
    assert not unknown, "\n".join(unknown)


def test_the_subscribers_guide_lists_every_event():
    listed = re.findall(
        r"^\| `([a-z]+\.[a-z_]+)` \|", (ROOT / "docs/subscribers.md").read_text(), re.MULTILINE
    )
    assert sorted(listed) == sorted(each for module in CATALOGUES.values() for each in _catalogue(module))


def _of(service: str) -> Iterator[Source]:
    return (source for source in python_sources() if source.room[0] == service)


def _catalogue(module: ModuleType) -> Iterator[str]:
    """The types of the events in a module: its messages, but for those that are only parts of others."""
    messages: dict[str, Descriptor] = module.DESCRIPTOR.message_types_by_name
    parts = {
        field.message_type.name
        for message in messages.values()
        for field in message.fields
        if field.message_type is not None
    }
    for name in set(messages.keys()) - parts:
        subject, *words = re.findall(r"[A-Z][a-z]+", name)
        yield f"{subject.lower()}.{'_'.join(words).lower()}"


def _event_types(source: Source) -> Iterator[str]:
    names: set[ast.expr] = set()
    for node in ast.walk(source.tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in NAMING_CALLS
        ):
            names.update(node.args[:1])
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in names:
            yield from filter(EVENT_TYPE.fullmatch, [node.value])
