"""What is measured, against what, and for how long."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
BENCH_FILE: Final = ROOT / "bench.json"
#: The whole run, start and stop of the platform included.
RUN_SECONDS_MAX: Final = 11 * 60.0
#: Kept free for stopping and for writing the results.
STOP_SECONDS: Final = 20.0
#: A backlog of relay and rating drains within this share of the run that made it.
DRAIN_SHARE_MAX: Final = 0.20
#: Longest that a row waits for its backlog at all.
DRAIN_SECONDS_MAX: Final = 60.0

ITEMS_A_CALL: Final = 256
CALLS_IN_FLIGHT: Final = 6
LINES_A_BATCH: Final = 1_000
BATCH_CONNECTIONS: Final = 4
HTTP_CONNECTIONS: Final = 64
READS_IN_FLIGHT: Final = 8
#: Lines a second that a bulk load is taken to post.
_BULK_RATE: Final = 2_500
#: What two million hashes, and the proofs of a million entries, are taken to last.
_HASH_SECONDS: Final = 1.5
_PROVE_SECONDS: Final = 6.5
#: The same of a GROUP BY over a million entries, of netting them, and of a close with the moments around it.
_GROUP_SECONDS: Final = 0.5
_AGGREGATE_SECONDS: Final = 1.5
_CUT_SECONDS: Final = 2.7
#: The same of a step of a settled month, of six that differ.
_SETTLED_SECONDS: Final = 2.0
#: Preparing a load, and waiting for relay and rating after it.
_ROUND_EXTRA_SECONDS: Final = 1.5


class BenchRefused(Exception):
    """The run cannot start; the text says what to do about it."""


class RowFailed(Exception):
    """A row cannot be trusted: an answer was not what it should be, or a process died."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a row has to hold: its ratio, or its value where it has no reference. `aim`: what is hoped for; 0: no more."""

    limit: float
    at_most: bool = False
    aim: float = 0.0

    def holds(self, figure: float) -> bool:
        """Whether a figure is good enough."""
        return figure <= self.limit if self.at_most else figure >= self.limit

    def __str__(self) -> str:
        """As a table shows it."""
        told = f"{'≤' if self.at_most else '≥'} {self.limit:,g}"
        return f"{told}, aim {self.aim:,g}" if self.aim else told


@dataclass(frozen=True, slots=True)
class RowPlan:
    """A row: its name, the unit of its value, and the row it is compared with (empty: none).

    `books`: it needs the filled books; `posts`: it adds to them. `rounds`: how often it is measured at most; 0: as the
    scale says. `warm_up` False: it is not run once before.
    """

    name: str
    unit: str
    reference: str = ""
    books: bool = False
    posts: bool = False
    mark: Mark | None = None
    rounds: int = 0
    warm_up: bool = True


def _posting(
    name: str,
    unit: str,
    reference: str = "",
    mark: Mark | None = None,
    rounds: int = 0,
    *,
    warm_up: bool = True,
) -> RowPlan:
    return RowPlan(name, unit, reference, books=True, posts=True, mark=mark, rounds=rounds, warm_up=warm_up)


