"""Who is at the till, and what shows that a burn is the member's will. The one place that looks at it."""

from __future__ import annotations

import hmac
import re
import struct
from hashlib import sha256
from typing import Final, NamedTuple
from uuid import UUID

from services.gateway.clients.authority import Authorities
from services.gateway.directory.members import MemberDirectory
from services.gateway.domain.authority import Authority, AuthorityKind
from services.gateway.domain.caller import Caller
from services.gateway.domain.members import Place
from services.gateway.schemas.authority import Authorisation
from services.gateway.schemas.naming import MemberReference, PresentMember
from services.runtime.principal import Programme
from services.runtime.secrets import derive

_LEDGER: Final = struct.Struct(">h")
_INSTRUMENT_BYTES: Final = 16
_SEPARATORS: Final = str.maketrans("", "", " -")
# The number on a magnetic track without separators; whether the track is one was for the members service to say.
_TRACK_NUMBER: Final = re.compile(r"(?:%[Bb]|;)([0-9]+)[\^=]", re.ASCII)


class Shown(NamedTuple):
    """Who wants to burn, and what shows it."""

    member_id: UUID
    authority: Authority


class Instruments:
    """Names cards for guards that count by card, so that nobody learns their numbers: a keyed hash, another one in each programme."""

    def __init__(self, secret: bytes) -> None:
        self._key = derive(secret, "card instruments")

    def of(self, programme: Programme, reference: MemberReference) -> bytes:
        """The 16 bytes of the card that names a member; empty where another thing does.

        However it was read: what else a magnetic track says must not make another card of it.
        """
        if not reference.card:
            return b""
        card = reference.card.translate(_SEPARATORS)
        number = _TRACK_NUMBER.match(card)
        content = _LEDGER.pack(programme.ledger_id) + (number[1] if number else card).encode()
        return hmac.digest(self._key, content, sha256)[:_INSTRUMENT_BYTES]


class AtTheTill:
    """Finds members at tills. What a member shows is looked at once under a key, however often the till asks with it."""

    def __init__(self, members: MemberDirectory, authorities: Authorities, instruments: Instruments) -> None:
        self._members, self._authorities, self._instruments = members, authorities, instruments

    async def member(
        self, caller: Caller, key: str, reference: PresentMember, until_us: int, place: Place
    ) -> UUID:
        """The member that is named at a place, whose token of the app is used up where that names it.

        Raises as MemberDirectory.resolve, and CoalitionError (AUTHORISATION_INVALID).
        """
        if reference.app_token:
            used = await self._authorities.use_app_token(caller.token, reference.app_token, key)
            self._members.note_language(caller, used.member_id, used.language)
            self._members.speak_of(caller, used.member_id)
            return used.member_id
        return await self._members.resolve(caller, reference, until_us, place)

    async def burner(
        self,
        caller: Caller,
        key: str,
        reference: PresentMember,
        shown: Authorisation | None,
        until_us: int,
        place: Place,
    ) -> Shown:
        """As member, with what shows that it wants to burn. Raises CoalitionError (PIN_LOCKED, CODE_LIMITED) besides."""
        member_id = await self.member(caller, key, reference, until_us, place)
        if reference.app_token:
            return Shown(member_id, Authority(AuthorityKind.APP_TOKEN))
        kind = AuthorityKind.NONE
        if shown is not None and shown.pin is not None:
            await self._authorities.check_pin(caller.token, member_id, shown.pin, key)
            kind = AuthorityKind.PIN
        elif shown is not None and shown.code is not None:
            await self._authorities.check_code(caller.token, member_id, shown.code, key)
            kind = AuthorityKind.CODE
        elif shown is not None:
            kind = AuthorityKind.CARD
        return Shown(member_id, Authority(kind, self._instruments.of(caller.programme, reference)))

    def offline(self, caller: Caller, reference: MemberReference) -> Authority:
        """What a line of a batch shows: a till has taken it while nobody could look."""
        return Authority(AuthorityKind.OFFLINE, self._instruments.of(caller.programme, reference))
