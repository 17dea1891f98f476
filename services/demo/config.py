"""demo.toml as frozen dataclasses: all of the demo that is not in the data set."""

import tomllib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from services.demo.figures import OPERATOR
from services.demo.settling_config import Bank, Disputes, Leaving, Operator, Payment, Tax
from services.demo.weeks import local_midnight

DEMO_FILE = Path(__file__).with_name("demo.toml")

# A misspelt key is an error, not a default.
_FILE = ConfigDict(extra="forbid")

Positive = Annotated[int, Field(strict=True, ge=1)]
Amount = Annotated[int, Field(strict=True, ge=0)]
Percent = Annotated[int, Field(strict=True, ge=0, le=100)]
Text = Annotated[str, Field(min_length=1)]


class DemoConfigError(ValueError):
    """demo.toml says something that the demo cannot use; the text names the key."""


@dataclass(frozen=True, slots=True, config=_FILE)
class Source:
    """The package that holds the data set, and the only version whose figures are known."""

    package: Text
    version: Text


@dataclass(frozen=True, slots=True, config=_FILE)
class Programme:
    """The programme that the demo registers; `clock_start` is a local date (its midnight)."""

    slug: Text
    name: Text
    zone: ZoneInfo
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    mode: Literal["test"]  # only a test programme's clock can be moved
    clock_start: date
    expiry_months: Positive
    weeks_max: Positive

    @property
    def clock_start_at(self) -> datetime:
        """The instant (UTC) at which programme time starts."""
        return local_midnight(self.clock_start, self.zone)


@dataclass(frozen=True, slots=True, config=_FILE)
class Cards:
    """How a household's card number is made; see cards.py."""

    prefix: Annotated[str, Field(pattern="^[0-9]+$")]
    household_digits: Positive


@dataclass(frozen=True, slots=True, config=_FILE)
class EarnRate:
    """`points` for every `per_minor` minor units of a purchase's total."""

    points: Positive
    per_minor: Positive

    def earned(self, amount_minor: int) -> int:
        """Points of one purchase of that total, rounded down once."""
        return amount_minor * self.points // self.per_minor


@dataclass(frozen=True, slots=True, config=_FILE)
class Price:
    """One entry of a rate card, in micros per point, from local midnight of `valid_from` on.

    `issue_share_percent` of the issue price is due when a point is issued, the rest once it is used; the fee, in micros,
    is owed for each sale that earns and each redemption.
    """

    valid_from: date
    issue_micros: Positive
    reimbursement_micros: Positive
    issue_share_percent: Percent = 100
    transaction_fee_micros: Amount = 0


@dataclass(frozen=True, slots=True, config=_FILE)
class Billing:
    """How often a partner gets a statement, and what it owes with each, in minor units."""

    cycle: Literal["window", "month"] = "window"
    cycle_fee_minor: Amount = 0


@dataclass(frozen=True, slots=True, config=_FILE)
class Credit:
    """How far a partner may owe and what is guaranteed elsewhere (`prefunded_minor`), in minor units; see operations.approvals.terms_of."""

    limit_minor: Amount
    prefunded_minor: Amount
    on_limit: Literal["refuse", "park"]
    warning_percent: Annotated[int, Field(strict=True, ge=1, le=100)]


@dataclass(frozen=True, slots=True, config=_FILE)
class Staff:
    """The names of the person who proposes credit limits and settlement runs, and of the one who approves them."""

    proposes: Text
    approves: Text


@dataclass(frozen=True, slots=True, config=_FILE)
class Funder:
    """Who pays for `percent` of a campaign's points: the slug of a partner, or OPERATOR."""

    funder: Text
    percent: Annotated[int, Field(strict=True, ge=1, le=100)]


@dataclass(frozen=True, slots=True, config=_FILE)
class Campaign:
    """Points on top of a partner's sales on the local dates from `first_day` to `last_day`, out of a budget in points.

    A sale brings `multiplier_percent` of its base points in all, rounded down.
    """

    name: Text
    partner: Text
    multiplier_percent: Annotated[int, Field(strict=True, gt=100)]
    first_day: date
    last_day: date
    budget_points: Positive
    funders: Annotated[tuple[Funder, ...], Field(min_length=1)]

    def granted(self, partner: str, day: date, base_points: int) -> int:
        """Points on top of those of one sale."""
        if partner != self.partner or not self.first_day <= day <= self.last_day:
            return 0
        return base_points * (self.multiplier_percent - 100) // 100


