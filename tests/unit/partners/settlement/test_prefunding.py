"""Orders of prefunding, and what a run makes of them."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.partners.domain.drafts import body_of
from services.partners.domain.payments.instructions import AMOUNT_MINOR_MAX
from services.partners.domain.settlement.accounts import Account, set_off
from services.partners.domain.settlement.prefunding import (
    TOO_MUCH,
    Holding,
    Leaving,
    Movement,
    Order,
    Ordered,
    Plan,
    Turn,
    lacks,
    parse_order,
    plan,
)
from services.runtime.errors import Fault, InvalidRequest

PARTNER = UUID(int=7)


def order(turn: Turn, amount: int, entity: int = 1, why: str = "agreed") -> Order:
    return Order(PARTNER, entity, turn, amount, why)


def waiting(*orders: Order) -> tuple[Ordered, ...]:
    return tuple(Ordered(each, number, number * 10, "me") for number, each in enumerate(orders, 1))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (order(Turn.ASKED, 0), "amount_minor"),
        (order(Turn.ASKED, -1), "amount_minor"),
        (order(Turn.GIVEN_BACK, 1), "amount_minor"),
        (order(Turn.USED, 1), "amount_minor"),
        (order(Turn.ASKED, AMOUNT_MINOR_MAX + 1), "amount_minor"),
        (order(Turn.ASKED, 1, entity=0), "legal_entity"),
        (order(Turn.ASKED, 1, entity=1_001), "legal_entity"),
        (order(Turn.ASKED, 1, why=" "), "why"),
        (order(Turn.ASKED, 1, why="x" * 501), "why"),
    ],
)
def test_an_order_out_of_its_range_is_refused_with_its_place(wrong: Order, field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        wrong.checked()
    assert refused.value.metadata["field"] == field


def test_an_order_is_read_from_its_draft_and_nothing_else_is() -> None:
    for each in (order(Turn.ASKED, AMOUNT_MINOR_MAX), order(Turn.USED, -1, entity=1_000)):
        assert parse_order(body_of(each.document())) == each
    assert order(Turn.ASKED, 1, why=" why ").checked().why == "why"
    for broken in (
        {**order(Turn.ASKED, 1).document(), "turn": "lost"},
        {**order(Turn.ASKED, 1).document(), "amount_minor": -1},
    ):
        with pytest.raises(Fault):
            parse_order(body_of(broken))


def test_what_a_company_has_not_paid_is_given_back_to_none() -> None:
    held = {1: 500, 2: 100}
    assert lacks([order(Turn.GIVEN_BACK, -500)], held, 600) == ""
    assert lacks([order(Turn.GIVEN_BACK, -501)], held, 600) == TOO_MUCH
    assert lacks([order(Turn.GIVEN_BACK, -101, entity=2)], held, 600) == TOO_MUCH
    # What is held is not all paid.
    assert lacks([order(Turn.GIVEN_BACK, -500)], held, 499) == TOO_MUCH
    assert lacks([order(Turn.ASKED, 50), order(Turn.GIVEN_BACK, -50)], {}, -10) == ""


def test_each_company_has_its_own_and_what_is_used_pays_until_nothing_is_due() -> None:
    holding = Holding(
        {1: 500, 2: 300},
        waiting=waiting(
            order(Turn.ASKED, 40, entity=2), order(Turn.USED, -400), order(Turn.USED, -300, entity=2)
        ),
    )
    made = plan(holding, 0, 600)
    assert made == Plan({2: 40}, {1: 400, 2: 200}, (1, 2, 3))
    assert made.movements == (
        Movement(2, Turn.ASKED, 40),
        Movement(1, Turn.USED, -400),
        Movement(2, Turn.USED, -200),
    )
    # Nothing is owed: what is asked for is taken, and what is to be used waits.
    assert plan(holding, 0, -5) == Plan({2: 40}, {}, (1,))
    # Half of it is waited for.
    unpaid = Holding(holding.held, 700, holding.waiting)
    assert plan(unpaid, 0, 600).set_off == {1: 100}
    assert holding.at_us == 30


def test_where_too_much_is_to_be_given_back_nothing_is_taken() -> None:
    holding = Holding(
        {1: 500}, waiting=waiting(order(Turn.ASKED, 40, entity=2), order(Turn.GIVEN_BACK, -300))
    )
    assert plan(holding, 0, 0) == Plan({1: -300, 2: 40}, {}, (1, 2))
    # As much came back unpaid.
    assert plan(holding, 201, 201) == Plan(why=TOO_MUCH)


def test_who_has_left_owes_first_and_is_given_the_rest_once_nothing_can_follow() -> None:
    held = {1: 500, 2: 100}
    assert plan(Holding(held, leaving=Leaving(7, is_over=False)), 0, 50) == Plan({}, {1: 50})
    assert plan(Holding(held, leaving=Leaving(7, is_over=True)), 0, 50) == Plan({1: -450, 2: -100}, {1: 50})
    assert plan(Holding(held, leaving=Leaving(7, is_over=True)), 0, 900) == Plan({}, held)
    assert plan(Holding(held, 1, leaving=Leaving(7, is_over=True)), 0, 0).invoiced == {}
    assert Holding(held, leaving=Leaving(7, is_over=True)).at_us == 7
    assert not Holding(held, leaving=Leaving(7, is_over=True)).is_empty
    assert Holding(held).is_empty


def test_what_is_set_off_moves_from_what_was_paid_ahead_to_what_is_owed() -> None:
    moved = set_off(PARTNER, 3, 150)
    assert moved.run_number == 3
    assert [(each.account, each.partner_id, each.amount_minor) for each in moved.entries] == [
        (Account.PREPAID, PARTNER, 150),
        (Account.PARTNER, PARTNER, -150),
    ]