PGBENCH: Final = RowPlan("pgbench.tpcb", "transactions/s", warm_up=False)
POSTING: Final = _posting("posting.earn_batched", "postings/s", PGBENCH.name, Mark(2.5, aim=3.0))
REPLICAS: Final = _posting("posting.two_replicas", "postings/s", POSTING.name, Mark(0.9))
MIXED: Final = _posting("posting.mixed", "postings/s", PGBENCH.name, Mark(1.5))
BATCH: Final = _posting("http.batch_lines", "lines/s", PGBENCH.name, Mark(1.2))
SPREAD: Final = _posting("posting.spread", "postings/s")
HOT: Final = _posting("posting.hot_partner", "postings/s", SPREAD.name, Mark(0.9), warm_up=False)
BARE: Final = RowPlan("http.bare", "requests/s")
NOOP: Final = RowPlan("http.noop", "requests/s", BARE.name, mark=Mark(0.5))
EARN: Final = _posting("http.earn_single", "requests/s", NOOP.name, Mark(0.6))
PURCHASE: Final = _posting(
    "http.purchase_single", "requests/s", NOOP.name, Mark(0.5), rounds=1, warm_up=False
)
READ_FEW: Final = RowPlan("balance.read_10", "reads/s", books=True, rounds=2)
READ_MANY: Final = RowPlan(
    "balance.read_1m", "reads/s", READ_FEW.name, books=True, mark=Mark(0.8), rounds=2, warm_up=False
)
ALONE: Final = _posting("posting.lane_alone", "ms, p99", rounds=1)
BESIDE_BULK: Final = _posting(
    "posting.lane_p99", "ms, p99", ALONE.name, Mark(2.0, at_most=True), rounds=1, warm_up=False
)
TILLS_ALONE: Final = _posting("http.tills_alone", "ms, p99", rounds=1)
TILLS_BESIDE: Final = _posting(
    "http.tills_beside", "ms, p99", TILLS_ALONE.name, Mark(2.0, at_most=True), rounds=1, warm_up=False
)
DISK: Final = _posting("disk.earn", "bytes", mark=Mark(1_000, at_most=True), rounds=1, warm_up=False)
HASHES: Final = RowPlan("hash.two_million", "s", rounds=2, warm_up=False)
PROOFS: Final = RowPlan(
    "settlement.prove_million",
    "s",
    HASHES.name,
    books=True,
    mark=Mark(6.0, at_most=True),
    rounds=2,
    warm_up=False,
)
GROUP_BY: Final = RowPlan("clearing.group_by", "s", books=True, warm_up=False)
AGGREGATE: Final = RowPlan(
    "settlement.aggregate_million",
    "s",
    GROUP_BY.name,
    books=True,
    mark=Mark(4.0, at_most=True),
    warm_up=False,
)


def _settled(step: str, mark: Mark | None = None) -> RowPlan:
    return RowPlan(f"settlement.{step}", "s", HASHES.name, mark=mark, rounds=1, warm_up=False)


#: The steps of a month of many partners, each on what the one before it left.
SETTLED: Final = (
    _settled("draft"),
    _settled("approve"),
    _settled("instruct", Mark(5.0, at_most=True)),
    _settled("documents"),
    _settled("bank_in"),
    _settled("trace"),
)
#: It closes windows: nothing that builds on the filled books comes after it.
CUTS: Final = RowPlan(
    "settlement.cut_pause", "times", books=True, mark=Mark(2.0, at_most=True), rounds=1, warm_up=False
)
#: Rows that take turns, round by round: each subject runs in the same round as its reference.
CHAINS: Final = (
    (PGBENCH, POSTING, REPLICAS, MIXED, BATCH),
    (DISK,),
    (BARE, NOOP, EARN, PURCHASE),
    (SPREAD, HOT),
    (READ_FEW, READ_MANY),
    (GROUP_BY, AGGREGATE),
    (HASHES, PROOFS, *SETTLED),
    (ALONE, BESIDE_BULK),
    (CUTS,),
)
#: Events on a log of their own; what is by the runtime against what the library does without a database.
PUBLISH: Final = RowPlan("nats.publish", "events/s", warm_up=False)
RELAY: Final = RowPlan("events.relay", "events/s", PUBLISH.name, mark=Mark(0.7), warm_up=False)
FETCH: Final = RowPlan("nats.fetch", "events/s", warm_up=False)
CONSUME: Final = RowPlan("events.consume", "events/s", FETCH.name, mark=Mark(0.3), warm_up=False)
CONSUME_EACH: Final = RowPlan("events.consume_each", "events/s", FETCH.name, rounds=1, warm_up=False)
LAG: Final = RowPlan("events.lag", "ms, p99", rounds=1, warm_up=False)
LAG_BESIDE: Final = RowPlan(
    "events.lag_beside", "ms, p99", books=True, mark=Mark(2_000, at_most=True), rounds=1, warm_up=False
)
#: Run by name only: minutes that the whole has no room for.
BY_NAME: Final = (
    TILLS_ALONE, TILLS_BESIDE, PUBLISH, RELAY, FETCH, CONSUME, CONSUME_EACH, LAG, LAG_BESIDE,
)  # fmt: skip
ROWS: Final = (*(row for chain in CHAINS for row in chain), *BY_NAME)


