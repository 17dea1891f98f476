"""Reads the data set's files into arrays: one row per line of a purchase, sorted as the demo sends them.

The order is (local date, partner's place in demo.toml, instant, basket, place in the file), so that a day, a
partner's day and a purchase are slices. Money is read exactly: the files hold doubles, a few of them off by
one in the last place (12.900000000000002), and each distinct value goes through Decimal to whole cents.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from pyarrow import parquet

from services.demo.config import DemoConfig
from services.demo.weeks import local_midnight, weeks

Ints = npt.NDArray[np.int64]

# pyarrow has no types: its tables stay Any, within this module.
_PARQUET = cast("Any", parquet)

_LINE_COLUMNS = (
    "household_id",
    "store_id",
    "basket_id",
    "product_id",
    "quantity",
    "sales_value",
    "retail_disc",
    "coupon_disc",
    "coupon_match_disc",
    "transaction_timestamp",
)
_PRODUCT_COLUMNS = ("product_id", "department", "product_category")
# A value further than this from a whole cent is not noise of a double but something unknown.
_NOISE_MAX = Decimal("0.000000001")


class DatasetError(Exception):
    """The data set is not installed, is of another version, or holds what the demo cannot read."""


@dataclass(frozen=True, slots=True)
class Products:
    """The product table, sorted by id; texts are empty where the data has none."""

    ids: Ints
    departments: list[str]
    categories: list[str]


@dataclass(frozen=True, slots=True)
class LineColumns:
    """Lines in sending order.

    `day` counts from 0 at the clock's start, `partner` is a place in demo.toml, `instant` is in seconds of
    UTC, `product` a row of Products or -1; amounts are in cents.
    """

    day: Ints
    partner: Ints
    instant: Ints
    basket: Ints
    household: Ints
    store: Ints
    sku: Ints
    product: Ints
    quantity: Ints
    amount: Ints
    discount: Ints
    coupon: Ints


def data_folder(config: DemoConfig) -> Path:
    """Where the installed package keeps its files; raises DatasetError."""
    wanted = config.data
    try:
        found = version(wanted.package)
    except PackageNotFoundError as error:
        raise DatasetError(f"{wanted.package} is not installed: uv sync --extra demo") from error
    if found != wanted.version:
        raise DatasetError(f"{wanted.package} is {found}, the demo's figures are of {wanted.version}")
    # find_spec does not import the package, which would import pandas for nothing.
    spec = find_spec(wanted.package.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise DatasetError(f"{wanted.package} has no files")
    return Path(spec.origin).parent / "data"


def read_products(folder: Path) -> Products:
    """Every product of the data set."""
    table = _read(folder / "products.parquet", _PRODUCT_COLUMNS)
    ids = _ints(table, "product_id")
    if bool(np.any(np.diff(ids) <= 0)):
        raise DatasetError("products are not sorted by a unique id")
    return Products(ids, _texts(table, "department"), _texts(table, "product_category"))


def read_lines(folder: Path, products: Products, config: DemoConfig, end: datetime) -> LineColumns:
    """The lines before `end` in sending order; raises DatasetError for one before the clock's start."""
    table = _read(folder / "transactions.parquet", _LINE_COLUMNS)
    instant = _seconds(table, "transaction_timestamp")
    day = _days(instant, config)
    sku = _ints(table, "product_id")
    product = _rows(products.ids, sku)
    partner = _partners(products, config)[product]
    basket = _ints(table, "basket_id")
    by_sending = np.lexsort((basket, instant, day * len(config.partners) + partner))
    order = cast("Ints", by_sending[instant[by_sending] < int(end.timestamp())])
    discount = _cents(table, "retail_disc") + _cents(table, "coupon_match_disc")
    return LineColumns(
        day=day[order],
        partner=partner[order],
        instant=instant[order],
        basket=basket[order],
        household=_ints(table, "household_id")[order],
        store=_ints(table, "store_id")[order],
        sku=sku[order],
        product=product[order],
        quantity=_ints(table, "quantity")[order],
        amount=_cents(table, "sales_value")[order],
        discount=discount[order],
        coupon=_cents(table, "coupon_disc")[order],
    )


def _days(instant: Ints, config: DemoConfig) -> Ints:
    """The local date of each instant, counted from the clock's start (no local times are needed)."""
    programme = config.programme
    year = weeks(programme.clock_start, programme.weeks_max, programme.zone)
    midnights = [local_midnight(day, programme.zone) for week in year for day in week.days()]
    starts = np.array([int(midnight.timestamp()) for midnight in midnights], dtype=np.int64)
    day = np.searchsorted(starts, instant, side="right").astype(np.int64) - 1
    if bool(np.any(day < 0)):
        raise DatasetError("a line is older than the demo's clock")
    return day


def _partners(products: Products, config: DemoConfig) -> Ints:
    """Each product's partner, and the rest's once more at the end: index -1 is the unknown product."""
    named = {name: place for place, partner in enumerate(config.partners) for name in partner.departments}
    rest = next(place for place, partner in enumerate(config.partners) if partner.takes_rest)
    return np.array([named.get(name, rest) for name in products.departments] + [rest], dtype=np.int64)


def _rows(ids: Ints, wanted: Ints) -> Ints:
    """The place of each wanted id among sorted ids, -1 where it is missing."""
    places = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1).astype(np.int64)
    return np.where(ids[places] == wanted, places, -1)


def _read(path: Path, columns: Sequence[str]) -> Any:
    """Columns of a parquet file, in one chunk each."""
    with _PARQUET.ParquetFile(path) as file:
        return file.read(columns=list(columns)).combine_chunks()


def _ints(table: Any, name: str) -> Ints:
    return _numbers(table[name].cast("int64").chunk(0))


def _numbers(array: Any) -> Ints:
    """An array without nulls; pyarrow's own to_numpy would import pandas, which takes over a second."""
    return cast("Ints", np.from_dlpack(array))


def _seconds(table: Any, name: str) -> Ints:
    nanoseconds = _ints(table, name)
    if bool(np.any(nanoseconds % 1_000_000_000)):
        raise DatasetError(f"{name} has fractions of a second")
    return nanoseconds // 1_000_000_000


def _texts(table: Any, name: str) -> list[str]:
    encoded = table[name].chunk(0).dictionary_encode(null_encoding="encode")
    distinct = cast("list[str | None]", encoded.dictionary.to_pylist())
    return [distinct[place] or "" for place in _numbers(encoded.indices).tolist()]


def _cents(table: Any, name: str) -> Ints:
    """A column of money as whole cents; each distinct double is read as a decimal once."""
    encoded = table[name].chunk(0).dictionary_encode()
    distinct = cast("list[float]", encoded.dictionary.to_pylist())
    cents: list[int] = []
    for value in distinct:
        exact = Decimal(repr(value))
        rounded = round(exact, 2)
        if abs(exact - rounded) > _NOISE_MAX:
            raise DatasetError(f"{name} holds {value!r}, which is not whole cents")
        cents.append(int(rounded * 100))
    return np.array(cents, dtype=np.int64)[_numbers(encoded.indices)]
