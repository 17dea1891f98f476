"""Who identifiers name: the gateway's way from a scanned card to a member."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from coalition.type.v1.reason_pb2 import Reason

from services.members.domain import access
from services.members.domain.identifiers import GivenIdentifier, read_identifier
from services.members.domain.member import Standing
from services.members.queries.batch import check_batch
from services.members.storage.lookup_hash import LookupHash
from services.members.storage.member_index import FoundMember, MemberIndex
from services.runtime.errors import CoalitionError, InvalidRequest, NotFound
from services.runtime.principal import Principal

_UNKNOWN: Final = NotFound("no member has this identifier", Reason.REASON_MEMBER_UNKNOWN)


class Lookup:
    """Resolves up to 1,000 identifiers with one query."""

    def __init__(self, index: MemberIndex, lookup: LookupHash) -> None:
        self._index, self._lookup = index, lookup

    async def __call__(
        self, principal: Principal, identifiers: Sequence[GivenIdentifier]
    ) -> list[Standing | CoalitionError]:
        """A standing or an error for each, in the order asked; an error never spoils its neighbours.

        Errors in place: MEMBER_UNKNOWN, CARD_NUMBER_INVALID, INVALID_REQUEST. A customer number is looked
        for among the caller's own. Raises PermissionDenied; InvalidRequest for none, and with
        BATCH_TOO_LARGE for more than 1,000; Unavailable.
        """
        access.require(principal, access.READ)
        check_batch("identifiers", len(identifiers))
        ledger_id = principal.in_programme().ledger_id
        partner_id = access.partner_of(principal)
        keys: list[bytes | CoalitionError] = []
        for given in identifiers:
            try:
                keys.append(self._lookup.of(ledger_id, read_identifier(given, partner_id)))
            except InvalidRequest as error:
                keys.append(error)
        hashes = [key for key in keys if isinstance(key, bytes)]
        if not hashes:
            return [key for key in keys if isinstance(key, CoalitionError)]
        found = await self._index.find(ledger_id, hashes)
        answers: list[Standing | CoalitionError] = []
        for key in keys:
            if isinstance(key, bytes):
                member = found.get(key)
                answers.append(_standing(member) if member else _UNKNOWN)
            else:
                answers.append(key)
        return answers


def _standing(member: FoundMember) -> Standing:
    return Standing(member.member_id, member.status, language=member.language)
