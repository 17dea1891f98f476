"""What each partner pays per settlement run, from recompute.py's figures and demo.toml alone: imports nothing of the platform.

1. A run is made when a week is closed in which a month ends, and after the last week. It takes all statements that no run had.
2. A line of a document is the points (or fees) of one supply, kind, type and price in all of these: half away from zero to cents, once.
   An invoice has the supplies points and fees, a self-billed one reimbursement, a credit note what disputes gave back. Tax: on the lines
   of a category and rate together, half away from zero, once a document. Due = invoice − self-billed invoice − credit note + what is
   brought forward.
3. What is owed to a partner and less than its least payout is brought forward. So is, from two weeks after the first run on,
   the stray amount to the credit of its partner, less what its invoice of the first run takes of it; and from three weeks after it
   on the debit that came back, with its fee. What is withheld, with its tax, is brought forward to the partner's credit from
   its dispute on; two weeks later it is due again, as far as it is not in a credit note.
4. After the last week a run is made each week in which something is brought forward that a run would collect or pay out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final

_MICROS_PER_CENT: Final = 10_000
_WEEKS_AFTER: Final = 12
_STRAY_AFTER: Final = 2
_RETURNED_AFTER: Final = 3
_WITHHELD_WEEKS: Final = 2
_SALES: Final = ("points", "fees")
_GIVEN_BACK: Final = "adjustment"


def half_away(numerator: int, denominator: int) -> int:
    """A quotient rounded half away from zero; both parts are not below zero."""
    return (2 * numerator + denominator) // (2 * denominator)


def document_totals(lines: Mapping[str, int], rules: Mapping[str, Any]) -> dict[str, int]:
    """Net and tax in cents of an invoice (`sold`, `sold_tax`), a self-billed one (`bought`, …) and a credit note (`given_back`, …).

    `lines`: how many of "supply kind price"; `rules`: by supply, as in demo.toml.
    """
    taxed: dict[str, Counter[tuple[str, int]]] = {
        name: Counter() for name in ("sold", "bought", "given_back")
    }
    for line, quantity in lines.items():
        supply, kind, price = line.split(" ")
        rule = rules[supply]
        net = half_away(quantity * int(price), _MICROS_PER_CENT)
        name = "given_back" if kind.startswith(_GIVEN_BACK) else "sold" if supply in _SALES else "bought"
        taxed[name][rule["category"], rule["rate"]] += net
    totals: dict[str, int] = {}
    for name, nets in taxed.items():
        totals[name] = sum(nets.values())
        totals[f"{name}_tax"] = sum(half_away(net * rate, 100) for (_, rate), net in nets.items())
    return totals


def month_ends(start: date, week: int) -> bool:
    """Whether a month ends in a week, or with its last day; weeks end with Sundays, the first one starts at `start`."""
    monday_after = start + timedelta(days=7 * week - start.weekday())
    first_day = max(start, monday_after - timedelta(days=7))
    return (first_day.year, first_day.month) != (monday_after.year, monday_after.month)


def stated(demo: Mapping[str, Any], partner: Mapping[str, Any], weeks: Iterable[int]) -> int:
    """The last of some weeks with which a partner gets a statement; 0: with none."""
    monthly = partner.get("billing", {}).get("cycle") == "month"
    start = demo["programme"]["clock_start"]
    return max((week for week in weeks if not monthly or month_ends(start, week)), default=0)


def recompute_runs(demo: Mapping[str, Any], figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The runs in their order, each with what it comes to by partner in cents (above zero: pays).

    A run: `until` (its last week), `partners`: by slug `statements` (their nets), `net` and `tax` (of its documents, signed),
    `brought_forward`, `due`, `outcome` (`collect`, `invoice`, `pay`, `nothing`, `below_least`). Partners that have nothing are left out.
    """
    weeks = figures["weeks"]  # with the quiet ones
    start, bank = demo["programme"]["clock_start"], demo["bank"]
    settled, forward = Counter[str](), Counter[str]()
    runs: list[dict[str, Any]] = []
    first = 0
    for week in range(1, weeks + _WEEKS_AFTER + 1):
        if first and week == first + _STRAY_AFTER:
            forward[bank["stray"]["partner"]] -= _stray_left(bank, runs[0])
        if first and week == first + _RETURNED_AFTER:
            _come_back(demo, runs[0], forward)
        forward[demo["disputes"]["withheld"]["partner"]] += _withheld(
            demo, weeks - demo["leaving"]["quiet_weeks"], week
        )
        due = month_ends(start, week) or week == weeks if week <= weeks else _is_left(demo, forward)
        if not due:
            continue
        run = _run(demo, figures, min(week, weeks), settled, forward)
        if run["partners"]:
            runs.append(run)
            first = first or week
    return runs


