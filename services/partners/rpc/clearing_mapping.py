"""From what clearing knows to its protobuf form."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from coalition.partners.v1 import clearing_pb2 as pb
from coalition.partners.v1.legal_entities_pb2 import LegalEntity

from services.partners.domain.billing import DEFAULT_OBJECTION_DAYS, BillingVersion, Cycle, Terms
from services.partners.domain.checking import Finding
from services.partners.domain.netting import OPERATOR, Net
from services.partners.domain.statement import LineKind, Standing, StatementLine
from services.partners.domain.windows import Step, Window, WindowState
from services.partners.queries.clearing import ClearingStatus, MatrixSide, Party, PartyCell, PartyNet
from services.partners.queries.positions import PartnerPosition
from services.partners.queries.statements import StatementView
from services.runtime.errors import InvalidRequest
from services.runtime.fields import read_id

_STATES: Final = {
    WindowState.OPEN: pb.WINDOW_STATE_OPEN,
    WindowState.CLOSED: pb.WINDOW_STATE_CLOSED,
    WindowState.AGGREGATED: pb.WINDOW_STATE_AGGREGATED,
    WindowState.STATED: pb.WINDOW_STATE_STATED,
}
_LINES: Final = {
    LineKind.ISSUED: pb.STATEMENT_LINE_KIND_ISSUED,
    LineKind.REVERSED: pb.STATEMENT_LINE_KIND_REVERSED,
    LineKind.CHARGED: pb.STATEMENT_LINE_KIND_CHARGED,
    LineKind.CREDITED: pb.STATEMENT_LINE_KIND_CREDITED,
    LineKind.RELEASED: pb.STATEMENT_LINE_KIND_RELEASED,
    LineKind.FEE: pb.STATEMENT_LINE_KIND_FEE,
    LineKind.CYCLE_FEE: pb.STATEMENT_LINE_KIND_CYCLE_FEE,
    LineKind.BURNED: pb.STATEMENT_LINE_KIND_BURNED,
    LineKind.RETURNED: pb.STATEMENT_LINE_KIND_RETURNED,
    LineKind.CARRY_IN: pb.STATEMENT_LINE_KIND_CARRY_IN,
    LineKind.CARRY_OUT: pb.STATEMENT_LINE_KIND_CARRY_OUT,
}

_STANDINGS: Final = {
    Standing.OPEN: pb.STATEMENT_STANDING_OPEN,
    Standing.ACCEPTED: pb.STATEMENT_STANDING_ACCEPTED,
    Standing.BY_SILENCE: pb.STATEMENT_STANDING_ACCEPTED_BY_SILENCE,
}
_STEPS: Final = {
    Step.CUT: pb.WINDOW_STEP_CUT,
    Step.AGGREGATE: pb.WINDOW_STEP_AGGREGATE,
    Step.STATE: pb.WINDOW_STEP_STATE,
}
_CYCLES: Final = {Cycle.WINDOW: pb.BILLING_CYCLE_WINDOW, Cycle.MONTH: pb.BILLING_CYCLE_MONTH}


def window_message(window: Window) -> pb.Window:
    """A window."""
    return pb.Window(
        number=window.number,
        starts_at_us=window.starts_at_us,
        ends_at_us=window.ends_at_us,
        first_seq=window.first_seq,
        last_seq=window.last_seq,
        state=_STATES[window.state],
    )


def party_message(party_id: UUID, slug: str) -> pb.Party:
    """A side of the settlement; the operator without an id."""
    return pb.Party(partner_id=b"" if party_id == OPERATOR else party_id.bytes, slug=slug)


def status_message(status: ClearingStatus) -> pb.GetClearingStatusResponse:
    """How clearing stands."""
    return pb.GetClearingStatusResponse(
        rated_seq=status.rated_seq,
        now_us=status.now_us,
        open=window_message(status.open),
        stated=status.stated,
        blocked=status.blocked,
    )


def net_message(found: PartyNet) -> pb.Net:
    """A party's net in a window."""
    return _net(found.window, found.party, found.net)


def cell_message(found: PartyCell) -> pb.MatrixCell:
    """A cell of the burn matrix."""
    return pb.MatrixCell(
        issuer=party_message(found.issuer.partner_id, found.issuer.slug),
        redeemer=party_message(found.redeemer.partner_id, found.redeemer.slug),
        points=found.cell.points,
        micros=found.cell.micros,
        points_returned=found.cell.points_returned,
        micros_returned=found.cell.micros_returned,
    )


