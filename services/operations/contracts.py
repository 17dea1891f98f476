"""What the operator drafts of contracts: prices and billing, for another person to approve."""

from __future__ import annotations

from coalition.partners.v1 import approvals_pb2, clearing_pb2, partners_pb2
from coalition.partners.v1 import contracts_pb2 as pb

from services.operations.session import Session
from services.runtime.principal import Programme


async def propose_rates(
    session: Session, programme: Programme, wanted: partners_pb2.RateVersion, why: str
) -> approvals_pb2.Draft:
    """Drafts prices of a partner. Raises what ProposeRates does."""
    request = pb.ProposeRatesRequest(rates=wanted, why=why)
    return (await session.call(session.contracts.ProposeRates, request, programme)).draft


async def propose_billing(
    session: Session, programme: Programme, wanted: clearing_pb2.BillingTerms, why: str
) -> approvals_pb2.Draft:
    """Drafts billing of a partner. Raises what ProposeBilling does."""
    request = pb.ProposeBillingRequest(terms=wanted, why=why)
    return (await session.call(session.contracts.ProposeBilling, request, programme)).draft