@dataclass(frozen=True, slots=True)
class Scale:
    """How large and how long. Times in seconds.

    `partners_many`: partners of the rows with many of them. `busy_entries`: those of the busy member. `bulk_lines`: load
    beside which the lane for tills is measured; `events`: those of a log that is relayed and consumed; `arrivals_per_second`: what comes to that lane. `cuts`: windows that are closed under load. `settled_partners`: those of the month that is settled. `proves`: the checkers prove
    the filled books first; at full scale that would take a fifth of the time that there is for measuring.
    """

    postings: int
    members: int
    cards: int
    partners: int
    partners_many: int
    busy_entries: int
    rounds: int
    load_seconds: float
    read_seconds: float
    arrival_seconds: float
    warm_seconds: float
    bulk_lines: int
    events: int
    arrivals_per_second: int
    pgbench_scale: int
    pgbench_seconds: int
    pgbench_trial_seconds: int
    pgbench_clients: tuple[int, ...]
    cuts: int
    settled_partners: int
    proves: bool

    def seconds_of(self, row: RowPlan) -> float:
        """How long a row is measured in each round; of one beside a bulk load about how long that takes."""
        seconds = {
            PGBENCH.name: self.pgbench_seconds,
            READ_FEW.name: self.read_seconds,
            READ_MANY.name: self.read_seconds,
            ALONE.name: self.arrival_seconds,
            TILLS_ALONE.name: self.arrival_seconds,
            BESIDE_BULK.name: self.bulk_lines / _BULK_RATE,
            TILLS_BESIDE.name: self.bulk_lines / _BULK_RATE,
            HASHES.name: _HASH_SECONDS,
            PROOFS.name: _PROVE_SECONDS,
            GROUP_BY.name: _GROUP_SECONDS,
            AGGREGATE.name: _AGGREGATE_SECONDS,
            CUTS.name: self.cuts * _CUT_SECONDS,
            **dict.fromkeys((row.name for row in SETTLED), _SETTLED_SECONDS),
        }
        return seconds.get(row.name, self.load_seconds)

    def rounds_of(self, row: RowPlan) -> int:
        """In how many rounds a row is measured."""
        return min(self.rounds, row.rounds or self.rounds)

    def seconds_in_all(self, row: RowPlan) -> float:
        """About how long a row takes with all its rounds, with what comes before and after each."""
        warm_up = self.warm_seconds + _ROUND_EXTRA_SECONDS if row.warm_up else 0.0
        return warm_up + self.rounds_of(row) * (self.seconds_of(row) + _ROUND_EXTRA_SECONDS)


FULL: Final = Scale(
    postings=1_000_000,
    members=100_000,
    cards=1_000,
    partners=20,
    partners_many=1_000,
    busy_entries=1_000_000,
    rounds=3,
    load_seconds=6,
    read_seconds=3,
    arrival_seconds=12,
    warm_seconds=2,
    bulk_lines=100_000,
    events=200_000,
    arrivals_per_second=400,
    pgbench_scale=50,
    pgbench_seconds=15,
    pgbench_trial_seconds=4,
    pgbench_clients=(4, 8, 16, 32),
    cuts=20,
    settled_partners=200,
    proves=False,
)
#: Shows in a minute that everything works; its figures mean nothing.
QUICK: Final = Scale(
    postings=20_000,
    members=2_000,
    cards=100,
    partners=20,
    partners_many=60,
    busy_entries=20_000,
    rounds=1,
    load_seconds=2,
    read_seconds=1,
    arrival_seconds=2,
    warm_seconds=1,
    bulk_lines=8_192,
    events=10_000,
    arrivals_per_second=100,
    pgbench_scale=2,
    pgbench_seconds=2,
    pgbench_trial_seconds=1,
    pgbench_clients=(4, 8),
    cuts=3,
    settled_partners=20,
    proves=True,
)


def chains_for(only: str) -> list[list[RowPlan]]:
    """The rows to run: all, or one with its reference. Raises BenchRefused for a name that is none."""
    if not only:
        return [list(chain) for chain in CHAINS]
    wanted = next((row for row in ROWS if row.name == only), None)
    if wanted is None:
        raise BenchRefused(f"no row is named {only!r}; there are {', '.join(row.name for row in ROWS)}")
    # Its reference is only that here, and compared with nothing itself.
    references = [replace(row, reference="", mark=None) for row in ROWS if row.name == wanted.reference]
    return [[*references, wanted]]
