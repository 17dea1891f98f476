"""Tax data of companies, and the operator's own, in the database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

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
from services.partners.storage.connection import Reads
from services.partners.storage.errors import constraints_explained
from services.partners.storage.tax_tables import operator_version, tax_rule, tax_version
from services.runtime.clock import from_micros, to_micros

_PARTY: Final = tuple(field.name for field in fields(Party))


async def add(connection: AsyncConnection, ledger_id: int, added: TaxVersion, by: str) -> None:
    """Writes a version with its rules; the caller holds the head of rating locked."""
    data, agreement = added.data, added.data.self_billing
    key = {
        "ledger_id": ledger_id,
        "partner_id": data.partner_id,
        "entity": data.entity,
        "version": added.version,
    }
    await connection.execute(
        insert(tax_version).values(
            **key,
            valid_from=from_micros(data.valid_from_us),
            **data.party.document(),
            agreement=agreement.reference if agreement else None,
            agreed_on=agreement.agreed_on if agreement else None,
            objection_days=agreement.objection_days if agreement else None,
            set_by=by,
            draft_id=added.draft_id,
        )
    )
    rows = [{**key, "supply": supply.value, **rule.document()} for supply, rule in data.rules.items()]
    if rows:
        await connection.execute(insert(tax_rule), rows)


async def of_partner(connection: Reads, ledger_id: int, partner_id: UUID) -> list[TaxVersion]:
    """All versions of a partner's companies, by company, oldest first."""
    return (await _versions(connection, ledger_id, partner_id)).get(partner_id, [])


async def of_programme(connection: Reads, ledger_id: int) -> dict[UUID, list[TaxVersion]]:
    """All versions of all partners that have any, each by company, oldest first: for a run."""
    return await _versions(connection, ledger_id, None)


async def add_operator(connection: AsyncConnection, ledger_id: int, added: OperatorVersion, by: str) -> None:
    """Writes a version of the operator's data. Raises NotFound with PROGRAMME_UNKNOWN."""
    with constraints_explained():
        await connection.execute(
            insert(operator_version).values(
                ledger_id=ledger_id,
                version=added.version,
                valid_from=from_micros(added.data.valid_from_us),
                **added.data.party.document(),
                set_by=by,
                draft_id=added.draft_id,
            )
        )


async def of_operator(connection: Reads, ledger_id: int) -> list[OperatorVersion]:
    """All versions of the operator's data, oldest first."""
    of = operator_version.c
    found = await connection.execute(
        select(operator_version).where(of.ledger_id == ledger_id).order_by(of.version)
    )
    return [
        OperatorVersion(OperatorData(to_micros(row.valid_from), _party(row)), row.version, row.draft_id)
        for row in found
    ]


async def _versions(
    connection: Reads, ledger_id: int, partner_id: UUID | None
) -> dict[UUID, list[TaxVersion]]:
    of, rule = tax_version.c, tax_rule.c
    versions = (
        select(tax_version).where(of.ledger_id == ledger_id).order_by(of.partner_id, of.entity, of.version)
    )
    rules = select(tax_rule).where(rule.ledger_id == ledger_id)
    if partner_id is not None:
        versions, rules = (
            versions.where(of.partner_id == partner_id),
            rules.where(rule.partner_id == partner_id),
        )
    by_version = _rules(await connection.execute(rules))
    made: dict[UUID, list[TaxVersion]] = {}
    for row in await connection.execute(versions):
        found = by_version.get((row.partner_id, row.entity, row.version), {})
        agreement = row.agreement and SelfBilling(row.agreement, row.agreed_on, row.objection_days)
        data = TaxData(
            row.partner_id, row.entity, to_micros(row.valid_from), _party(row), found, agreement or None
        )
        made.setdefault(row.partner_id, []).append(TaxVersion(data, row.version, row.draft_id))
    return made


def _rules(rows: Iterable[Any]) -> dict[tuple[UUID, int, int], dict[Supply, TaxRule]]:
    found: dict[tuple[UUID, int, int], dict[Supply, TaxRule]] = {}
    for row in rows:
        rule = TaxRule(Category(row.category), row.rate_basis_points, row.exemption_text, row.exemption_code)
        found.setdefault((row.partner_id, row.entity, row.version), {})[Supply(row.supply)] = rule
    return found


def _party(row: Any) -> Party:
    return Party(*(getattr(row, name) for name in _PARTY))