def _stray_left(bank: Mapping[str, Any], first: Mapping[str, Any]) -> int:
    """What is over of the stray amount once it has paid what its partner had not paid by then."""
    stray, parts = bank["stray"], bank["in_parts"]
    found = first["partners"].get(stray["partner"])
    if found is None or found["outcome"] != "invoice":
        return stray["minor"]
    paid = max(1, found["due"] * parts["first_percent"] // 100)
    return max(0, stray["minor"] - (found["due"] - paid))


def _withheld(demo: Mapping[str, Any], weeks: int, week: int) -> int:
    """How much more, or less, the disputing partner owes after a week, because of what it withholds."""
    disputes = demo["disputes"]
    withheld = disputes["withheld"]
    if weeks < disputes["weeks_min"]:
        return 0
    partner = next(each for each in demo["partners"] if each["slug"] == withheld["partner"])
    rate = partner["tax"]["rules"]["points"]["rate"]
    amount = withheld["minor"] + half_away(withheld["minor"] * rate, 100)
    opened = withheld["opened_after"]
    return {opened: -amount, opened + _WITHHELD_WEEKS: amount}.get(week, 0)


def _come_back(demo: Mapping[str, Any], first: Mapping[str, Any], forward: Counter[str]) -> None:
    slug = demo["bank"]["returned"]["partner"]
    found = first["partners"].get(slug)
    if found is None or found["outcome"] != "collect":
        return
    partner = next(each for each in demo["partners"] if each["slug"] == slug)
    forward[slug] += found["due"] + partner["payment"].get("returned_fee_minor", 0)


def _is_left(demo: Mapping[str, Any], forward: Mapping[str, int]) -> bool:
    return any(
        _outcome(partner, forward[partner["slug"]]) in ("collect", "invoice", "pay")
        for partner in demo["partners"]
    )


def _outcome(partner: Mapping[str, Any], due: int) -> str:
    payment = partner["payment"]
    if due > 0:
        return "collect" if payment.get("mandate") else "invoice"
    if not due:
        return "nothing"
    return "pay" if -due >= payment.get("least_payout_minor", 0) else "below_least"


def _run(
    demo: Mapping[str, Any],
    figures: Mapping[str, Any],
    until: int,
    settled: Counter[str],
    forward: Counter[str],
) -> dict[str, Any]:
    """A run over all that waits; moves on what is settled, and what is brought forward."""
    found: dict[str, Any] = {}
    for partner in demo["partners"]:
        slug = partner["slug"]
        last = stated(demo, partner, range(1, until + 1))
        waiting = range(settled[slug] + 1, last + 1)
        if not waiting and not forward[slug]:
            continue
        lines: defaultdict[str, int] = defaultdict(int)
        for week in waiting:
            for line, quantity in _of_week(figures["lines"].get(slug, {}), week).items():
                lines[line] += quantity
        totals = document_totals(lines, partner["tax"]["rules"])
        net, tax = (
            totals[f"sold{of}"] - totals[f"bought{of}"] - totals[f"given_back{of}"] for of in ("", "_tax")
        )
        due = net + tax + forward[slug]
        outcome = _outcome(partner, due)
        found[slug] = {
            "statements": sum(_of_week(figures["nets"][slug], week) or 0 for week in waiting),
            "net": net,
            "tax": tax,
            "brought_forward": forward[slug],
            "due": due,
            "outcome": outcome,
        }
        settled[slug] = max(last, settled[slug])
        forward[slug] = due if outcome == "below_least" else 0
    return {"until": until, "partners": found}


def _of_week(table: Mapping[Any, Any], week: int) -> Any:
    """A week of a table, whose weeks are numbers, or texts where it was JSON."""
    return table.get(week, table.get(str(week), {}))
