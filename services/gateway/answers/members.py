"""Members."""

from __future__ import annotations

from typing import Any

from services.gateway.answers.moments import instant
from services.gateway.directory.aliases import MemberAliases
from services.gateway.domain.caller import Caller
from services.gateway.domain.members import Member


def member_answer(aliases: MemberAliases, caller: Caller, member: Member) -> dict[str, Any]:
    """A member as the caller may see it, of schemas.members.Member."""
    own = member.enrolled_by == caller.partner.partner_id
    personal = member.personal
    return {
        "object": "member",
        "id": aliases.alias(caller.partner.partner_id, member.member_id),
        "status": member.status.value,
        "cards": list(member.cards),
        "customer_id": member.customer_id or None,
        "enrolled_by_you": own,
        "enrolled_at": instant(member.enrolled_at_us),
        "personal": {
            "given_name": personal.given_name or None,
            "family_name": personal.family_name or None,
            "email": personal.email or None,
            "phone": personal.phone or None,
            "birth_date": personal.birth_date or None,
        }
        if own
        else None,
    }
