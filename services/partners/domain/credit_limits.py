"""Credit limits: how far a partner may owe, as terms. What follows for a sale is computed elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from services.partners.domain.drafts import Person, body_of, parse_body, whole
from services.runtime.errors import InvalidRequest
from services.runtime.ids import from_text, to_text

AMOUNT_MINOR_MAX: Final = 10**15
WARNING_PERCENT: Final = 80
KIND: Final = "credit_limit"


class OnLimit(StrEnum):
    """What becomes of an earn beyond the limit."""

    REFUSE = "refuse"
    PARK = "park"


@dataclass(frozen=True, slots=True)
class CreditLimit:
    """Terms of a partner. Minor units of the programme's currency; `limit_minor` None: without limit.

    `prefunded_minor`: what is guaranteed elsewhere, by a bank, say. What was paid ahead is in the account `prepaid`, and counts
    by itself.
    """

    partner_id: UUID
    limit_minor: int | None
    prefunded_minor: int
    on_limit: OnLimit
    warning_percent: int

    def checked(self) -> CreditLimit:
        """The same terms. Raises InvalidRequest where one is out of its range."""
        for field in ("limit_minor", "prefunded_minor"):
            if not 0 <= (getattr(self, field) or 0) <= AMOUNT_MINOR_MAX:
                raise InvalidRequest(f"an amount is 0 to {AMOUNT_MINOR_MAX:,} minor units", field=field)
        if not 1 <= self.warning_percent <= 100:
            raise InvalidRequest("a warning is given at 1 to 100 per cent", field="warning_percent")
        return self

    def document(self) -> dict[str, Any]:
        """What a draft and the audit log say of it."""
        return {
            "limit_minor": self.limit_minor,
            "on_limit": self.on_limit.value,
            "partner_id": to_text("ptr", self.partner_id),
            "prefunded_minor": self.prefunded_minor,
            "warning_percent": self.warning_percent,
        }

    def body(self) -> bytes:
        """The canonical body of a draft."""
        return body_of(self.document())

    @staticmethod
    def parse(body: bytes) -> CreditLimit:
        """Reads the body of a draft. Raises Fault for one that `body` has not made: nobody else makes any."""
        return parse_body(KIND, body, _read, CreditLimit.document)


def _read(said: Mapping[str, Any]) -> CreditLimit:
    return CreditLimit(
        from_text("ptr", said["partner_id"]),
        None if said["limit_minor"] is None else whole(said["limit_minor"]),
        whole(said["prefunded_minor"]),
        OnLimit(said["on_limit"]),
        whole(said["warning_percent"]),
    ).checked()


@dataclass(frozen=True, slots=True)
class CreditLimitVersion:
    """Terms in the books: version from 1 per partner, known from a programme time in microseconds."""

    limit: CreditLimit
    version: int
    known_from_us: int
    draft_id: UUID
    set_by: Person
    approved_by: Person