def side_message(side: MatrixSide) -> pb.MatrixSide:
    """A party's row and column of the matrix."""
    return pb.MatrixSide(
        party=party_message(side.party.partner_id, side.party.slug),
        row_micros=side.sums.row_micros,
        column_micros=side.sums.column_micros,
        operator_micros=side.sums.operator_micros,
        exact_micros=side.sums.exact_micros,
    )


def position_message(found: PartnerPosition) -> pb.Position:
    """Where a partner stands."""
    position = found.position
    return pb.Position(
        party=party_message(found.party.partner_id, found.party.slug),
        opening_minor=position.opening_minor,
        carried_micros=position.carried_micros,
        points_issued=position.since.points_issued,
        points_burned=position.since.points_burned,
        since_micros=position.since.micros,
        position_minor=position.position_minor,
    )


def step_from(number: int) -> Step | None:
    """The step asked for; None: all of them. Raises InvalidRequest."""
    if number == pb.WINDOW_STEP_UNSPECIFIED:
        return None
    step = next((step for step, known in _STEPS.items() if known == number), None)
    if step is None:
        raise InvalidRequest("a step is one of those of the contract", field="step")
    return step


def statement_message(found: StatementView) -> pb.Statement:
    """A statement as it stands, with the lines it has at hand."""
    statement = found.statement
    party = Party(statement.net.party_id, statement.partner_slug)
    return pb.Statement(
        statement_id=statement.statement_id.bytes,
        window=window_message(statement.window),
        party=party_message(party.partner_id, party.slug),
        currency=statement.currency,
        lines=[_line(line) for line in statement.lines],
        net=_net(statement.window.number, party, statement.net),
        issued_at_us=statement.issued_at_us,
        first_window=statement.covers.first_window,
        first_seq=statement.covers.first_seq,
        starts_at_us=statement.covers.starts_at_us,
        opening_minor=statement.opening_minor,
        closing_minor=statement.closing_minor,
        standing=_STANDINGS[found.standing],
        objection_until_us=statement.objection_until_us,
        accepted_at_us=statement.accepted_at_us,
        legal_entities=[LegalEntity(number=each.number, name=each.name) for each in statement.entities],
    )


def billing_message(version: BillingVersion) -> pb.BillingTerms:
    """A version of a partner's billing."""
    terms = version.terms
    return pb.BillingTerms(
        partner_id=terms.partner_id.bytes,
        cycle=_CYCLES[terms.cycle],
        cycle_fee_minor=terms.cycle_fee_minor,
        objection_days=terms.objection_days,
        version=version.version,
        from_window=version.from_window,
        draft_id=version.draft_id.bytes if version.draft_id else b"",
    )


def terms_from(message: pb.BillingTerms) -> Terms:
    """Billing asked for; version and window are not the caller's to say. Raises InvalidRequest."""
    cycle = next((cycle for cycle, number in _CYCLES.items() if number == message.cycle), None)
    if cycle is None:
        raise InvalidRequest("a cycle is one of those of the contract", field="terms.cycle")
    return Terms(
        read_id(message.partner_id, "terms.partner_id"),
        cycle,
        message.cycle_fee_minor,
        message.objection_days or DEFAULT_OBJECTION_DAYS,
    )


def finding_message(finding: Finding) -> pb.ClearingFinding:
    """What the checker found of one invariant."""
    return pb.ClearingFinding(
        invariant=finding.invariant,
        name=finding.name,
        figure=finding.figure,
        holds=finding.holds,
        breaches=finding.breaches,
    )


def _net(window: int, party: Party, net: Net) -> pb.Net:
    return pb.Net(
        window=window,
        party=party_message(party.partner_id, party.slug),
        points_issued=net.points_issued,
        points_reversed=net.points_reversed,
        points_burned=net.points_burned,
        points_returned=net.points_returned,
        exact_micros=net.exact_micros,
        carry_in_micros=net.carry_in_micros,
        net_minor=net.net_minor,
        carry_out_micros=net.carry_out_micros,
    )


def _line(line: StatementLine) -> pb.StatementLine:
    return pb.StatementLine(
        kind=_LINES[line.kind],
        count=line.count,
        points=line.points,
        price_micros=line.price_micros,
        amount_micros=line.amount_micros,
        point_type=line.point_type,
        legal_entity=line.entity,
    )
