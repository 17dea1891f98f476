"""What the operator does with tax data: who companies are on documents, and which rule each supply falls under."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence, Set
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from coalition.partners.v1 import approvals_pb2
from coalition.partners.v1 import tax_pb2 as pb

from services.operations.amounts import Unreadable, write_time
from services.operations.documents import Document, identity
from services.operations.session import Session
from services.runtime.principal import Programme

FILE_BYTES_MAX: Final = 65_536
_CATEGORIES: Final[Mapping[str, pb.TaxCategory.ValueType]] = {
    "S": pb.TAX_CATEGORY_STANDARD,
    "Z": pb.TAX_CATEGORY_ZERO,
    "E": pb.TAX_CATEGORY_EXEMPT,
    "AE": pb.TAX_CATEGORY_REVERSE_CHARGE,
    "G": pb.TAX_CATEGORY_EXPORT,
    "O": pb.TAX_CATEGORY_OUTSIDE,
}
_LETTERS: Final = {value: letter for letter, value in _CATEGORIES.items()}
_PARTY: Final = tuple(field.name for field in pb.DocumentParty.DESCRIPTOR.fields)
_SUPPLIES: Final = tuple(
    value.name.removeprefix("SUPPLY_").lower() for value in pb.Supply.DESCRIPTOR.values if value.number
)
_TAX_TABLES: Final = frozenset({"party", "rules", "self_billing"})
_BASIS_POINTS_PER_CENT: Final = 100
_BASIS_POINTS_MAX: Final = 10_000


async def tax_data_of(
    session: Session, programme: Programme, slug: str, entity: int, file: Path, from_us: int
) -> pb.TaxData:
    """Tax data of a partner's company as a file says it (see docs/tax.md). Raises Unreadable, PARTNER_UNKNOWN."""
    return await tax_data_from(session, programme, slug, entity, _read(file, _TAX_TABLES), from_us)


async def tax_data_from(
    session: Session, programme: Programme, slug: str, entity: int, said: Mapping[str, Any], from_us: int
) -> pb.TaxData:
    """Tax data of a partner's company, in the words of such a file. Raises Unreadable, PARTNER_UNKNOWN."""
    agreement = _table(said, "self_billing")
    return pb.TaxData(
        partner_id=await session.partner_id(programme, slug),
        legal_entity=entity,
        valid_from_us=from_us,
        party=_party_from(said),
        rules=_rules_from(_table(said, "rules")),
        self_billing=_agreement_from(agreement) if agreement else None,
    )


def operator_data_of(file: Path, from_us: int) -> pb.OperatorData:
    """The operator's data as a file says it. Raises Unreadable."""
    return operator_data_from(_read(file, {"party"}), from_us)


def operator_data_from(said: Mapping[str, Any], from_us: int) -> pb.OperatorData:
    """The operator's data, in the words of such a file. Raises Unreadable."""
    return pb.OperatorData(valid_from_us=from_us, party=_party_from(said))


async def set_tax_data(session: Session, programme: Programme, wanted: pb.TaxData) -> pb.TaxDataVersion:
    """Sets tax data, in a test programme. Raises what SetTaxData does."""
    request = pb.SetTaxDataRequest(data=wanted)
    return (await session.call(session.tax.SetTaxData, request, programme)).version


async def propose_tax_data(
    session: Session, programme: Programme, wanted: pb.TaxData, why: str
) -> approvals_pb2.Draft:
    """Drafts tax data. Raises what ProposeTaxData does."""
    request = pb.ProposeTaxDataRequest(data=wanted, why=why)
    return (await session.call(session.tax.ProposeTaxData, request, programme)).draft


async def list_tax_data(session: Session, programme: Programme, slug: str) -> Sequence[pb.TaxDataVersion]:
    """All versions of a partner's companies, by company, oldest first. Raises PARTNER_UNKNOWN."""
    request = pb.ListTaxDataRequest(partner_id=await session.partner_id(programme, slug))
    return (await session.call(session.tax.ListTaxData, request, programme)).versions


async def set_operator_data(
    session: Session, programme: Programme, wanted: pb.OperatorData
) -> pb.OperatorDataVersion:
    """Sets who the operator is, in a test programme. Raises what SetOperatorData does."""
    request = pb.SetOperatorDataRequest(data=wanted)
    return (await session.call(session.tax.SetOperatorData, request, programme)).version


async def propose_operator_data(
    session: Session, programme: Programme, wanted: pb.OperatorData, why: str
) -> approvals_pb2.Draft:
    """Drafts who the operator is. Raises what ProposeOperatorData does."""
    request = pb.ProposeOperatorDataRequest(data=wanted, why=why)
    return (await session.call(session.tax.ProposeOperatorData, request, programme)).draft


async def list_operator_data(session: Session, programme: Programme) -> Sequence[pb.OperatorDataVersion]:
    """All versions of who the operator is, oldest first."""
    answer = await session.call(session.tax.ListOperatorData, pb.ListOperatorDataRequest(), programme)
    return answer.versions


