"""Documents of any statements: they sum to their lines, in whatever order and however the statements are cut."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from services.partners.domain.documents.canonical import document_body, read_document_body
from services.partners.domain.documents.document import Document
from services.partners.domain.documents.drafting import SUPPLY_OF, documents_of
from services.partners.domain.documents.tax import Category, Supply, TaxRule
from services.partners.domain.statement import LineKind, StatementLine
from tests.support.tax_papers import (
    EXEMPT,
    OUTSIDE,
    REVERSED,
    STANDARD,
    ZONE,
    line,
    operator_version,
    statement,
    tax_version,
)

RULES = st.sampled_from(
    [STANDARD, TaxRule(Category.STANDARD, 777), TaxRule(Category.ZERO), EXEMPT, REVERSED, OUTSIDE]
)
FEES = (LineKind.FEE, LineKind.CYCLE_FEE, LineKind.FEE_DIFFERENCE)


@st.composite
def lines(draw: st.DrawFn) -> StatementLine:
    kind = draw(st.sampled_from(LineKind))
    price = draw(st.integers(0, 50_000))
    if kind.value.endswith("_difference"):
        price *= draw(st.sampled_from((1, -1)))
    if SUPPLY_OF[kind] is None:
        amount = draw(st.integers(-5_000, 5_000)) if kind in (LineKind.CARRY_IN, LineKind.CARRY_OUT) else 0
        return StatementLine(kind, 0, 0, 0, amount)
    points = 0 if kind in FEES else draw(st.integers(1, 10**7))
    entity, point_type = draw(st.integers(1, 3)), draw(st.sampled_from(("base", "bonus")))
    count = draw(st.integers(1, 50))
    return line(kind, points, price, count=count, entity=entity, point_type=point_type)


runs = st.lists(st.lists(lines(), max_size=8), min_size=1, max_size=4)
taxes = st.fixed_dictionaries(dict.fromkeys(Supply, RULES))


def made_of(run: list[list[StatementLine]], rules: dict[Supply, TaxRule]) -> tuple[Document, ...]:
    tax = [tax_version(rules, entity=number) for number in (1, 2, 3)]
    papers = [statement(each, number) for number, each in enumerate(run, 1)]
    found = documents_of(papers, tax, [operator_version()], "mall", ZONE)
    assert not found.missing
    return found.documents


@given(runs, taxes)
def test_documents_sum_to_their_lines_within_half_a_cent_a_line_and_tax_by_rate(
    run: list[list[StatementLine]], rules: dict[Supply, TaxRule]
) -> None:
    made = made_of(run, rules)
    due = sum(each.net_minor if each.type.partner_owes else -each.net_minor for each in made)
    exact = Fraction(
        sum(each.amount_micros for lines in run for each in lines if SUPPLY_OF[each.kind]), 10_000
    )
    # A document of nothing but less than half a cent is not made: its lines are in the bound, too.
    count = sum(len(lines) for lines in run)
    assert abs(due - exact) <= Fraction(count, 2)
    for paper in made:
        assert paper.total_minor == paper.net_minor + paper.tax_minor
        assert min(paper.tax_minor, *(each.net_minor for each in paper.lines)) >= 0
        assert sum(each.net_minor for each in paper.subtotals) == paper.net_minor
        for each in paper.subtotals:
            owed = Fraction(each.net_minor * each.rule.rate_basis_points, 10_000)
            assert abs(each.tax_minor - owed) <= Fraction(1, 2)


@given(runs, taxes, st.randoms(use_true_random=False))
def test_the_order_of_lines_and_how_they_are_cut_into_statements_changes_no_figure(
    run: list[list[StatementLine]], rules: dict[Supply, TaxRule], chance: Random
) -> None:
    everything = [each for lines in run for each in lines]
    shuffled = everything.copy()
    chance.shuffle(shuffled)
    figures = [
        [(paper.entity, paper.type, paper.lines, paper.subtotals) for paper in made_of(cut, rules)]
        for cut in (run, [everything], [shuffled], run[::-1])
    ]
    assert all(each == figures[0] for each in figures)


@given(runs, taxes)
def test_a_document_is_read_back_as_it_was_written(
    run: list[list[StatementLine]], rules: dict[Supply, TaxRule]
) -> None:
    for paper in made_of(run, rules):
        assert read_document_body(document_body(paper)) == paper
