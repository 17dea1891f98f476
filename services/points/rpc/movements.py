"""Reads movements off the wire and checks all that needs no lock."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import date
from typing import Final
from uuid import UUID

from coalition.points.v1 import movement_pb2 as pb
from coalition.points.v1 import points_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.accounts import PROGRAMME
from services.points.domain.answers import TurnedAway
from services.points.domain.burning import Basket
from services.points.domain.movements import (
    Capture,
    Earn,
    Hold,
    Keeping,
    Movement,
    Purchase,
    Receipt,
    Redemption,
    Refund,
    Reversal,
    Void,
)
from services.points.rpc.authorities import read_authority
from services.points.rpc.metadata import read_metadata
from services.points.rpc.reading import KEY_CHARACTERS_MAX, POINTS_MAX, REFERENCE_CHARACTERS_MAX
from services.points.rpc.reading import UUID_BYTES as _UUID_BYTES
from services.points.rpc.reading import Unreadable as _Invalid
from services.points.rpc.reading import check_text as _check_text
from services.points.rpc.reading import invalid as _invalid
from services.points.rpc.reading import traceparent as _traceparent
from services.points.rpc.sale_lines import (
    AMOUNT_MINOR_MAX,
    TEXT_CHARACTERS_MAX,
    paid_in_points,
    read_lines,
    read_tenders,
)
from services.points.rpc.wallet_movements import STAFF_ROLES, read_of_staff, read_transfer
from services.points.rpc.wallet_movements import Asked as _OfWallets
from services.runtime.ids import from_bytes
from services.runtime.principal import Principal

HOLD_SECONDS: Final = 900
HOLD_SECONDS_MAX: Final = 7 * 86_400
_OF_HOLDS: Final = frozenset({"hold", "capture", "void"})
_CHANNELS: Final = frozenset({"store", "web", "app", "phone", "other"})
_ENTRY_MODES: Final = frozenset({"", "scanned", "swiped", "typed", "app", "on_file"})
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_Asked = (
    pb.Earn | pb.Redemption | pb.Hold | pb.Capture | pb.Void | pb.Refund | pb.Reversal | points_pb2.LoadBudgetRequest
    | _OfWallets
)  # fmt: skip


class MovementReader:
    """Turns items into movements; one that cannot be read becomes the answer that says why."""

    def __init__(self, hash_key: bytes) -> None:
        # BLAKE2's own key makes it a MAC: references and card numbers are guessable, their hash is not.
        self._hash_key = hash_key

    def read(
        self, item: pb.Item, principal: Principal, currency: str, deadline_us: int
    ) -> Movement | TurnedAway:
        """The movement of an item, asked for by a principal. `deadline_us` is the call's, wall clock."""
        movement = self._read(item, principal, currency, deadline_us)
        if not item.metadata or isinstance(movement, TurnedAway):
            return movement
        try:
            return self._with_metadata(movement, item)
        except _Invalid as invalid:
            return invalid.answer._replace(linked=item.linked)

    def _with_metadata(self, movement: Movement, item: pb.Item) -> Movement:
        """With what the partner keeps with it, which is part of what is asked for under the key."""
        if not isinstance(movement, Keeping):
            raise _invalid("metadata", "nothing is kept with such a movement")
        metadata_json = read_metadata(item.metadata)
        content = movement.content_hash + metadata_json.encode()
        content_hash = hashlib.blake2b(
            content, key=self._hash_key, digest_size=16, person=b"metadata"
        ).digest()
        return movement._replace(content_hash=content_hash, metadata_json=metadata_json)

    def _read(
        self, item: pb.Item, principal: Principal, currency: str, deadline_us: int
    ) -> Movement | TurnedAway:
        try:
            kind = item.WhichOneof("movement")
            item_deadline_us = item.deadline_us or deadline_us
            if kind in STAFF_ROLES:
                _check_text("key", item.key, KEY_CHARACTERS_MAX)
                return read_of_staff(item, kind, principal, item_deadline_us, self._hasher(item))
            partner_id = principal.partner_id
            if partner_id is None:
                raise _Invalid("principal", "only a partner moves points", Reason.REASON_PERMISSION_DENIED)
            _check_text("key", item.key, KEY_CHARACTERS_MAX)
            partner = from_bytes(partner_id.bytes)
            if kind == "earn":
                _check_grant(principal, "points:earn")
                return self.earn(item, item.earn, partner, currency, item_deadline_us)
            if kind == "redemption":
                _check_grant(principal, "points:redeem")
                return self._redemption(item, item.redemption, partner, currency, item_deadline_us)
            if kind in _OF_HOLDS:
                _check_grant(principal, "points:redeem")
                return self._of_hold(item, kind, partner, currency, item_deadline_us)
            if kind == "refund":
                _check_grant(principal, "points:earn")
                _check_grant(principal, "points:redeem")
                return self.refund(item, item.refund, partner, currency, item_deadline_us)
            if kind == "reversal":
                _check_grant(principal, "points:earn")
                _check_grant(principal, "points:redeem")
                return self._reversal(item, item.reversal, partner, item_deadline_us)
            if kind == "transfer":
                _check_grant(principal, "points:transfer")
                return read_transfer(item, partner, item_deadline_us, self._hasher(item))
            raise _invalid("movement", "nothing is asked for")
        except _Invalid as invalid:
            return invalid.answer._replace(linked=item.linked)

    def _reversal(self, item: pb.Item, asked: pb.Reversal, partner: UUID, deadline_us: int) -> Reversal:
        _check_text("key", asked.key, KEY_CHARACTERS_MAX)
        if asked.key == item.key:
            raise _invalid("key", "an item does not reverse itself")
        if asked.occurred_at_us < 0:
            raise _invalid("occurred_at", "not a time")
        return Reversal(
            item.key, partner, self._hash(b"reversal", asked, item.linked), asked.occurred_at_us, asked.key,
            _traceparent(item), deadline_us, linked=item.linked,
        )  # fmt: skip

    def refund(
        self, item: pb.Item, refund: pb.Refund, partner: UUID, currency: str, deadline_us: int
    ) -> Refund:
        """The refund of an item, whoever may ask for it. Raises Unreadable."""
        _check_text("reference", refund.reference, REFERENCE_CHARACTERS_MAX)
        if refund.occurred_at_us <= 0:
            raise _invalid("occurred_at", "a time is needed")
        _check_channel(refund.channel)
        original_id = None
        if refund.original_id:
            if len(refund.original_id) != _UUID_BYTES or refund.original_reference:
                raise _invalid("original", "one id, or one reference")
            original_id = from_bytes(refund.original_id)
        else:
            _check_text("original", refund.original_reference, REFERENCE_CHARACTERS_MAX)
        if not 0 <= refund.amount_minor <= AMOUNT_MINOR_MAX:
            raise _invalid("amount", f"0 to {AMOUNT_MINOR_MAX} minor units")
        if not 0 <= refund.points <= POINTS_MAX:
            raise _invalid("points", f"0 to {POINTS_MAX}")
        _check_currency(refund.currency, currency)
        if refund.lines and not refund.amount_minor:
            # It would stand for all that is left.
            raise _invalid("amount", "what the lines sum to is needed")
        lines = read_lines(refund.lines, refund.amount_minor)
        store_id, told = _receipt(refund.receipt), refund.receipt
        receipt = Receipt(store_id, told.till, told.business_date, told.number, refund.channel, lines)
        # What it refunds, and whose it is, is looked up before it comes to the door.
        return Refund(
            item.key, partner, PROGRAMME, refund.reference, self._hash(b"refund", refund, item.linked),
            refund.occurred_at_us, original_id, refund.original_reference, refund.amount_minor, refund.points, receipt,
            _traceparent(item), deadline_us, linked=item.linked,
        )  # fmt: skip

    def _of_hold(
        self, item: pb.Item, kind: str, partner: UUID, currency: str, deadline_us: int
    ) -> Hold | Capture | Void:
        if kind == "hold":
            return self._hold(item, item.hold, partner, currency, deadline_us)
        asked = item.capture if kind == "capture" else item.void
        hold_id = _hold_id(asked.hold_id)
        if asked.occurred_at_us <= 0:
            raise _invalid("occurred_at", "a time is needed")
        content_hash, trace = self._hash(kind.encode(), asked, item.linked), _traceparent(item)
        # Whose hold it is, and where in the journal, is looked up before it comes to the door.
        if isinstance(asked, pb.Void):
            return Void(
                item.key, partner, PROGRAMME, hold_id, 0, content_hash, asked.occurred_at_us, trace, deadline_us,
                linked=item.linked,
            )  # fmt: skip
        _check_channel(asked.channel)
        if not 0 <= asked.points <= POINTS_MAX:
            raise _invalid("points", f"0 to {POINTS_MAX}")
        return Capture(
            item.key, partner, PROGRAMME, hold_id, 0, content_hash, asked.occurred_at_us, asked.points,
            _receipt(asked.receipt), asked.channel, trace, deadline_us, linked=item.linked,
        )  # fmt: skip

    def _hold(self, item: pb.Item, hold: pb.Hold, partner: UUID, currency: str, deadline_us: int) -> Hold:
        member_id = _named(hold.member_id, hold.reference, hold.occurred_at_us)
        if hold.money_minor:
            if hold.points:
                raise _invalid("points", "either points or money")
            if not 1 <= hold.money_minor <= AMOUNT_MINOR_MAX:
                raise _invalid("money", f"1 to {AMOUNT_MINOR_MAX} minor units")
            _check_currency(hold.currency, currency)
        elif not 1 <= hold.points <= POINTS_MAX:
            raise _invalid("points", f"1 to {POINTS_MAX}")
        if not 0 <= hold.seconds <= HOLD_SECONDS_MAX:
            raise _invalid("seconds", f"1 to {HOLD_SECONDS_MAX}")
        return Hold(
            item.key, partner, member_id, hold.reference, self._hash(b"hold", hold, item.linked),
            hold.occurred_at_us, hold.points, hold.seconds or HOLD_SECONDS, _traceparent(item), deadline_us,
            linked=item.linked, basket=_basket(hold.basket, currency) if hold.HasField("basket") else None,
            authority=read_authority(hold.authority, hold.receipt, _receipt(hold.receipt)), money_minor=hold.money_minor,
        )  # fmt: skip

    def content_hash(self, kind: bytes, asked: points_pb2.LoadBudgetRequest) -> bytes:
        """The keyed hash of something else that is asked for under a key, without that key."""
        return self._hash(kind, asked, linked=False)

    def _hasher(self, item: pb.Item) -> Callable[[bytes, _OfWallets], bytes]:
        return lambda kind, asked: self._hash(kind, asked, item.linked)

    def _hash(self, kind: bytes, asked: _Asked, linked: bool) -> bytes:
        content = asked.SerializeToString(deterministic=True)
        if linked:
            # A sale with a burn is another one than the same sale without.
            content += b"linked"
        return hashlib.blake2b(content, key=self._hash_key, digest_size=16, person=kind).digest()

    def earn(self, item: pb.Item, earn: pb.Earn, partner: UUID, currency: str, deadline_us: int) -> Earn:
        """The earn of an item, whoever may ask for it. Raises Unreadable."""
        sale = earn.sale
        # (In exchange for the goods of another sale: that one's member.)
        of_refund = earn.in_exchange and not earn.member_id
        member_id, occurred_at_us = _common(
            PROGRAMME.bytes if of_refund else earn.member_id,
            earn.reference,
            sale.occurred_at_us,
            sale.channel,
        )
        if sale.entry_mode not in _ENTRY_MODES:
            raise _invalid("entry_mode", f"one of {', '.join(sorted(_ENTRY_MODES - {''}))}")
        if not 0 <= sale.amount_minor <= AMOUNT_MINOR_MAX:
            raise _invalid("amount", f"0 to {AMOUNT_MINOR_MAX} minor units")
        _check_currency(sale.currency, currency)
        store_id = _receipt(sale.receipt)
        receipt = sale.receipt
        purchase = Purchase(
            store_id, receipt.till, receipt.business_date, receipt.number, sale.channel, sale.entry_mode,
            sale.amount_minor, read_lines(sale.lines, sale.amount_minor), read_tenders(sale.tenders), paid_in_points(sale),
        )  # fmt: skip
        return Earn(
            item.key, partner, member_id, earn.reference, self._hash(b"earn", earn, item.linked), occurred_at_us,
            purchase, _traceparent(item), deadline_us, linked=item.linked, in_exchange=earn.in_exchange,
        )  # fmt: skip

    def _redemption(
        self, item: pb.Item, redemption: pb.Redemption, partner: UUID, currency: str, deadline_us: int
    ) -> Redemption:
        member_id, occurred_at_us = _common(
            redemption.member_id, redemption.reference, redemption.occurred_at_us, redemption.channel
        )
        if not 1 <= redemption.points <= POINTS_MAX:
            raise _invalid("points", f"1 to {POINTS_MAX}")
        store_id = _receipt(redemption.receipt)
        return Redemption(
            item.key, partner, member_id, redemption.reference, self._hash(b"redemption", redemption, item.linked),
            occurred_at_us, redemption.points, store_id, redemption.channel, _traceparent(item), deadline_us,
            linked=item.linked,
            basket=_basket(redemption.basket, currency) if redemption.HasField("basket") else None,
            authority=read_authority(redemption.authority, redemption.receipt, store_id),
        )  # fmt: skip


