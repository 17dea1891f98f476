"""Re-rating: points and fees at the price of a version that became known only after they were rated.

What was rated stays. A re-rate says from which place in the journal on earlier entries count as if its version had been
known; what they differ by is booked, entry by entry. The price that an entry has by then follows from the version
that rated it and from all re-rates that cover it: the highest of these versions wins, in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.partners.domain.contract_drafts import micros_of
from services.partners.domain.drafts import body_of, parse_body, whole
from services.partners.domain.entries import EntryKind
from services.partners.domain.rates import Rates, RateVersion
from services.runtime.clock import from_micros
from services.runtime.errors import Fault, InvalidRequest
from services.runtime.ids import from_text, to_text

KIND: Final = "rerate"
# Booked in the transaction that approves it, while rating of the programme stands still.
ENTRIES_MAX: Final = 500_000


@dataclass(frozen=True, slots=True)
class Scope:
    """What is rated again: entries of a partner for which a version wins, of till times from `from_us` to `to_us` (0: open)."""

    partner_id: UUID
    version: int
    from_us: int = 0
    to_us: int = 0

    def within(self, known: RateVersion) -> Scope:
        """The part of it that the version is dated for. Raises InvalidRequest where that is nothing."""
        rates = known.rates
        ends = [end for end in (self.to_us, rates.valid_to_us) if end]
        scope = Scope(
            self.partner_id, self.version, max(self.from_us, rates.valid_from_us), min(ends, default=0)
        )
        if scope.to_us and scope.from_us >= scope.to_us:
            raise InvalidRequest("the version is not dated for any of these times", field="scope.from_us")
        return scope


class Effect(NamedTuple):
    """How many entries differ, of how many points, and by how many micros in all (positive: the partner owes more)."""

    entries: int = 0
    points: int = 0
    micros: int = 0


@dataclass(frozen=True, slots=True)
class WantedRerate:
    """A re-rate as it is drafted: its effect on all that was rated up to `as_of_seq`."""

    scope: Scope
    as_of_seq: int
    effect: Effect

    def document(self) -> dict[str, Any]:
        """What a draft and the audit log say of it."""
        scope = self.scope
        return {
            "as_of_seq": self.as_of_seq,
            "effect": self.effect._asdict(),
            "from": from_micros(scope.from_us).isoformat(),
            "partner_id": to_text("ptr", scope.partner_id),
            "to": from_micros(scope.to_us).isoformat() if scope.to_us else None,
            "version": scope.version,
        }

    def body(self) -> bytes:
        """The canonical body of a draft."""
        return body_of(self.document())

    @staticmethod
    def parse(body: bytes) -> WantedRerate:
        """Reads the body of a draft. Raises Fault for one that `body` has not made."""
        return parse_body(KIND, body, _read, WantedRerate.document)


def _read(said: Mapping[str, Any]) -> WantedRerate:
    effect = said["effect"]
    return WantedRerate(
        Scope(
            from_text("ptr", said["partner_id"]),
            whole(said["version"]),
            micros_of(said["from"]),
            micros_of(said["to"]),
        ),
        whole(said["as_of_seq"]),
        Effect(whole(effect["entries"]), whole(effect["points"]), whole(effect["micros"])),
    )


@dataclass(frozen=True, slots=True)
class Rerate:
    """A re-rate in the books: number from 1 per programme. It holds from `known_from_seq` on, and is booked in a window."""

    number: int
    wanted: WantedRerate
    known_from_seq: int
    window_number: int
    draft_id: UUID


class Held(NamedTuple):
    """Originals that one price was made for: a kind (issued, burned), type of points, share of a grant (0: none) and version."""

    kind: EntryKind
    point_type: str
    share_percent: int
    version: int


class Repriced(NamedTuple):
    """What originals cost so far and cost now, each in micros: a point, a point once it is used, and the fee."""

    held: Held
    old: int
    new: int
    old_later: int
    new_later: int
    old_fee: int
    new_fee: int


def repriced(
    groups: Iterable[tuple[Held, bool]], version: RateVersion, card: Mapping[int, Rates]
) -> list[Repriced]:
    """The prices of originals at their version and at another one. `card`: the partner's prices by version.

    With each group stands whether nothing was to be due for any of its points once they are used. Raises InvalidRequest where
    something would be now: which of these points were used is not kept.
    """
    made: list[Repriced] = []
    for held, is_untracked in groups:
        if held.version not in card:
            raise Fault(f"entries are rated by version {held.version}, which the partner does not have")
        before, after = card[held.version], version.rates
        old, new = _price(before, held), _price(after, held)
        if is_untracked and new[1]:
            raise InvalidRequest(
                "points of which all was due when they were issued cannot be made due once they are used: "
                "which of them were used is not kept",
                field="scope.version",
            )
        fees = (0, 0) if held.share_percent else (before.transaction_fee_micros, after.transaction_fee_micros)
        made.append(Repriced(held, old[0], new[0], old[1], new[1], *fees))
    return [each for each in made if each[1::2] != each[2::2]]


def _price(rates: Rates, held: Held) -> tuple[int, int]:
    """What a point costs now, and once it is used."""
    if held.kind is EntryKind.BURNED:
        return rates.reimbursement(held.point_type), 0
    return rates.issue_parts(held.point_type, held.share_percent)


class Difference(NamedTuple):
    """Entries that differ by one price, summed: of a kind, a type of points ('' of fees), in a window (the open one: its number)."""

    kind: EntryKind
    point_type: str
    old_micros: int
    new_micros: int
    window: int
    entries: int
    points: int
    amount_micros: int


def effect_of(differences: Iterable[Difference]) -> Effect:
    """All of them together. Raises InvalidRequest for more entries than are booked at once."""
    found = Effect(*(map(sum, zip(*((each[5:]) for each in differences), strict=True))))
    if found.entries > ENTRIES_MAX:
        raise InvalidRequest(
            f"{found.entries:,} entries would differ, and {ENTRIES_MAX:,} are re-rated at once: "
            "take them in parts of till time",
            field="scope.to_us",
        )
    return found
