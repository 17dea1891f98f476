"""Files for the bank: credit transfers (pain.001) and direct debits (pain.008) of ISO 20022.

sepaxml writes and validates them; what it makes up (ids, the time) is put in its place, so that the same instructions give the
same bytes. A file has one part (`PmtInf`): payments of one kind, for one day, under one scheme and sequence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, cast
from xml.etree.ElementTree import SubElement, tostring

from defusedxml.ElementTree import fromstring
from sepaxml import SepaDD, SepaTransfer, validation

from services.partners.domain.payments.accounts import Address, BankAccount, OperatorAccount
from services.partners.domain.payments.instructions import CURRENCY, Direction, Instruction
from services.partners.domain.payments.sepa_text import (
    NAME_CHARACTERS_MAX,
    REMITTANCE_CHARACTERS_MAX,
    read_reference,
    sepa_text,
)
from services.runtime.clock import from_micros
from services.runtime.errors import Fault, InvalidRequest

CREDIT_TRANSFERS: Final = "pain.001.001.09"
DIRECT_DEBITS: Final = "pain.008.001.08"
#: Some banks take no more in a file.
PAYMENTS_A_FILE: Final = 5_000
#: Room for a hyphen and the number of the file.
MESSAGE_ID_CHARACTERS_MAX: Final = 29
_NOT_PROVIDED: Final = "NOTPROVIDED"
_NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:"


@dataclass(frozen=True, slots=True)
class PaymentFile:
    """A file for the bank. `kind`: pain.001.001.09 or pain.008.001.08; `xml`: UTF-8, validated."""

    message_id: str
    kind: str
    instructions: tuple[Instruction, ...]
    xml: bytes

    @property
    def total_minor(self) -> int:
        """What its payments sum to."""
        return sum(each.amount_minor for each in self.instructions)


def payment_files(
    own: OperatorAccount,
    instructions: Iterable[Instruction],
    message_id: str,
    created_at_us: int,
    at_most: int = PAYMENTS_A_FILE,
) -> tuple[PaymentFile, ...]:
    """The files that tell the bank of payments, in a fixed order; their message ids are `message_id`, a hyphen and 1, 2, ….

    `message_id`: up to 29 characters, never used before: a bank refuses a file whose id it knows. Same arguments, same bytes.
    Raises InvalidRequest for what no bank would take (Instruction.checked), an end-to-end id used twice, or direct debits without
    the operator's creditor identifier.
    """
    read_reference(message_id, "message_id")
    if len(message_id) > MESSAGE_ID_CHARACTERS_MAX:
        raise InvalidRequest(f"up to {MESSAGE_ID_CHARACTERS_MAX} characters", field="message_id")
    wanted = sorted(
        (each.checked() for each in instructions), key=lambda each: (_kind(each), each.end_to_end_id)
    )
    ids = {each.end_to_end_id.upper() for each in wanted}
    if len(ids) < len(wanted):
        raise InvalidRequest("two payments have the same end-to-end id", field="end_to_end_id")
    parts = (list(part) for _, part in groupby(wanted, _kind))
    pieces = [tuple(piece) for part in parts for piece in _split(part, at_most)]
    return tuple(
        _file(own, piece, f"{message_id}-{number}", created_at_us)
        for number, piece in enumerate(pieces, start=1)
    )


def _kind(instruction: Instruction) -> tuple[str, ...]:
    mandate, sequence = instruction.mandate, instruction.sequence
    under = (mandate.scheme.value, sequence.value) if mandate and sequence else ("", "")
    return (instruction.direction.value, instruction.on.isoformat(), *under)


def _split(part: list[Instruction], at_most: int) -> Iterator[list[Instruction]]:
    for start in range(0, len(part), at_most):
        yield part[start : start + at_most]


def _file(
    own: OperatorAccount, instructions: tuple[Instruction, ...], message_id: str, created_at_us: int
) -> PaymentFile:
    collects = instructions[0].direction is Direction.COLLECT
    kind, write = (DIRECT_DEBITS, _debits) if collects else (CREDIT_TRANSFERS, _transfers)
    xml = _settled(write(own, instructions), kind, message_id, created_at_us)
    try:
        validation.try_valid_xml(xml, kind)
    except validation.ValidationError as error:
        raise Fault(f"the file {message_id} is not valid by the schema {kind}") from error
    return PaymentFile(message_id, kind, instructions, xml)


def _transfers(own: OperatorAccount, instructions: tuple[Instruction, ...]) -> bytes:
    maker = SepaTransfer(
        _party(own.account) | {"batch": True, "currency": CURRENCY}, CREDIT_TRANSFERS, clean=False
    )
    for each in instructions:
        maker.add_payment(_payment(each) | {"execution_date": each.on})
    return cast("bytes", maker.export(validate=False))


def _debits(own: OperatorAccount, instructions: tuple[Instruction, ...]) -> bytes:
    if not own.creditor_id:
        raise InvalidRequest("direct debits take the operator's creditor identifier", field="creditor_id")
    first = instructions[0].mandate
    config = _party(own.account) | {
        "batch": True,
        "currency": CURRENCY,
        "creditor_id": own.creditor_id,
        "instrument": first.scheme.value if first else "",
    }
    maker = SepaDD(config, DIRECT_DEBITS, clean=False)
    for each in instructions:
        under = {
            "type": each.sequence.value if each.sequence else "",
            "collection_date": each.on,
            "mandate_id": each.mandate.mandate_id if each.mandate else "",
            "mandate_date": each.mandate.signed_on if each.mandate else None,
        }
        maker.add_payment(_payment(each) | under)
    return cast("bytes", maker.export(validate=False))


def _party(account: BankAccount) -> dict[str, Any]:
    said: dict[str, Any] = {
        "name": sepa_text(account.holder, NAME_CHARACTERS_MAX) or _NOT_PROVIDED,
        "IBAN": account.iban,
        "address": _address(account.address),
    }
    return said | ({"BIC": account.bic} if account.bic else {})


def _address(address: Address) -> dict[str, str]:
    return {
        "street_name": sepa_text(address.street, NAME_CHARACTERS_MAX),
        "postcode": sepa_text(address.postcode, 16),
        "town": sepa_text(address.town, 35),
        "country": address.country,
    }


def _payment(instruction: Instruction) -> dict[str, Any]:
    return _party(instruction.account) | {
        "amount": instruction.amount_minor,
        "endtoend_id": instruction.end_to_end_id,
        "description": sepa_text(instruction.remittance, REMITTANCE_CHARACTERS_MAX) or _NOT_PROVIDED,
    }


def _settled(xml: bytes, kind: str, message_id: str, created_at_us: int) -> bytes:
    """The file with our ids and time; and each payment is to be booked by itself, so that it can be matched by itself."""
    root = fromstring(xml, forbid_dtd=True)
    prefix = f"{{{_NAMESPACE}{kind}}}"
    for element in root.iter():
        element.tag = element.tag.removeprefix(prefix)
    texts = {
        "MsgId": message_id,
        "PmtInfId": message_id,
        "CreDtTm": from_micros(created_at_us).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "BtchBookg": "false",
    }
    for element in root.iter():
        if element.tag in texts:
            element.text = texts[element.tag]
        elif element.tag == "FinInstnId" and len(element) == 0:
            # A bank that is not named has to be said not to be.
            SubElement(SubElement(element, "Othr"), "Id").text = _NOT_PROVIDED
    root.set("xmlns", f"{_NAMESPACE}{kind}")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, "us-ascii")