def _basket(asked: pb.Basket, currency: str) -> Basket:
    try:
        if not 0 <= asked.amount_minor <= AMOUNT_MINOR_MAX:
            raise _invalid("amount", f"0 to {AMOUNT_MINOR_MAX} minor units")
        _check_currency(asked.currency, currency)
        return Basket(
            asked.amount_minor, read_lines(asked.lines, asked.amount_minor), read_tenders(asked.tenders)
        )
    except _Invalid as invalid:
        raise invalid.within("basket") from None


def _check_grant(principal: Principal, grant: str) -> None:
    if grant not in principal.grants:
        raise _Invalid("principal", f"this needs {grant}", Reason.REASON_PERMISSION_DENIED, needed=grant)


def _check_currency(asked: str, currency: str) -> None:
    if asked != currency:
        raise _Invalid(
            "currency", f"this programme settles in {currency}", Reason.REASON_CURRENCY_UNSUPPORTED,
            currency=asked, expected=currency,
        )  # fmt: skip


def _common(member_id: bytes, reference: str, occurred_at_us: int, channel: str) -> tuple[UUID, int]:
    member = _named(member_id, reference, occurred_at_us)
    _check_channel(channel)
    return member, occurred_at_us


def _named(member_id: bytes, reference: str, occurred_at_us: int) -> UUID:
    if len(member_id) != _UUID_BYTES:
        raise _invalid("member", "not an id")
    _check_text("reference", reference, REFERENCE_CHARACTERS_MAX)
    if occurred_at_us <= 0:
        raise _invalid("occurred_at", "a time is needed")
    return from_bytes(member_id)


def _check_channel(channel: str) -> None:
    if channel not in _CHANNELS:
        raise _invalid("channel", f"one of {', '.join(sorted(_CHANNELS))}")


def _hold_id(value: bytes) -> UUID:
    if len(value) != _UUID_BYTES:
        raise _invalid("hold", "not an id")
    return from_bytes(value)


def _receipt(receipt: pb.Receipt) -> UUID | None:
    if len(receipt.till) > TEXT_CHARACTERS_MAX or not (receipt.till or " ").isprintable():
        raise _invalid("till", f"up to {TEXT_CHARACTERS_MAX} visible characters")
    if len(receipt.number) > TEXT_CHARACTERS_MAX or not (receipt.number or " ").isprintable():
        raise _invalid("number", f"up to {TEXT_CHARACTERS_MAX} visible characters")
    if receipt.business_date and not _is_date(receipt.business_date):
        raise _invalid("business_date", "YYYY-MM-DD")
    if not receipt.store_id:
        return None
    if len(receipt.store_id) != _UUID_BYTES:
        raise _invalid("store", "not an id")
    return from_bytes(receipt.store_id)


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
