"""Where a partner stands from a time on, what may follow on what, and what a draft of it says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.partners.domain.drafts import parse_body, whole
from services.partners.domain.rates import TIME_US_MAX
from services.partners.domain.standing.buy_out import WHOLE_BP
from services.partners.domain.text import WHY_CHARACTERS_MAX
from services.runtime.clock import from_micros, to_micros
from services.runtime.errors import InvalidRequest
from services.runtime.ids import from_text, to_text
from services.runtime.partner_standing import (
    Operation,
    PartnerStanding,
    StandingKind,
    refused_operations,
    standing_at,
)

STANDING_KIND: Final = "partner_standing"

# What a partner may become. One that has left does not come back: it is onboarded anew.
_FOLLOWS: Final[Mapping[StandingKind, tuple[StandingKind, ...]]] = {
    StandingKind.ACTIVE: (StandingKind.ACTIVE, StandingKind.SUSPENDED, StandingKind.EXITING),
    StandingKind.SUSPENDED: (StandingKind.ACTIVE, StandingKind.SUSPENDED, StandingKind.EXITING),
    StandingKind.EXITING: (StandingKind.ACTIVE, StandingKind.EXITING, StandingKind.EXITED),
    StandingKind.EXITED: (),
}


@dataclass(frozen=True, slots=True)
class StandingTerms:
    """Where a partner stands from a programme time on. `reason`: what it is told of why; one that is suspended always is.

    `buy_out_bp`: of one that has left, the redemption rate in basis points at which its points are bought out that are not used
    yet; None: they are not, and it goes on being charged for those that are used.
    """

    partner_id: UUID
    standing: PartnerStanding
    reason: str = ""
    buy_out_bp: int | None = None

    def checked(self) -> StandingTerms:
        """The same terms. Raises InvalidRequest for times out of range or order, and for a reason that is missing or too long."""
        at, reason = self.standing, self.reason
        times = (
            ("valid_from_us", at.valid_from_us),
            ("run_off_until_us", at.run_off_until_us),
            ("returns_until_us", at.returns_until_us),
        )
        for name, time_us in times:
            if not 0 <= time_us <= TIME_US_MAX:
                raise InvalidRequest("a time lies between 1970 and 2200", field=f"standing.{name}")
        if at.kind is StandingKind.EXITING:
            _in_order(at)
        elif at.run_off_until_us or at.returns_until_us:
            raise InvalidRequest(
                "only a partner that is leaving has a run-off and a return window", field="standing.run_off_until_us"
            )  # fmt: skip
        rate = self.buy_out_bp
        if rate is not None and (at.kind is not StandingKind.EXITED or not 0 <= rate <= WHOLE_BP):
            raise InvalidRequest(
                f"of a partner that has left, 0 to {WHOLE_BP:,} basis points of its points are bought out",
                field="standing.buy_out_bp",
            )
        if (
            len(reason) > WHY_CHARACTERS_MAX
            or reason != reason.strip()
            or (reason and not reason.isprintable())
        ):
            raise InvalidRequest(
                f"a reason has up to {WHY_CHARACTERS_MAX} printable characters, none of them around it a space",
                field="standing.reason",
            )
        if at.kind is StandingKind.SUSPENDED and not reason:
            raise InvalidRequest("a partner is told why it is suspended", field="standing.reason")
        return self


@dataclass(frozen=True, slots=True)
class StandingVersion:
    """A standing in the books: version from 1 per partner.

    `draft_id`: what two people made it by; `payment_id`: what was not paid, for which its contract suspends it; neither: set in a
    test programme.
    """

    terms: StandingTerms
    version: int
    draft_id: UUID | None = None
    payment_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class StandingNow:
    """Where a partner stands at a programme time, and what is refused then."""

    standing: PartnerStanding
    refused: tuple[Operation, ...]


def standing_now(versions: Iterable[StandingVersion], now_us: int) -> StandingNow:
    """What holds at a programme time: the highest version in force, or active."""
    standing = standing_at(((each.version, each.terms.standing) for each in versions), now_us)
    return StandingNow(standing, refused_operations(standing, now_us))


def check_follows(before: Sequence[StandingVersion], wanted: StandingTerms, now_us: int) -> None:
    """Raises InvalidRequest where a partner cannot come to stand so, from what its versions say of the time that it starts.

    A version takes the place of all that was planned after its start; so only that one step has to be looked at.
    """
    numbered = [(each.version, each.terms.standing) for each in before]
    start = wanted.standing
    at_start = standing_at(numbered, start.valid_from_us)
    at_once = standing_at(numbered, now_us)
    old = at_once if at_once.kind is StandingKind.EXITED else at_start
    if start.kind not in _FOLLOWS[old.kind]:
        can = ", ".join(_FOLLOWS[old.kind]) or "nothing else"
        raise InvalidRequest(
            f"the partner is {old.kind} then, and from that becomes {can}", field="standing.kind"
        )
    if start.kind is StandingKind.EXITED and start.valid_from_us < old.returns_until_us:
        ends = from_micros(old.returns_until_us).isoformat()
        raise InvalidRequest(
            f"the partner has left once its return window is over, at {ends}", field="standing.valid_from_us"
        )
    if wanted.buy_out_bp is not None and start.valid_from_us > now_us:
        raise InvalidRequest(
            "what is left is bought out as a partner leaves, not ahead of it", field="standing.buy_out_bp"
        )


def standing_document(terms: StandingTerms) -> dict[str, Any]:
    """What a draft and the audit log say of a standing."""
    at = terms.standing
    return {
        "buy_out_bp": terms.buy_out_bp,
        "partner_id": to_text("ptr", terms.partner_id),
        "reason": terms.reason,
        "returns_until": _written(at.returns_until_us),
        "run_off_until": _written(at.run_off_until_us),
        "standing": at.kind.value,
        "valid_from": from_micros(at.valid_from_us).isoformat(),
    }


def parse_standing(body: bytes) -> StandingTerms:
    """Reads the body of a draft of a standing. Raises Fault for one that `standing_document` has not made."""
    return parse_body(STANDING_KIND, body, _standing, standing_document)


def _standing(said: Mapping[str, Any]) -> StandingTerms:
    standing = PartnerStanding(
        StandingKind(said["standing"]),
        to_micros(datetime.fromisoformat(said["valid_from"])),
        _read(said["run_off_until"]),
        _read(said["returns_until"]),
    )
    rate = said["buy_out_bp"]
    return StandingTerms(
        from_text("ptr", said["partner_id"]),
        standing,
        said["reason"],
        whole(rate) if rate is not None else None,
    ).checked()


def _in_order(at: PartnerStanding) -> None:
    if not at.valid_from_us <= at.run_off_until_us <= at.returns_until_us:
        raise InvalidRequest(
            "a partner leaves first, then its run-off ends, then its return window, or at the same times",
            field="standing.run_off_until_us",
        )


def _written(time_us: int) -> str | None:
    return from_micros(time_us).isoformat() if time_us else None


def _read(said: str | None) -> int:
    return to_micros(datetime.fromisoformat(said)) if said is not None else 0
