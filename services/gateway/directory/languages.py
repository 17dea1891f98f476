"""Which language a member is written to in, and which one is spoken with the till that asks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Final
from uuid import UUID

from services.runtime.principal import Programme

ENGLISH: Final = "en"
#: The language of what the till of this request is told. A request is a task of its own, so nobody else's is changed.
spoken: ContextVar[str] = ContextVar("spoken", default=ENGLISH)


class Languages:
    """Remembers members' languages as look-ups tell of them; the oldest is forgotten first.

    A tag is no personal datum by itself, and names nobody here but an id. Where it is not known the programme's language is
    spoken, and English where that is not set. A receipt waits for no look-up of its own.
    """

    def __init__(self, entries_max: int, of_programmes: Mapping[str, str]) -> None:
        self._entries_max, self._of_programmes = entries_max, of_programmes
        self._known: OrderedDict[tuple[int, UUID], str] = OrderedDict()

    def note(self, ledger_id: int, member_id: UUID, language: str) -> None:
        """What a look-up has told of a member; an empty one: it has said nothing."""
        slot = (ledger_id, member_id)
        self._known.pop(slot, None)
        if language:
            self._known[slot] = language
            if len(self._known) > self._entries_max:
                self._known.popitem(last=False)

    def of_programme(self, programme: Programme) -> str:
        """The language of members who have said nothing."""
        return self._of_programmes.get(programme.slug, ENGLISH)

    def of(self, programme: Programme, member_id: UUID) -> str:
        """The language of a member."""
        return self._known.get((programme.ledger_id, member_id)) or self.of_programme(programme)

    def speak_of(self, programme: Programme, member_id: UUID) -> None:
        """Has the till of this request told everything in the language of a member from now on."""
        spoken.set(self.of(programme, member_id))
