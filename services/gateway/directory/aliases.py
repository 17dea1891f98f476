"""A partner's own names for members.

Two partners that compare their lists must not find that they share a member, so each sees members under
ids of its own: the member's UUID enciphered as one AES-256 block with a key derived for the partner. A
permutation needs no table, and only this gateway's secret turns it back.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from services.runtime.errors import NotFound
from services.runtime.ids import MalformedId, from_text, to_text
from services.runtime.secrets import derive

PREFIX: Final = "mem"
_PARTNERS_MAX: Final = 1_000


class MemberAliases:
    """Turns member ids into a partner's aliases and back."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._ciphers: OrderedDict[UUID, tuple[CipherContext, CipherContext]] = OrderedDict()

    def alias(self, partner_id: UUID, member_id: UUID) -> str:
        """The `mem_…` under which the partner knows the member."""
        encrypt, _ = self._cipher(partner_id)
        return to_text(PREFIX, UUID(bytes=encrypt.update(member_id.bytes)))

    def member_id(self, partner_id: UUID, alias: str) -> UUID:
        """The member that a partner's alias stands for. Raises NotFound where the text cannot be one."""
        try:
            block = from_text(PREFIX, alias).bytes
        except MalformedId:
            raise NotFound("there is no such member") from None
        _, decrypt = self._cipher(partner_id)
        return UUID(bytes=decrypt.update(block))

    def _cipher(self, partner_id: UUID) -> tuple[CipherContext, CipherContext]:
        pair = self._ciphers.get(partner_id)
        if pair is None:
            key = derive(self._secret, f"member alias of {partner_id}")
            # One block has nothing to chain: here ECB is the plain block cipher, and a context that is never
            # finalised may encipher block after block.
            cipher = Cipher(AES(key), ECB())  # noqa: S305
            pair = (cipher.encryptor(), cipher.decryptor())
            self._ciphers[partner_id] = pair
            if len(self._ciphers) > _PARTNERS_MAX:
                self._ciphers.popitem(last=False)
        return pair