def tax_document(version: pb.TaxDataVersion, zone: str) -> Document:
    """A version of tax data, in the words of the file."""
    data = version.data
    agreement = data.self_billing
    return {
        "company": data.legal_entity,
        "version": version.version,
        "valid_from": write_time(data.valid_from_us, zone) or None,
        "party": _party_document(data.party),
        "rules": {
            pb.Supply.Name(rule.supply).removeprefix("SUPPLY_").lower(): {
                "category": _LETTERS[rule.category],
                "rate": rate_text(rule.rate_basis_points),
                "exemption_text": rule.exemption_text,
                "exemption_code": rule.exemption_code,
            }
            for rule in data.rules
        },
        "self_billing": {
            "reference": agreement.reference,
            "agreed_on": agreement.agreed_on,
            "objection_days": agreement.objection_days,
        }
        if data.HasField("self_billing")
        else None,
        "draft": identity("drf", version.draft_id) if version.draft_id else None,
    }


def operator_document(version: pb.OperatorDataVersion, zone: str) -> Document:
    """A version of who the operator is, in the words of the file."""
    return {
        "version": version.version,
        "valid_from": write_time(version.data.valid_from_us, zone) or None,
        "party": _party_document(version.data.party),
        "draft": identity("drf", version.draft_id) if version.draft_id else None,
    }


def rate_text(basis_points: int) -> str:
    """A rate in per cent: 20, 7.7."""
    whole, rest = divmod(basis_points, _BASIS_POINTS_PER_CENT)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".")


def _party_document(party: pb.DocumentParty) -> Document:
    return {name: getattr(party, name) for name in _PARTY}


def _read(file: Path, tables: Set[str]) -> Mapping[str, Any]:
    try:
        with file.open("rb") as opened:
            body = opened.read(FILE_BYTES_MAX + 1)
        if len(body) > FILE_BYTES_MAX:
            raise Unreadable(f"{file} has more than {FILE_BYTES_MAX:,} bytes")
        said = tomllib.loads(body.decode(), parse_float=Decimal)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Unreadable(f"{file} cannot be read as TOML: {error}") from error
    _known("the file", said, tables)
    return said


def _table(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = said.get(name, {})
    if not isinstance(found, dict):
        raise Unreadable(f"[{name}] is not a table")
    return found  # pyright: ignore[reportUnknownVariableType]


def _party_from(said: Mapping[str, Any]) -> pb.DocumentParty:
    party = _table(said, "party")
    _known("[party]", party, set(_PARTY))
    return pb.DocumentParty(**{name: _text("party", name, value) for name, value in party.items()})


def _rules_from(rules: Mapping[str, Any]) -> list[pb.TaxRule]:
    _known("[rules]", rules, set(_SUPPLIES))
    return [_rule_from(supply, _table(rules, supply)) for supply in rules]


def _rule_from(supply: str, rule: Mapping[str, Any]) -> pb.TaxRule:
    place = f"rules.{supply}"
    _known(f"[{place}]", rule, {"category", "rate", "exemption_text", "exemption_code"})
    category = _CATEGORIES.get(_text(place, "category", rule.get("category", "")))
    if category is None:
        raise Unreadable(f"[{place}] category is one of {', '.join(_CATEGORIES)}")
    return pb.TaxRule(
        supply=pb.Supply.Value(f"SUPPLY_{supply.upper()}"),
        category=category,
        rate_basis_points=_basis_points(place, rule.get("rate", 0)),
        exemption_text=_text(place, "exemption_text", rule.get("exemption_text", "")),
        exemption_code=_text(place, "exemption_code", rule.get("exemption_code", "")),
    )


def _basis_points(place: str, rate: object) -> int:
    if isinstance(rate, (int, Decimal)) and not isinstance(rate, bool) and Decimal(rate).is_finite():
        points = Decimal(rate) * _BASIS_POINTS_PER_CENT
        if 0 <= points <= _BASIS_POINTS_MAX and points == points.to_integral_value():
            return int(points)
    raise Unreadable(f"[{place}] rate is in per cent, 0 to 100 with up to two decimals, such as 20 or 7.7")


def _agreement_from(said: Mapping[str, Any]) -> pb.SelfBilling:
    _known("[self_billing]", said, {"reference", "agreed_on", "objection_days"})
    days = said.get("objection_days", 0)
    if type(days) is not int or not 1 <= days <= 366:
        raise Unreadable("[self_billing] objection_days is a whole number from 1 to 366")
    # TOML has dates of its own: 2016-12-01 without quotes is one.
    return pb.SelfBilling(
        reference=_text("self_billing", "reference", said.get("reference", "")),
        agreed_on=str(said.get("agreed_on", "")),
        objection_days=days,
    )


def _known(place: str, said: Mapping[str, Any], names: Set[str]) -> None:
    strange = sorted(set(said) - names)
    if strange:
        raise Unreadable(f"{place} has no {', '.join(strange)}; it may have {', '.join(sorted(names))}")


def _text(place: str, name: str, value: object) -> str:
    if not isinstance(value, str):
        raise Unreadable(f"[{place}] {name} is a text in quotes")
    return value
