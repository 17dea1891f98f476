"""demo.toml says what it means, and nothing else is accepted."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from services.demo.cards import card_number, luhn_digit
from services.demo.config import DEMO_FILE, Billing, Credit, DemoConfig, DemoConfigError, load_config
from services.demo.weeks import week_number, weeks


def edited(tmp_path: Path, old: str, new: str) -> Path:
    text = DEMO_FILE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "demo.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_the_clock_starts_at_midnight_in_new_york(config: DemoConfig) -> None:
    assert config.programme.clock_start_at == datetime(2017, 1, 1, 5, tzinfo=UTC)
    assert config.programme.mode == "test"


def test_seven_partners_and_how_they_send(config: DemoConfig) -> None:
    singles = {partner.slug for partner in config.partners if partner.sends == "single"}
    assert len(config.partners) == 7
    assert singles == {"fuel", "leisure", "deli-bakery"}


def test_there_is_a_contract_of_every_kind(config: DemoConfig) -> None:
    shares = {
        partner.slug: {price.issue_share_percent for price in partner.prices} for partner in config.partners
    }
    fees = {partner.slug: partner.prices[0].transaction_fee_micros for partner in config.partners}
    assert {slug: share for slug, share in shares.items() if share != {100}} == {
        "drugstore": {40},
        "fuel": {0},
    }
    assert {slug: fee for slug, fee in fees.items() if fee} == {"deli-bakery": 15_000}
    billed = {partner.slug: partner.billing for partner in config.partners if partner.billing != Billing()}
    assert billed == {"butcher": Billing("month", 2_500)}
    limited = {partner.slug: partner.credit for partner in config.partners if partner.credit}
    assert limited == {"fresh-market": Credit(300_000, 100_000, "refuse", 80)}


def test_the_campaign_gives_half_of_a_sales_points_on_its_dates_at_its_partner(config: DemoConfig) -> None:
    campaign = config.campaign
    assert [campaign.granted("drugstore", campaign.first_day, points) for points in (0, 1, 2, 15)] == [
        0,
        0,
        1,
        7,
    ]
    assert campaign.granted("drugstore", campaign.last_day, 15) == 7
    assert campaign.granted("drugstore", campaign.first_day - timedelta(days=1), 15) == 0
    assert campaign.granted("drugstore", campaign.last_day + timedelta(days=1), 15) == 0
    assert campaign.granted("grocer", campaign.first_day, 15) == 0


def test_settling_meets_several_taxes_debits_an_invoice_and_a_least_payout(config: DemoConfig) -> None:
    rules = {partner.slug: partner.tax.rules for partner in config.partners}
    assert {(rule.points.category, rule.points.rate) for rule in rules.values()} == {
        ("S", 21), ("E", 0), ("AE", 0)
    }  # fmt: skip
    assert rules["grocer"].reimbursement.rate == 9
    payments = {partner.slug: partner.payment for partner in config.partners}
    assert [slug for slug, payment in payments.items() if not payment.mandate] == ["drugstore"]
    assert payments["leisure"].least_payout_minor == 3_000
    assert payments["deli-bakery"].returned_fee_minor == 750
    ibans = {config.operator.account.iban, *(payment.account.iban for payment in payments.values())}
    assert len(ibans) == 8
    for iban in ibans:
        assert int("".join(str(int(each, 36)) for each in iban[4:] + iban[:4])) % 97 == 1


def test_the_first_part_of_an_amount_is_a_cent_at_least(config: DemoConfig) -> None:
    parts = config.bank.in_parts
    assert [parts.first_minor(amount) for amount in (1, 2, 3, 1_001)] == [1, 1, 1, 400]


def test_a_price_applies_from_its_date_on(config: DemoConfig) -> None:
    fuel = config.partner("fuel")
    assert fuel.price_on(date(2017, 6, 30)) == fuel.prices[0]
    assert fuel.price_on(date(2017, 7, 1)) == fuel.prices[1]
    with pytest.raises(DemoConfigError, match="fuel"):
        fuel.price_on(date(2016, 12, 31))
    with pytest.raises(KeyError):
        config.partner("casino")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("balance_min = 200", "balance_minimum = 200"),
        ("balance_min = 200", "balance_min = 200.0"),
        ("points_step = 50", "points_step = 0"),
        ('mode = "test"', 'mode = "live"'),
        ('zone = "America/New_York"', 'zone = "America/Gotham"'),
        ("takes_rest = true", "takes_rest = false"),
        ('slug = "butcher"', 'slug = "grocer"'),
        ('"SEAFOOD-PCKGD"', '"SEAFOOD"'),
        ("valid_from = 2017-02-15", "valid_from = 2016-02-15"),
        ("prices = [{ valid_from = 2017-01-01", "prices = [{ valid_from = 2017-01-02"),
        ("[programme]", "[programme"),
        ("issue_share_percent = 40", "issue_share_percent = 101"),
        ("transaction_fee_micros = 15_000", "transaction_fee_micros = -1"),
        ('cycle = "month"', 'cycle = "fortnight"'),
        ("limit_minor = 300_000", "limit_minor = 300_000.5"),
        ("warning_percent = 80", "warning_percent = 0"),
        ('approves = "Ida Wells"', 'approves = "Mary Ward"'),
        ("multiplier_percent = 150", "multiplier_percent = 100"),
        ("last_day = 2017-02-19", "last_day = 2017-01-05"),
        ('partner = "drugstore"', 'partner = "casino"'),
        ('partner = "drugstore"', 'partner = "fuel"'),  # it sends purchases one by one
        ('funder = "drugstore"', 'funder = "casino"'),
        ('funder = "drugstore"', 'funder = "operator"'),
        ("percent = 50 }, {", "percent = 60 }, {"),
        ("rate = 21", "rate = 21.5"),
        ('category = "S"', 'category = "Q"'),
        ('mandate = "M-DELI"\n', ""),  # its debit is to come back
        ('in_parts = { partner = "drugstore"', 'in_parts = { partner = "grocer"'),  # it is debited
        ('stray = { partner = "drugstore"', 'stray = { partner = "casino"'),
        ("first_percent = 40", "first_percent = 100"),
        ('reason = "MD06"', 'reason = "because"'),
        ("opened_after = 6", "opened_after = 4"),  # before its statement
        ("weeks_min = 6", "weeks_min = 5"),
        (
            'partner = "fresh-market"\nstatement',
            'partner = "butcher"\nstatement',
        ),  # it is billed by the month
        ('partner = "fresh-market"\nstatement', 'partner = "grocer"\nstatement'),  # it disputes the other one
        ("accepted_minor = 1_250", "accepted_minor = 1_249"),
        ("accepted_minor = 2_000", "accepted_minor = 6_000"),
        ('partner = "fuel"\nweeks_min', 'partner = "drugstore"\nweeks_min'),  # it funds a campaign
        ('partner = "fuel"\nweeks_min', 'partner = "grocer"\nweeks_min'),  # it has a dispute
        ("quiet_weeks = 2", "quiet_weeks = 1"),
        ("buy_out_bp = 8_500", "buy_out_bp = 10_001"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_name(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(DemoConfigError):
        load_config(edited(tmp_path, old, new))


def test_cards_have_13_digits_and_a_luhn_digit(config: DemoConfig) -> None:
    # 7992739871 with 3 is the worked example of the Luhn algorithm.
    assert luhn_digit("7992739871") == "3"
    cards = {card_number(config.cards, household) for household in range(1, 2_501)}
    assert len(cards) == 2_500
    for card in cards:
        assert len(card) == 13
        assert card.startswith("77")
        assert luhn_digit(card[:-1]) == card[-1]
    assert card_number(config.cards, 900) == "7700000009009"
    with pytest.raises(ValueError, match="fit"):
        card_number(config.cards, 10**10)


def test_week_1_is_one_sunday_and_the_weeks_tile_the_year(config: DemoConfig) -> None:
    programme = config.programme
    year = weeks(programme.clock_start, 53, programme.zone)
    assert list(year[0].days()) == [date(2017, 1, 1)]
    assert year[0].starts_at == programme.clock_start_at
    assert year[0].ends_at == datetime(2017, 1, 2, 5, tzinfo=UTC)
    assert year[12].ends_at == datetime(2017, 3, 27, 4, tzinfo=UTC)
    assert year[-1].ends_at == datetime(2018, 1, 1, 5, tzinfo=UTC)
    assert all(before.ends_at == after.starts_at for before, after in pairwise(year))
    assert [day for week in year for day in week.days()] == [
        date(2017, 1, 1) + timedelta(days=days) for days in range(365)
    ]


def test_weeks_of_the_clock_change_are_an_hour_off(config: DemoConfig) -> None:
    programme = config.programme
    hours = {
        week.number: (week.ends_at - week.starts_at) / timedelta(hours=1)
        for week in weeks(programme.clock_start, 53, programme.zone)
    }
    assert {number: length for number, length in hours.items() if length != 168} == {1: 24, 11: 167, 45: 169}


def test_the_week_of_a_date(config: DemoConfig) -> None:
    start = config.programme.clock_start
    assert week_number(date(2017, 1, 1), start) == 1
    assert week_number(date(2017, 1, 2), start) == 2
    assert week_number(date(2017, 12, 31), start) == 53
    with pytest.raises(ValueError, match="before the clock"):
        week_number(date(2016, 12, 31), start)
