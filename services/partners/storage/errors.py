"""What the database's constraints mean to a caller."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy.exc import IntegrityError

from services.runtime.database import constraint_of
from services.runtime.errors import CoalitionError, Conflict, NotFound


def partner_unknown() -> CoalitionError:
    """No partner has this id or slug in the programme."""
    return NotFound("there is no such partner", Reason.REASON_PARTNER_UNKNOWN)


def programme_unknown() -> CoalitionError:
    """No programme has this ledger or slug."""
    return NotFound("there is no such programme", Reason.REASON_PROGRAMME_UNKNOWN)


def _taken(what: str) -> Callable[[], CoalitionError]:
    return lambda: Conflict(Reason.REASON_ALREADY_EXISTS, f"this {what} is in use already", field=what)


_MEANINGS: Final[dict[str, Callable[[], CoalitionError]]] = {
    "programme_slug_uq": _taken("slug"),
    "partner_slug_uq": _taken("slug"),
    "staff_name_uq": _taken("name"),
    "partner_programme_fk": programme_unknown,
    "store_partner_fk": partner_unknown,
    "api_key_partner_fk": partner_unknown,
    "rate_version_partner_fk": partner_unknown,
    "quota_version_partner_fk": partner_unknown,
    "api_version_pin_partner_fk": partner_unknown,
    "credit_limit_partner_fk": partner_unknown,
    "draft_programme_fk": programme_unknown,
    "billing_version_partner_fk": partner_unknown,
    "partner_role_version_partner_fk": partner_unknown,
    "payment_terms_version_partner_fk": partner_unknown,
    "operator_version_programme_fk": programme_unknown,
    "partner_standing_version_partner_fk": partner_unknown,
}


@contextmanager
def constraints_explained() -> Generator[None]:
    """Raises what a constraint means where a write inside runs into one that has a meaning."""
    try:
        yield
    except IntegrityError as error:
        meaning = _MEANINGS.get(constraint_of(error))
        if meaning is None:
            raise
        raise meaning() from error
