"""What the operator asks of points outstanding: the liability, how it moved, and its journals as a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from coalition.partners.v1 import liability_pb2 as pb

from services.operations.amounts import Unreadable
from services.operations.documents import Document, window
from services.operations.session import Session
from services.runtime.principal import Programme

#: Years of events take a while to follow and to fold for the first time.
_SECONDS: Final = 300.0
_MILLION: Final = 1_000_000


async def liability(
    session: Session, programme: Programme, number: int, level: int, tail: int, held_out: int
) -> pb.GetLiabilityResponse:
    """The liability at the end of a window (0: of the last stated). Raises what GetLiability does."""
    request = pb.GetLiabilityRequest(
        window=number, level_percent=level, tail_millionths=tail, held_out_months=held_out
    )
    return await session.call(session.liability.GetLiability, request, programme, _SECONDS)


async def journals(
    session: Session, programme: Programme, first: int, last: int, tail: int, accounts: Sequence[str]
) -> pb.GetLiabilityJournalsResponse:
    """The journals of windows; `accounts`: those that are called otherwise, as key=code:name. Raises what GetLiabilityJournals does."""
    request = pb.GetLiabilityJournalsRequest(
        from_window=first,
        to_window=last,
        tail_millionths=tail,
        accounts=[read_account(each) for each in accounts],
    )
    return await session.call(session.liability.GetLiabilityJournals, request, programme, _SECONDS)


def read_account(text: str) -> pb.AccountName:
    """An account that is called otherwise, as key=code:name. Raises Unreadable."""
    key, equals, called = text.partition("=")
    code, colon, name = called.partition(":")
    if not (equals and colon):
        raise Unreadable(f"{text!r} is not like partners=1400:Partners, clearing")
    return pb.AccountName(key=key.strip(), code=code.strip(), name=name.strip())


def liability_document(found: pb.GetLiabilityResponse, zone: str) -> Document:
    """The liability with its cohorts, what it rests on, and whether it agrees with the books."""
    return {
        "window": window(found.window, zone),
        "currency": found.currency,
        "last_month": _month(found.last_month) if found.last_month else None,
        "outstanding": sum(each.outstanding for each in found.cohorts),
        "expected": sum(each.expected for each in found.cohorts),
        "liability_minor": sum(each.allocated_minor - each.recognised_minor for each in found.cohorts),
        "liability_at_zero_breakage_minor": sum(
            each.allocated_minor - each.redeemed_minor for each in found.cohorts
        ),
        "potential_micros": sum(each.potential_micros for each in found.cohorts),
        "chain_ladder": {
            "more": found.ultimate_more,
            "standard_error": found.standard_error,
            "level_percent": found.level_percent,
            **_interval(found.interval),
            "factors": [
                {"factor_millionths": each.factor_millionths, "cohorts": each.cohorts}
                for each in found.factors
            ],
            "tail_millionths": found.tail_millionths or None,
            "resolved_percent": found.resolved_percent,
            "breakage_expected": found.is_mature,
        },
        "carriers": _carriers(found),
        "cohorts": [_cohort(each) for each in found.cohorts],
        "back_tests": [_back_test(each) for each in found.back_tests],
        "ties": ties(found.ties),
    }


def journals_document(found: pb.GetLiabilityJournalsResponse, zone: str) -> Document:
    """How the liability moved, in all and by cohort, with the journals and what is left."""
    margin = found.margin
    return {
        "from_window": found.from_window,
        "last": window(found.last, zone),
        "currency": found.currency,
        "total": _moved(found.total),
        "closing_at_zero_breakage_minor": found.closing_at_zero_breakage_minor,
        "cohorts": [
            {"month": _month(each.month), "opening_balances": each.is_opening, **_moved(each.moved)}
            for each in found.cohorts
        ],
        "journals": [_journal(each) for each in found.journals],
        "margin": {
            "revenue_minor": margin.revenue_minor,
            "breakage_minor": margin.breakage_minor,
            "charged_minor": margin.charged_minor,
            "reimbursed_minor": margin.reimbursed_minor,
            "booked_minor": margin.booked_minor,
            "at_zero_breakage_minor": margin.at_zero_breakage_minor,
        },
        "ties": ties(found.ties),
    }


def ties(found: Sequence[pb.LiabilityTie]) -> list[Document]:
    """Figures by two accounts."""
    return [
        {
            "kind": pb.LiabilityTieKind.Name(each.kind).removeprefix("LIABILITY_TIE_KIND_").lower(),
            "party": each.party.slug,
            "counted": each.counted,
            "booked": each.booked,
            "holds": each.holds,
        }
        for each in found
    ]


def _cohort(found: pb.LiabilityCohort) -> Document:
    return {
        "month": _month(found.month),
        "opening_balances": found.is_opening,
        "issued": found.issued,
        "used": found.used,
        "lapsed": found.lapsed,
        "outstanding": found.outstanding,
        "ultimate": found.ultimate,
        "standard_error": found.standard_error,
        "capped": found.is_capped,
        "expected": found.expected,
        "allocated_minor": found.allocated_minor,
        "redeemed_minor": found.redeemed_minor,
        "recognised_minor": found.recognised_minor,
        "liability_minor": found.allocated_minor - found.recognised_minor,
        "potential_micros": found.potential_micros,
        "carriers": [
            {
                "carrier": each.carrier.slug,
                "points_millionths": each.parts,
                "expected_millionths": each.expected_parts,
            }
            for each in found.carriers
        ],
        "used_by_age": list(found.used_by_age),
    }


def _carriers(found: pb.GetLiabilityResponse) -> list[Document]:
    """Over all cohorts, in whole points rounded down; what is lost thereby is less than a point each."""
    sums: dict[str, list[int]] = {}
    for cohort in found.cohorts:
        for each in cohort.carriers:
            of = sums.setdefault(each.carrier.slug, [0, 0])
            of[0] += each.parts
            of[1] += each.expected_parts
    return [
        {"carrier": slug, "points": parts // _MILLION, "expected": expected // _MILLION}
        for slug, (parts, expected) in sums.items()
    ]


def _back_test(found: pb.BackTest) -> Document:
    return {
        "months": found.months,
        "predicted": found.predicted,
        "actual": found.actual,
        "error": found.predicted - found.actual,
        **_interval(found.interval),
        "holds": found.interval.low <= found.actual <= found.interval.high,
        "cohorts": found.cohorts,
        "cohorts_inside": found.cohorts_inside,
    }


def _moved(moved: pb.LiabilityRollForward) -> dict[str, Any]:
    return {
        "opening_minor": moved.opening_minor,
        "deferred_minor": moved.deferred_minor,
        "redeemed_minor": moved.redeemed_minor,
        "breakage_minor": moved.breakage_minor,
        "change_of_estimate_minor": moved.change_of_estimate_minor,
        "closing_minor": moved.closing_minor,
    }


def _journal(journal: pb.Journal) -> Document:
    return {
        "kind": journal.kind,
        "text": journal.text,
        "lines": [
            {
                "key": line.account.key,
                "account": line.account.code,
                "name": line.account.name,
                "debit_minor": line.debit_minor,
                "credit_minor": line.credit_minor,
            }
            for line in journal.lines
        ],
    }


def _interval(found: pb.PointsInterval) -> dict[str, int]:
    return {"low": found.low, "high": found.high}


def _month(number: int) -> str:
    return f"{number // 12:04}-{number % 12 + 1:02}"
