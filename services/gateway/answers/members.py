"""Members."""

from __future__ import annotations

from typing import Any

from services.gateway.answers.moments import instant
from services.gateway.directory.aliases import MemberAliases
from services.gateway.domain.caller import Caller
from services.gateway.domain.members import Member, MemberMatch


def member_answer(aliases: MemberAliases, caller: Caller, member: Member) -> dict[str, Any]:
    """A member as the caller may see it, of schemas.members.Member."""
    own = member.enrolled_by == caller.partner.partner_id
    personal = member.personal
    return {
        "object": "member",
        "id": aliases.alias(caller.partner.partner_id, member.member_id),
        "status": member.status.value,
        "cards": list(member.cards),
        "card_endings": list(member.card_endings),
        "customer_id": member.customer_id or None,
        "enrolled_by_you": own,
        "anonymous": member.anonymous,
        "works_for_you": member.employed_by_caller,
        "enrolled_at": instant(member.enrolled_at_us),
        "personal": {
            "given_name": personal.given_name or None,
            "family_name": personal.family_name or None,
            "email": personal.email or None,
            "phone": personal.phone or None,
            "birth_date": personal.birth_date or None,
            "language": personal.language or None,
        }
        if own
        else None,
    }


def match_answer(aliases: MemberAliases, caller: Caller, match: MemberMatch) -> dict[str, Any]:
    """A member that was looked up, of schemas.members.MemberMatch."""
    return {
        "object": "member_match",
        "id": aliases.alias(caller.partner.partner_id, match.member_id),
        "status": match.status.value,
        "anonymous": match.anonymous,
        "card_endings": list(match.card_endings),
        "initials": match.initials or None,
        "customer_id": match.customer_id or None,
        "enrolled_by_you": match.enrolled_by_caller,
    }
