"""The head of a statement, made of the statement."""

from __future__ import annotations

from services.partners.domain.proof.record import StatementHead
from services.partners.domain.statement import LineKind, Statement

_CARRIES = (LineKind.CARRY_IN, LineKind.CARRY_OUT)


def head_of(programme: str, statement: Statement, previous_window: int) -> StatementHead:
    """What a statement commits to. `previous_window`: the last window of the partner's statement before it; 0: none.

    Neither its id, nor when it was issued or accepted: made again from what is kept, it is the same.
    """
    return StatementHead(
        programme=programme,
        partner=statement.partner_slug,
        partner_id=statement.net.party_id,
        currency=statement.currency,
        first_window=statement.covers.first_window,
        last_window=statement.window.number,
        previous_window=previous_window,
        carry_in_micros=statement.net.carry_in_micros,
        net_minor=statement.net.net_minor,
        carry_out_micros=statement.net.carry_out_micros,
        opening_minor=statement.opening_minor,
        objection_until_us=statement.objection_until_us,
        lines=tuple(
            (
                line.kind.value,
                line.point_type,
                line.count,
                line.points,
                line.price_micros,
                line.amount_micros,
                line.entity,
            )
            for line in statement.lines
            if line.kind not in _CARRIES
        ),
    )
