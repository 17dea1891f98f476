"""What a message with a code says besides what all say: the code itself, asked of members right before it is sent and kept nowhere."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from services.notifications.clients.members import Contacts
from services.notifications.clients.programmes import Programmes
from services.notifications.domain.notices import Notice
from services.runtime.clock import MICROS_PER_SECOND, wall_now_us
from services.runtime.principal import Programme

_MINUTE_US: Final = 60 * MICROS_PER_SECOND


async def words_of_code(
    contacts: Contacts, programmes: Programmes, programme: Programme, notice: Notice
) -> dict[str, str]:
    """The words of a notice of that kind. Raises CoalitionError: NotFound where the code is over, Unavailable."""
    facts = notice.told.facts
    partner = await programmes.partner_name(programme, UUID(int=facts["partner_id"]))
    code = await contacts.code(programme, UUID(int=facts["code_id"]))
    # (Its time is that of the notice; to the nearest minute.)
    minutes = (notice.stale_at_us - wall_now_us() + _MINUTE_US // 2) // _MINUTE_US
    return {"code": code, "partner": partner, "minutes": str(max(1, minutes))}