@dataclass(frozen=True, slots=True, config=_FILE)
class DemoPartner:
    """One partner: what it sells, how it sends, what it gives and what its points cost.

    `takes_rest`: it also gets the departments that nobody names. `burn_share_permille`: of 1000 visits
    by members with enough points, how many burn. `prices` are in the order of their dates. `credit`: None without a limit.
    `tax`, `payment`: what its settlement takes.
    """

    slug: Text
    name: Text
    sends: Literal["single", "batch"]
    departments: tuple[Text, ...]
    earn: EarnRate
    burn_share_permille: Annotated[int, Field(strict=True, ge=0, le=1000)]
    prices: Annotated[tuple[Price, ...], Field(min_length=1)]
    tax: Tax
    payment: Payment
    takes_rest: bool = False
    billing: Billing = Billing()
    credit: Credit | None = None

    def price_on(self, day: date) -> Price:
        """The entry that applies on a local date; raises DemoConfigError before the first."""
        for price in reversed(self.prices):
            if price.valid_from <= day:
                return price
        raise DemoConfigError(f"{self.slug}: no price on {day}")


@dataclass(frozen=True, slots=True, config=_FILE)
class BurnRule:
    """When and how much a member burns (points, minor units); see demo.toml."""

    seed: Annotated[str, Field(min_length=1, max_length=64)]
    balance_min: Positive
    points_step: Positive
    points_max: Positive
    value_points: Positive
    value_minor: Positive
    local_time: time


@dataclass(frozen=True, slots=True, config=_FILE)
class DemoConfig:
    """The whole file. The order of `partners` is the order of sending and of burning."""

    data: Source
    programme: Programme
    cards: Cards
    burns: BurnRule
    staff: Staff
    campaign: Campaign
    operator: Operator
    bank: Bank
    disputes: Disputes
    leaving: Leaving
    partners: tuple[DemoPartner, ...]

    def partner(self, slug: str) -> DemoPartner:
        """The partner of that slug; raises KeyError."""
        for partner in self.partners:
            if partner.slug == slug:
                return partner
        raise KeyError(slug)

    def windows(self, weeks: int) -> int:
        """How many weeks a demo has in all that has so many with purchases."""
        return weeks + self.leaving.quiet_weeks

    def checked(self) -> Self:
        """Itself, when the parts fit each other; raises DemoConfigError otherwise."""
        slugs = [partner.slug for partner in self.partners]
        departments = [name for partner in self.partners for name in partner.departments]
        if len(set(slugs)) != len(slugs) or len(set(departments)) != len(departments):
            raise DemoConfigError("partners: a slug or a department stands twice")
        if sum(partner.takes_rest for partner in self.partners) != 1:
            raise DemoConfigError("partners: exactly one takes_rest")
        for partner in self.partners:
            dates = [price.valid_from for price in partner.prices]
            if dates != sorted(set(dates)):
                raise DemoConfigError(f"{partner.slug}.prices: dates must rise")
            if dates[0] > self.programme.clock_start:
                raise DemoConfigError(f"{partner.slug}.prices: none when the clock starts")
        if self.staff.proposes == self.staff.approves:
            raise DemoConfigError("staff: nobody approves what he proposes")
        self._check_campaign(slugs)
        for misfit in self._misfits():
            raise DemoConfigError(misfit)
        return self

    def _misfits(self) -> Iterator[str]:
        yield from self.bank.misfits({partner.slug: partner.payment for partner in self.partners})
        yield from self.disputes.misfits(
            {partner.slug for partner in self.partners if partner.billing.cycle == "window"}
        )
        campaign, disputes = self.campaign, self.disputes
        busy = {campaign.partner, *(funder.funder for funder in campaign.funders)}
        busy |= {disputes.accepted.partner, disputes.withheld.partner}
        yield from self.leaving.misfits({partner.slug for partner in self.partners}, busy)

    def _check_campaign(self, slugs: Sequence[str]) -> None:
        campaign = self.campaign
        funders = [funder.funder for funder in campaign.funders]
        if campaign.partner not in slugs or not set(funders) <= {*slugs, OPERATOR}:
            raise DemoConfigError("campaign: its partner and funders are partners, or the operator")
        if len(set(funders)) != len(funders) or sum(funder.percent for funder in campaign.funders) != 100:
            raise DemoConfigError("campaign.funders: each once, with 100 per cent between them")
        if campaign.first_day > campaign.last_day:
            raise DemoConfigError("campaign: it ends before it starts")
        if self.partner(campaign.partner).sends != "batch":
            # Its lots cost their funders another price than the base lots of the same instant: which are used first has to
            # be known, and only a batch keeps the order of its lines.
            raise DemoConfigError("campaign: only at a partner that sends batches")


_DOCUMENT = TypeAdapter(DemoConfig)


def load_config(path: Path = DEMO_FILE) -> DemoConfig:
    """Read and check the file; raises DemoConfigError."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        return _DOCUMENT.validate_python(document).checked()
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise DemoConfigError(f"{path.name}: {error}") from error
