"""Dispute terms: how many days evidence, a decision and an escalation take, as dated versions of a programme."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from services.partners.domain.contract_drafts import micros_of
from services.partners.domain.drafts import parse_body, whole
from services.partners.domain.netting import OPERATOR
from services.partners.domain.rates import TIME_US_MAX
from services.runtime.clock import from_micros
from services.runtime.errors import InvalidRequest

KIND: Final = "dispute_terms"
DAYS_MAX: Final = 366
VERSIONS_MAX: Final = 1_000
_DAYS: Final = ("evidence_days", "decision_days", "escalation_days")


@dataclass(frozen=True, slots=True)
class DisputeTerms:
    """What holds for disputes that are opened from a programme time on (microseconds), until a higher version's time.

    `evidence_days`: how long a partner has for evidence that it is asked for; `decision_days`: how long the operator has for each
    decision; `escalation_days`: how long a partner has to escalate one. All 1 to 366 days of 24 hours.
    """

    valid_from_us: int = 0
    evidence_days: int = 14
    decision_days: int = 30
    escalation_days: int = 14

    @property
    def partner_id(self) -> UUID:
        """The operator's place where a party is named by id: they are the programme's."""
        return OPERATOR

    def checked(self) -> DisputeTerms:
        """The same terms. Raises InvalidRequest where a figure is out of its range."""
        if not 0 <= self.valid_from_us <= TIME_US_MAX:
            raise InvalidRequest("a time lies between 1970 and 2200", field="valid_from_us")
        for name in _DAYS:
            if not 1 <= getattr(self, name) <= DAYS_MAX:
                raise InvalidRequest(f"1 to {DAYS_MAX} days", field=name)
        return self


@dataclass(frozen=True, slots=True)
class DisputeTermsVersion:
    """Terms in the books: version from 1 a programme. `draft_id`: what two people made it by; None: set by one."""

    terms: DisputeTerms
    version: int
    draft_id: UUID | None = None


#: What holds where nothing was set.
WITHOUT_SAYING: Final = DisputeTerms()


def terms_at(versions: Iterable[DisputeTermsVersion], at_us: int) -> DisputeTerms:
    """What holds for a dispute that is opened at a time: the highest version that is valid by then, or what goes without saying."""
    valid = (each for each in versions if each.terms.valid_from_us <= at_us)
    found = max(valid, key=lambda each: each.version, default=None)
    return found.terms if found else WITHOUT_SAYING


def terms_document(terms: DisputeTerms) -> dict[str, Any]:
    """What a draft and the audit log say of terms."""
    return {
        "decision_days": terms.decision_days,
        "escalation_days": terms.escalation_days,
        "evidence_days": terms.evidence_days,
        "valid_from": from_micros(terms.valid_from_us).isoformat(),
    }


def parse_terms(body: bytes) -> DisputeTerms:
    """Reads the body of a draft. Raises Fault for one that `terms_document` has not made: nobody else makes any."""
    return parse_body(KIND, body, _terms, terms_document)


def _terms(said: Mapping[str, Any]) -> DisputeTerms:
    days = (whole(said[name]) for name in _DAYS)
    return DisputeTerms(micros_of(said["valid_from"]), *days).checked()
