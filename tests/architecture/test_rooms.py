"""The same rooms in every service, so that a newcomer guesses where a file is; and what each room may import.

Imports between our own modules are contracts of import-linter (.importlinter). Here stands what it cannot
say: names taken from a library, and the whole list of libraries that a room may touch.
"""

import configparser
from collections.abc import Mapping
from sys import stdlib_module_names
from typing import Final

import pytest

from tests.architecture.sources import ROOT, SERVICES, Source, imported_names, python_sources, sources_in

#: Files and rooms that every service has; `app` is the table of contents of its commands and queries.
EVERY_SERVICE: Final = (
    "README.md",
    "app.py",
    "service.py",
    "settings.py",
    "domain",
    "commands",
    "storage",
    "migrations",
)
#: Rooms that a service has where it needs them.
OPTIONAL_ROOMS: Final = frozenset({"queries", "clients", "rpc", "events", "jobs"})
#: The gateway speaks HTTP, so it has rooms of its own.
GATEWAY_ROOMS: Final = frozenset({"answers", "apidocs", "auth", "directory", "http", "schemas"})
#: Settlement speaks with banks and bookkeepers in files: ISO 20022, and what a document looks like.
PARTNERS_ROOMS: Final = frozenset({"bank", "renderings"})
#: What members are told is said in nine languages.
NOTIFICATIONS_ROOMS: Final = frozenset({"wording"})

#: Libraries that a room may import, besides the standard library and our own code. `*` is any service.
LIBRARIES: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("*", "domain"): frozenset(),
    ("*", "app"): frozenset(),
    ("*", "jobs"): frozenset(),
    ("*", "queries"): frozenset(),
    # A transaction is handed through; statements are storage's.
    ("*", "commands"): frozenset({"sqlalchemy.ext.asyncio.AsyncConnection"}),
    # Appends to, and reads, the event log in the caller's transaction.
    ("*", "events"): frozenset({"sqlalchemy.ext.asyncio.AsyncConnection", "google.protobuf.message.Message"}),
    ("*", "storage"): frozenset({"sqlalchemy", "asyncpg"}),
    # An answer of megabytes is kept compressed, a personal field sealed.
    ("members", "storage"): frozenset({"cryptography"}),
    # Rules of phone numbers and addresses that are larger than ours: pure, no network.
    ("members", "domain"): frozenset({"phonenumbers", "email_validator"}),
    ("*", "clients"): frozenset({"grpc", "grpc_health"}),
    # Hands messages to mail servers, text message and chat services.
    ("notifications", "clients"): frozenset({"apprise"}),
    ("*", "rpc"): frozenset({"grpc"}),
    ("*", "settings"): frozenset({"pydantic", "pydantic_settings"}),
    ("*", "service"): frozenset({"grpc"}),
    ("*", "migrations"): frozenset({"alembic", "sqlalchemy"}),
    # Raised by the driver's own connection: after these the same items go again.
    ("points", "commands"): frozenset({"asyncpg"}),
    # The driver's own UUID is made from bytes in a third of the time, for every movement.
    ("partners", "bank"): frozenset({"sepaxml", "schwifty", "defusedxml"}),
    ("partners", "renderings"): frozenset({"typst"}),
    ("points", "rpc"): frozenset({"orjson", "asyncpg.pgproto.pgproto.UUID"}),
    ("gateway", "http"): frozenset(
        {"fastapi", "starlette", "uvicorn", "pydantic", "pydantic_core", "orjson", "structlog"}
    ),
    ("gateway", "answers"): frozenset({"orjson"}),
    ("gateway", "auth"): frozenset(),
    ("gateway", "directory"): frozenset({"cryptography"}),
    ("gateway", "schemas"): frozenset({"pydantic", "pydantic_core"}),
    ("gateway", "apidocs"): frozenset({"fastapi", "starlette", "pydantic", "orjson"}),
    ("gateway", "service"): frozenset({"fastapi", "starlette", "uvicorn"}),
}
OURS: Final = ("services.", "coalition.")


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_rooms(service: str):
    folder = ROOT / "services" / service
    assert [name for name in EVERY_SERVICE if not (folder / name).exists()] == []


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_has_a_room_that_nobody_knows(service: str):
    known = {name.removesuffix(".py") for name in EVERY_SERVICE} | OPTIONAL_ROOMS | {"__init__"}
    own = {"gateway": GATEWAY_ROOMS, "partners": PARTNERS_ROOMS, "notifications": NOTIFICATIONS_ROOMS}
    known |= own.get(service, frozenset())
    rooms = {source.room[1] for source in python_sources() if source.room[0] == service}
    assert sorted(rooms - known) == []


def test_a_room_imports_only_the_libraries_it_is_for():
    strange = [
        f"{source}:{line} imports {name}"
        for source in _of_services()
        for line, name in imported_names(source)
        if not name.startswith(OURS) and not _allowed(source, name)
    ]
    assert not strange, "\n".join(strange)


def test_only_the_gateway_serves_http():
    strange = [
        f"{source}:{line} imports {name}"
        for source in python_sources()
        if source.path.startswith("services/") and source.room[0] != "gateway"
        for line, name in imported_names(source)
        if name.split(".")[0] in ("fastapi", "starlette", "uvicorn")
    ]
    assert not strange, "\n".join(strange)


def test_only_the_runtime_speaks_to_nats():
    strange = [
        f"{source}:{line} imports {name}"
        for source in python_sources()
        if source.path.startswith("services/") and source.room[0] != "runtime"
        for line, name in imported_names(source)
        if name.split(".")[0] == "nats"
    ]
    assert not strange, "\n".join(strange)


def test_the_import_contracts_name_every_package():
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    independent = contracts["importlinter:contract:independent"]["modules"].split()
    packages = {source.room[0] for source in python_sources() if source.room[0]} - {"__init__"}
    foundations = {"runtime", "launcher"}
    assert sorted(packages - foundations) == sorted(name.removeprefix("services.") for name in independent)


def _of_services() -> list[Source]:
    rooms = {source.room[1] for source in python_sources()}
    return list(sources_in(*rooms))


def _allowed(source: Source, name: str) -> bool:
    if name.split(".")[0] in stdlib_module_names:
        return True
    service, room = source.room
    allowed = LIBRARIES.get(("*", room), frozenset()) | LIBRARIES.get((service, room), frozenset())
    return any(name == each or name.startswith(f"{each}.") for each in allowed)
