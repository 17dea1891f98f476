"""coalition.partners.v1.LiabilityService over what becomes of points."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN
from typing import Final
from uuid import UUID

from coalition.partners.v1 import liability_pb2 as pb
from coalition.partners.v1.liability_pb2_grpc import LiabilityServiceServicer

from services.partners.app import Partners
from services.partners.domain.liability.back_test import BackTest
from services.partners.domain.liability.chain_ladder import Factor
from services.partners.domain.liability.estimates import CohortEstimate
from services.partners.domain.liability.ifrs15 import CohortKey, RollForward
from services.partners.domain.liability.intervals import Interval
from services.partners.domain.liability.journals import AccountKey, Journal, Margin
from services.partners.domain.liability.ties import Tie, TieKind
from services.partners.domain.netting import OPERATOR
from services.partners.queries.liability.liability import Assumptions, JournalsReport, LiabilityReport
from services.partners.rpc.clearing_mapping import party_message, window_message
from services.runtime.errors import InvalidRequest
from services.runtime.principal import acting

_TIES: Final = {kind: pb.LiabilityTieKind.Value(f"LIABILITY_TIE_KIND_{kind.name}") for kind in TieKind}
_MILLION: Final = 1_000_000


class LiabilityServicer(LiabilityServiceServicer):
    """Each method follows the ledger's events first, then reads; the boundary does the rest."""

    def __init__(self, partners: Partners) -> None:
        self._app = partners

    async def GetLiability(self, request: pb.GetLiabilityRequest, context: object) -> pb.GetLiabilityResponse:
        """See the contract."""
        await self._app.follow_lots.for_caller(acting())
        assumed = Assumptions(request.level_percent, request.tail_millionths)
        found = await self._app.liability.as_of(acting(), request.window, assumed, request.held_out_months)
        return _report(found)

    async def GetLiabilityJournals(
        self, request: pb.GetLiabilityJournalsRequest, context: object
    ) -> pb.GetLiabilityJournalsResponse:
        """See the contract."""
        if len(request.accounts) > len(AccountKey):
            raise InvalidRequest(f"there are {len(AccountKey)} accounts", field="accounts")
        await self._app.follow_lots.for_caller(acting())
        found = await self._app.liability.journals(
            acting(),
            request.from_window,
            request.to_window,
            Assumptions(0, request.tail_millionths),
            [(each.key, each.code, each.name) for each in request.accounts],
        )
        return _journals(found)


def _report(found: LiabilityReport) -> pb.GetLiabilityResponse:
    expected = found.estimate
    return pb.GetLiabilityResponse(
        window=window_message(found.window),
        currency=found.currency,
        last_month=found.triangle.last.number if found.triangle.last else 0,
        cohorts=[_cohort(each, found) for each in expected.cohorts],
        factors=map(_factor, expected.factors),
        level_percent=expected.interval.level_percent,
        ultimate_more=expected.ultimate_more,
        standard_error=expected.standard_error,
        interval=_interval(expected.interval),
        resolved_percent=expected.resolved_percent,
        is_mature=expected.is_mature,
        tail_millionths=expected.tail_millionths,
        back_tests=map(_back_test, found.back_tests),
        ties=_ties(found.ties, found.slugs),
    )


def _cohort(estimated: CohortEstimate, found: LiabilityReport) -> pb.LiabilityCohort:
    cohort = estimated.cohort
    standing = found.standings[CohortKey(cohort.month, cohort.is_opening)]
    share = estimated.share_used
    rows = {} if cohort.is_opening else dict(zip(found.triangle.months, found.triangle.rows, strict=True))
    carried = sorted(
        cohort.carried, key=lambda each: (each[0] == OPERATOR, found.slugs.get(each[0], str(each[0])))
    )
    return pb.LiabilityCohort(
        month=cohort.month.number,
        is_opening=cohort.is_opening,
        issued=cohort.issued,
        used=cohort.used,
        lapsed=cohort.lapsed,
        outstanding=cohort.outstanding,
        ultimate=estimated.ultimate,
        standard_error=estimated.standard_error,
        is_capped=estimated.is_capped,
        expected=estimated.more,
        allocated_minor=standing.allocated,
        redeemed_minor=standing.redeemed,
        recognised_minor=standing.recognised,
        potential_micros=cohort.potential_micros,
        carriers=[
            pb.CarriedPoints(
                carrier=party_message(who, found.slugs.get(who, str(who))),
                parts=parts,
                expected_parts=parts * share.numerator // share.denominator,
            )
            for who, parts in carried
        ],
        used_by_age=rows.get(cohort.month, ())[1:],
    )


def _factor(found: Factor) -> pb.DevelopmentFactor:
    millionths = (found.factor * _MILLION).to_integral_value(ROUND_HALF_EVEN)
    return pb.DevelopmentFactor(factor_millionths=int(millionths), cohorts=found.rows)


def _interval(found: Interval) -> pb.PointsInterval:
    return pb.PointsInterval(low=found.low, high=found.high)


def _back_test(found: BackTest) -> pb.BackTest:
    return pb.BackTest(
        months=found.months,
        predicted=found.predicted,
        actual=found.actual,
        interval=_interval(found.interval),
        cohorts=found.cohorts,
        cohorts_inside=found.inside,
    )


def _ties(ties: Iterable[Tie], slugs: dict[UUID, str]) -> list[pb.LiabilityTie]:
    return [
        pb.LiabilityTie(
            kind=_TIES[each.kind],
            party=party_message(each.party_id, slugs.get(each.party_id, str(each.party_id))),
            counted=each.counted,
            booked=each.booked,
            holds=each.holds,
        )
        for each in ties
    ]


def _journals(found: JournalsReport) -> pb.GetLiabilityJournalsResponse:
    return pb.GetLiabilityJournalsResponse(
        from_window=found.first,
        last=window_message(found.last),
        currency=found.currency,
        cohorts=[
            pb.CohortRollForward(month=key.month.number, is_opening=key.is_opening, moved=_moved(moved))
            for key, moved in found.cohorts.items()
        ],
        total=_moved(found.total),
        closing_at_zero_breakage_minor=found.closing_at_zero_breakage,
        margin=_margin(found.margin),
        journals=map(_journal, found.journals),
        ties=_ties(found.ties, found.slugs),
        file=found.file,
    )


def _moved(moved: RollForward) -> pb.LiabilityRollForward:
    return pb.LiabilityRollForward(
        opening_minor=moved.opening,
        deferred_minor=moved.deferred,
        redeemed_minor=moved.redeemed,
        breakage_minor=moved.breakage,
        change_of_estimate_minor=moved.change_of_estimate,
        closing_minor=moved.closing,
    )


def _margin(margin: Margin) -> pb.LiabilityMargin:
    return pb.LiabilityMargin(
        revenue_minor=margin.revenue,
        breakage_minor=margin.breakage,
        charged_minor=margin.charged,
        reimbursed_minor=margin.reimbursed,
        booked_minor=margin.booked,
        at_zero_breakage_minor=margin.at_zero_breakage,
    )


def _journal(journal: Journal) -> pb.Journal:
    return pb.Journal(
        kind=journal.kind.value,
        text=journal.text,
        lines=[
            pb.JournalLine(
                account=pb.AccountName(key=line.key.value, code=line.account.code, name=line.account.name),
                debit_minor=line.debit_minor,
                credit_minor=line.credit_minor,
            )
            for line in journal.lines
        ],
    )
