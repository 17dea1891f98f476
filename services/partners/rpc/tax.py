"""coalition.partners.v1.TaxService over the commands and queries of tax data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date
from typing import Final

from coalition.partners.v1 import tax_pb2 as pb
from coalition.partners.v1.tax_pb2_grpc import TaxServiceServicer

from services.partners.app import Partners
from services.partners.domain.documents.party import Party
from services.partners.domain.documents.tax import (
    Category,
    OperatorData,
    OperatorVersion,
    SelfBilling,
    Supply,
    TaxData,
    TaxRule,
    TaxVersion,
)
from services.partners.domain.legal_entities import FIRST_ENTITY
from services.partners.rpc.draft_mapping import draft_message
from services.runtime.errors import InvalidRequest
from services.runtime.fields import read_id, read_optional_id
from services.runtime.principal import acting

_SUPPLIES: Final[Mapping[pb.Supply.ValueType, Supply]] = {
    pb.SUPPLY_POINTS: Supply.POINTS,
    pb.SUPPLY_FEES: Supply.FEES,
    pb.SUPPLY_REIMBURSEMENT: Supply.REIMBURSEMENT,
    pb.SUPPLY_PREFUNDING: Supply.PREFUNDING,
}
_CATEGORIES: Final[Mapping[pb.TaxCategory.ValueType, Category]] = {
    pb.TAX_CATEGORY_STANDARD: Category.STANDARD,
    pb.TAX_CATEGORY_ZERO: Category.ZERO,
    pb.TAX_CATEGORY_EXEMPT: Category.EXEMPT,
    pb.TAX_CATEGORY_REVERSE_CHARGE: Category.REVERSE_CHARGE,
    pb.TAX_CATEGORY_EXPORT: Category.EXPORT,
    pb.TAX_CATEGORY_OUTSIDE: Category.OUTSIDE,
}
_SUPPLY_OUT: Final = {supply: value for value, supply in _SUPPLIES.items()}
_CATEGORY_OUT: Final = {category: value for value, category in _CATEGORIES.items()}
_PARTY: Final = tuple(field.name for field in fields(Party))


class TaxServicer(TaxServiceServicer):
    """Each method reads its request, calls one use case and writes its answer; the boundary does the rest."""

    def __init__(self, partners: Partners) -> None:
        self._app = partners

    async def SetTaxData(self, request: pb.SetTaxDataRequest, context: object) -> pb.SetTaxDataResponse:
        """See the contract."""
        made = await self._app.set_tax_data(acting(), _data_from(request.data))
        return pb.SetTaxDataResponse(version=_version(made))

    async def ProposeTaxData(
        self, request: pb.ProposeTaxDataRequest, context: object
    ) -> pb.ProposeTaxDataResponse:
        """See the contract."""
        made = await self._app.propose_tax_data(acting(), _data_from(request.data), request.why)
        return pb.ProposeTaxDataResponse(draft=draft_message(made, self._app.draft_queries))

    async def ListTaxData(self, request: pb.ListTaxDataRequest, context: object) -> pb.ListTaxDataResponse:
        """See the contract."""
        partner_id = read_optional_id(request.partner_id, "partner_id")
        found = await self._app.tax.of_partner(acting(), partner_id)
        return pb.ListTaxDataResponse(versions=map(_version, found))

    async def SetOperatorData(
        self, request: pb.SetOperatorDataRequest, context: object
    ) -> pb.SetOperatorDataResponse:
        """See the contract."""
        made = await self._app.set_operator_data(acting(), _operator_from(request.data))
        return pb.SetOperatorDataResponse(version=_operator(made))

    async def ProposeOperatorData(
        self, request: pb.ProposeOperatorDataRequest, context: object
    ) -> pb.ProposeOperatorDataResponse:
        """See the contract."""
        made = await self._app.propose_operator_data(acting(), _operator_from(request.data), request.why)
        return pb.ProposeOperatorDataResponse(draft=draft_message(made, self._app.draft_queries))

    async def ListOperatorData(
        self, request: pb.ListOperatorDataRequest, context: object
    ) -> pb.ListOperatorDataResponse:
        """See the contract."""
        found = await self._app.tax.of_operator(acting())
        return pb.ListOperatorDataResponse(versions=map(_operator, found))


def _data_from(message: pb.TaxData) -> TaxData:
    return TaxData(
        read_id(message.partner_id, "data.partner_id"),
        message.legal_entity or FIRST_ENTITY,
        message.valid_from_us,
        _party_from(message.party),
        _rules_from(message.rules),
        _agreement_from(message.self_billing) if message.HasField("self_billing") else None,
    )


def _operator_from(message: pb.OperatorData) -> OperatorData:
    return OperatorData(message.valid_from_us, _party_from(message.party))


def _party_from(message: pb.DocumentParty) -> Party:
    return Party(*(getattr(message, name).strip() for name in _PARTY))


def _rules_from(messages: Iterable[pb.TaxRule]) -> dict[Supply, TaxRule]:
    found: dict[Supply, TaxRule] = {}
    for message in messages:
        supply, category = _SUPPLIES.get(message.supply), _CATEGORIES.get(message.category)
        if supply is None or category is None:
            raise InvalidRequest("a rule is of a supply, and has a category", field="data.rules")
        if supply in found:
            raise InvalidRequest(f"there are two rules of {supply}", field="data.rules")
        text, code = message.exemption_text.strip(), message.exemption_code.strip()
        found[supply] = TaxRule(category, message.rate_basis_points, text, code)
    return found


def _agreement_from(message: pb.SelfBilling) -> SelfBilling:
    try:
        agreed_on = date.fromisoformat(message.agreed_on)
    except ValueError:
        raise InvalidRequest("a date is such as 2026-03-01", field="data.self_billing.agreed_on") from None
    return SelfBilling(message.reference.strip(), agreed_on, message.objection_days)


def _version(made: TaxVersion) -> pb.TaxDataVersion:
    data = made.data
    message = pb.TaxData(
        partner_id=data.partner_id.bytes,
        legal_entity=data.entity,
        valid_from_us=data.valid_from_us,
        party=_party(data.party),
        rules=[_rule(supply, data.rules[supply]) for supply in Supply if supply in data.rules],
        self_billing=_agreement(data.self_billing),
    )
    draft_id = made.draft_id.bytes if made.draft_id else b""
    return pb.TaxDataVersion(data=message, version=made.version, draft_id=draft_id)


def _operator(made: OperatorVersion) -> pb.OperatorDataVersion:
    message = pb.OperatorData(valid_from_us=made.data.valid_from_us, party=_party(made.data.party))
    draft_id = made.draft_id.bytes if made.draft_id else b""
    return pb.OperatorDataVersion(data=message, version=made.version, draft_id=draft_id)


def _party(party: Party) -> pb.DocumentParty:
    return pb.DocumentParty(**party.document())


def _rule(supply: Supply, rule: TaxRule) -> pb.TaxRule:
    return pb.TaxRule(
        supply=_SUPPLY_OUT[supply],
        category=_CATEGORY_OUT[rule.category],
        rate_basis_points=rule.rate_basis_points,
        exemption_text=rule.exemption_text,
        exemption_code=rule.exemption_code,
    )


def _agreement(agreement: SelfBilling | None) -> pb.SelfBilling | None:
    if agreement is None:
        return None
    return pb.SelfBilling(
        reference=agreement.reference,
        agreed_on=agreement.agreed_on.isoformat(),
        objection_days=agreement.objection_days,
    )
