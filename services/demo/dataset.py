"""The year of real purchases, as the demo's partners see it.

One purchase is what one basket holds for one partner: 349,222 of them. Amounts are cents of US dollars,
instants are UTC and exact. What stays as it is in the data: purchases worth nothing, lines with quantity 0,
fuel in odd units, products that no table knows, two baskets of a household in the same second. The data has
no returns.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Literal

import numpy as np

from services.demo.config import DemoConfig
from services.demo.source import Ints, LineColumns, Products, data_folder, read_lines, read_products
from services.demo.weeks import Week, week_number, weeks


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a purchase.

    `sku` is the data's product id, `category` its product category or empty, `quantity` decimal text,
    `amount_minor` what the partner takes for the line, `discount_minor` what it gave off before that.
    """

    sku: str
    category: str
    quantity: str
    amount_minor: int
    discount_minor: int


@dataclass(frozen=True, slots=True)
class Tender:
    """A part of the payment: money, or coupons that a manufacturer pays the partner for."""

    kind: Literal["money", "coupon"]
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Purchase:
    """What one basket holds for one partner.

    `reference` (the basket id) is unique per partner; `store` is the partner's own name of it. The tenders
    sum to `amount_minor`, the lines too. `day` is the local date and `week` its week, from 1.
    """

    partner: str
    reference: str
    household: int
    store: str
    occurred_at: datetime
    day: date
    week: int
    amount_minor: int
    lines: tuple[Line, ...]
    tenders: tuple[Tender, ...]


@dataclass(frozen=True, slots=True)
class PartnerTotals:
    """What the data holds for one partner; `members` are distinct households, sales are in cents."""

    lines: int
    purchases: int
    members: int
    sales_minor: int


class Dataset:
    """The purchases of weeks 1 to N, kept as arrays; those of a day are built when asked for."""

    def __init__(
        self, config: DemoConfig, window: tuple[Week, ...], lines: LineColumns, products: Products
    ) -> None:
        self.weeks = window
        self._config = config
        self._products = products
        self._lines = lines
        changes = (np.diff(lines.basket) != 0) | (np.diff(lines.partner) != 0)
        self._starts: Ints = np.concatenate(([0], np.flatnonzero(changes) + 1)).astype(np.int64)
        # Rises along the lines: where each partner's day begins is found by bisection.
        self._day_partner: Ints = lines.day * len(config.partners) + lines.partner

    def __len__(self) -> int:
        """How many purchases there are."""
        return len(self._starts)

    def days(self) -> Iterator[date]:
        """Every local date of its weeks in order, also one without purchases."""
        for week in self.weeks:
            yield from week.days()

    def purchases(self, day: date, partner: str) -> tuple[Purchase, ...]:
        """One partner's purchases of a local date, by (instant, basket); empty outside its weeks."""
        place = [each.slug for each in self._config.partners].index(partner)
        key = (day - self._config.programme.clock_start).days * len(self._config.partners) + place
        first, end = (int(found) for found in np.searchsorted(self._day_partner, (key, key + 1)))
        inner = self._starts[slice(*np.searchsorted(self._starts, (first, end)))].tolist()
        lines = self._build_lines(first, end)
        return tuple(
            self._build(start, day, partner, lines[start - first : stop - first])
            for start, stop in pairwise([*inner, end])
        )

    def day(self, day: date) -> tuple[Purchase, ...]:
        """All purchases of a local date in sending order: partner by partner, then as above."""
        return tuple(
            purchase for partner in self._config.partners for purchase in self.purchases(day, partner.slug)
        )

    def households(self) -> tuple[int, ...]:
        """The households that buy, rising: the members to enrol."""
        return tuple(np.unique(self._lines.household).tolist())

    def stores(self) -> dict[str, tuple[str, ...]]:
        """Each partner's stores with a purchase, by the data's number."""
        return {
            partner.slug: tuple(
                store_name(store)
                for store in np.unique(self._lines.store[self._lines.partner == place]).tolist()
            )
            for place, partner in enumerate(self._config.partners)
        }

    def totals(self) -> dict[str, PartnerTotals]:
        """What it holds, by partner."""
        found: dict[str, PartnerTotals] = {}
        partner_of_purchase = self._lines.partner[self._starts]
        for place, partner in enumerate(self._config.partners):
            mine = self._lines.partner == place
            found[partner.slug] = PartnerTotals(
                lines=int(np.count_nonzero(mine)),
                purchases=int(np.count_nonzero(partner_of_purchase == place)),
                members=len(np.unique(self._lines.household[mine])),
                sales_minor=int(self._lines.amount[mine].sum()),
            )
        return found

    def _build(self, start: int, day: date, partner: str, lines: tuple[Line, ...]) -> Purchase:
        columns = self._lines
        amount_minor = sum(line.amount_minor for line in lines)
        coupon_minor = int(columns.coupon[start : start + len(lines)].sum())
        return Purchase(
            partner=partner,
            reference=str(int(columns.basket[start])),
            household=int(columns.household[start]),
            store=store_name(int(columns.store[start])),
            occurred_at=datetime.fromtimestamp(int(columns.instant[start]), UTC),
            day=day,
            week=week_number(day, self._config.programme.clock_start),
            amount_minor=amount_minor,
            lines=lines,
            tenders=_tenders(amount_minor, coupon_minor),
        )

    def _build_lines(self, first: int, end: int) -> tuple[Line, ...]:
        """A run of lines; whole slices become Python numbers at once, which is most of the speed."""
        columns, categories = self._lines, self._products.categories
        rows: Iterator[tuple[int, int, int, int, int]] = zip(
            columns.sku[first:end].tolist(),
            columns.product[first:end].tolist(),
            columns.quantity[first:end].tolist(),
            columns.amount[first:end].tolist(),
            columns.discount[first:end].tolist(),
            strict=True,
        )
        return tuple(
            Line(str(sku), categories[product] if product >= 0 else "", str(quantity), amount, discount)
            for sku, product, quantity, amount, discount in rows
        )


def load_dataset(config: DemoConfig, week_count: int) -> Dataset:
    """Weeks 1 to `week_count` of the installed data set, in a second or two.

    Raises DatasetError for the files, ValueError for a count that the data does not have.
    """
    programme = config.programme
    if not 1 <= week_count <= programme.weeks_max:
        raise ValueError(f"weeks: 1 to {programme.weeks_max}, not {week_count}")
    window = weeks(programme.clock_start, week_count, programme.zone)
    folder = data_folder(config)
    products = read_products(folder)
    return Dataset(config, window, read_lines(folder, products, config, window[-1].ends_at), products)


def store_name(store: int) -> str:
    """What a partner calls the data's store of that number."""
    return f"S{store}"


def _tenders(amount_minor: int, coupon_minor: int) -> tuple[Tender, ...]:
    """How a purchase was paid. The data counts a manufacturer's coupon as sales of the shop.

    Coupons whose product is another partner's or unknown can exceed the purchase: they are cut to it.
    """
    coupon = min(coupon_minor, amount_minor)
    parts = (Tender("coupon", coupon), Tender("money", amount_minor - coupon))
    return tuple(part for part in parts if part.amount_minor > 0)
