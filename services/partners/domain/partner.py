"""Partners and their stores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.partners.domain.text import CODE_CHARACTERS_MAX, OPERATOR_SLUG, read_name, read_slug
from services.runtime.errors import InvalidRequest

STORES_A_CALL_MAX: Final = 1_000
ACTIVE: Final = "active"


@dataclass(frozen=True, slots=True)
class Partner:
    """A merchant company in a programme; it is netted from `first_window` on, the one that was open when it joined."""

    partner_id: UUID
    slug: str
    name: str
    status: str
    first_window: int


@dataclass(frozen=True, slots=True)
class Store:
    """A shop of a partner, or its web shop. `code` is the partner's own."""

    store_id: UUID
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class NewStore:
    """A store to add."""

    code: str
    name: str


def read_partner_slug(text: str) -> str:
    """A partner's slug. Raises InvalidRequest, also for the name that the operator's side has."""
    if text == OPERATOR_SLUG:
        raise InvalidRequest(f"{OPERATOR_SLUG!r} is the operator's own side of the settlement", field="slug")
    return read_slug(text)


def read_stores(asked: Sequence[NewStore]) -> tuple[NewStore, ...]:
    """Checks 1 to 1,000 stores; a store without a name is called by its code. Raises InvalidRequest."""
    if not 1 <= len(asked) <= STORES_A_CALL_MAX:
        raise InvalidRequest(f"1 to {STORES_A_CALL_MAX:,} stores a call", field="stores")
    return tuple(_read_store(store, f"stores[{place}]") for place, store in enumerate(asked))


def _read_store(asked: NewStore, field: str) -> NewStore:
    code = read_name(asked.code, f"{field}.code", CODE_CHARACTERS_MAX)
    return NewStore(code, read_name(asked.name or code, f"{field}.name"))
