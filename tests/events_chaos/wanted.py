"""The subscribers of a run, and what each of them takes: said once for those who handle events and those who count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.runtime.bus import MEMBERS, PARTNERS, POINTS, STREAMS, Stream


@dataclass(frozen=True, slots=True)
class Wanted:
    """A subscriber: its streams, what it takes of them, and in how many processes it runs.

    `type`: this one alone; `of_one_partner`: events of one partner alone; empty and False: all. `shared`: its processes
    share the partitions out; else one works and the others stand by. `stumbles`: its handler raises at the first try of
    one event in a hundred.
    """

    name: str
    streams: tuple[Stream, ...]
    type: str = ""
    of_one_partner: bool = False
    processes: int = 1
    shared: bool = False
    stumbles: bool = False

    def takes(self, type_: str, partner_id: bytes, partner: bytes) -> bool:
        """Whether an event of a type and a partner is one that it writes down."""
        if self.type and type_ != self.type:
            return False
        return not self.of_one_partner or partner_id == partner


#: A database each, `coalition_<name>`.
WANTED: Final[Mapping[str, Wanted]] = {
    wanted.name: wanted
    for wanted in (
        Wanted("chaos_all", STREAMS, processes=2),
        Wanted("chaos_type", (POINTS,), type="points.earned", stumbles=True),
        Wanted("chaos_partner", (POINTS, PARTNERS), of_one_partner=True),
        Wanted("chaos_members", (MEMBERS,), processes=2, shared=True),
    )
}
