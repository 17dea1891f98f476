"""What members said to purposes. A row each time; the newest one of a purpose stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final
from uuid import UUID

from services.runtime.errors import InvalidRequest

#: Beyond so many a member gives no further consent; it withdraws all the same.
CONSENTS_MAX: Final = 1_000
# Kept in the clear, so nothing goes in that could be an address or a name in full.
_LABEL: Final = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
_LABEL_TEXT: Final = "1 to 64 letters, digits and . _ : / -"


class ConsentPurpose(Enum):
    """What a member consents to. The values are stored and told in events."""

    MARKETING = "marketing"


@dataclass(frozen=True, slots=True)
class Saying:
    """What a member says: `wording` is the version of the text that it was shown, `source` where it says so."""

    purpose: ConsentPurpose
    given: bool
    wording: str
    source: str


@dataclass(frozen=True, slots=True)
class Consent:
    """What a member said at a wall-clock time; `number` counts all that it said. `partner_id` passed it on (None: staff), as `actor`."""

    number: int
    receipt_id: UUID
    saying: Saying
    said_at_us: int
    partner_id: UUID | None
    actor: str

    def is_repeated_by(self, saying: Saying) -> bool:
        """Whether somebody who says this says nothing new: the same, and to a yes in the same wording."""
        mine = self.saying
        return (mine.purpose, mine.given) == (saying.purpose, saying.given) and (
            not mine.given or mine.wording == saying.wording
        )


def read_saying(purpose: ConsentPurpose | None, *, given: bool, wording: str, source: str) -> Saying:
    """What a member says. Raises InvalidRequest naming the field."""
    if purpose is None:
        raise InvalidRequest("a consent is to a purpose that is known", field="purpose")
    if (wording or given) and _LABEL.fullmatch(wording) is None:
        raise InvalidRequest(f"the version of the wording has {_LABEL_TEXT}", field="wording")
    if _LABEL.fullmatch(source) is None:
        raise InvalidRequest(f"a source has {_LABEL_TEXT}", field="source")
    return Saying(purpose, given, wording, source)
