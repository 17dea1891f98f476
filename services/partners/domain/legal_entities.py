"""Legal entities: the companies of a partner, one of which is invoiced for what happens at a store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

# Every partner has it from the start, under its own name: what no store decides is this one's.
FIRST_ENTITY: Final = 1
ENTITIES_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class LegalEntity:
    """A company of a partner; `number` from 1."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class StoreVersion:
    """Whose sales are those at a store: the legal entity `entity` of its partner.

    Of postings from a time on (`valid_from_us`, the till's clock) that are of `known_from_seq` or later; version from 1 a
    store.
    """

    store_id: UUID
    version: int
    entity: int
    valid_from_us: int
    known_from_seq: int


class StoreEntities:
    """Which legal entity each store of a programme is of."""

    def __init__(self, versions: Iterable[StoreVersion] = ()) -> None:
        self._by_store: dict[bytes, list[StoreVersion]] = {}
        for version in sorted(versions, key=lambda each: each.version, reverse=True):
            self._by_store.setdefault(version.store_id.bytes, []).append(version)

    def of(self, store: bytes, effective_us: int, seq: int) -> int:
        """The number of the entity that a posting at a store (16 bytes of its UUID, or empty) is of.

        The highest version that is in force by the till's clock and was known by then; else the partner's first.
        """
        for version in self._by_store.get(store, ()):
            if version.valid_from_us <= effective_us and version.known_from_seq <= seq:
                return version.entity
        return FIRST_ENTITY


ONE_ENTITY_EACH: Final = StoreEntities()
