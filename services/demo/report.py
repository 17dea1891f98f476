"""What the demo prints at the end: figures, proofs, speed, and how to look further."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from services.demo.compare import Difference
from services.demo.config import DemoConfig
from services.demo.figures import OPERATOR, Figures
from services.demo.till import Latencies
from services.operations.documents import Document
from services.operations.proofs import Proof
from services.operations.statement_files import Verified

_ALL = 100
_WEEKS_SHOWN_MAX = 60
_DIFFERENCES_SHOWN_MAX = 20


def print_figures(
    console: Console, config: DemoConfig, figures: Figures, limits: Mapping[str, Document]
) -> None:
    """Contracts, points by partner, the matrix, nets by window and in total, last statements, the campaign.

    `limits`: the credit limits that count, by partner.
    """
    slugs = [partner.slug for partner in config.partners]
    _contracts(console, config, limits)
    _points(console, slugs, figures)
    _matrix(console, slugs, figures.matrix)
    _nets(console, slugs, figures, config.programme.currency)
    _statements(console, slugs, figures, config.programme.currency)
    console.print(
        f"{figures.purchases:,} purchases, {figures.zero_point_purchases:,} of them without points; "
        f"{figures.burns:,} redemptions; {figures.statements:,} statements"
    )
    _campaign(console, config, figures)


def _contracts(console: Console, config: DemoConfig, limits: Mapping[str, Document]) -> None:
    table = table_of(
        f"Contracts, {config.programme.currency}",
        (
            "partner", "pays for points", "statement", "fee a transaction", "credit limit", "guaranteed",
            "proposed, approved by",
        ),
        left=3,
    )  # fmt: skip
    for partner in config.partners:
        price, billing = partner.prices[0], partner.billing
        fee = (
            f"{Decimal(price.transaction_fee_micros).scaleb(-6):.4f}" if price.transaction_fee_micros else ""
        )
        cycle = "monthly" if billing.cycle == "month" else "weekly"
        if billing.cycle_fee_minor:
            cycle += f", {money(billing.cycle_fee_minor)} each"
        terms = ("", "", "")
        if (limit := limits.get(partner.slug)) is not None:
            terms = (
                money(limit["limit_minor"]),
                money(limit["prefunded_minor"]),
                f"{limit['set_by']}, {limit['approved_by']}",
            )
        table.add_row(partner.slug, _funding(price.issue_share_percent), cycle, fee, *terms)
    console.print(table)


def _funding(issue_share_percent: int) -> str:
    if issue_share_percent == _ALL:
        return "at issuance"
    return f"{issue_share_percent} % at issuance" if issue_share_percent else "at redemption"


def _statements(console: Console, slugs: Sequence[str], figures: Figures, currency: str) -> None:
    """The last statement of each partner, with what all of its statements charged for used points, and fees."""
    table = table_of(
        f"Last statements, {currency} (all: with those before)",
        ("partner", "windows", "opening", "net", "closing", "charged for used points, all", "fees, all"),
    )
    for slug in slugs:
        statements = (figures.stated or {}).get(slug, {})
        if not statements:
            table.add_row(slug, "none yet")
            continue
        week, last = max(statements.items())
        windows = str(week) if last.first_week == week else f"{last.first_week} to {week}"
        totals = (
            sum(each.charged for each in statements.values()),
            sum(each.fees for each in statements.values()),
        )
        table.add_row(
            slug,
            windows,
            *(money(minor) for minor in (last.opening, last.net, last.closing)),
            *(money(round(Decimal(micros) / 10_000)) if micros else "" for micros in totals),
        )
    console.print(table)


def _campaign(console: Console, config: DemoConfig, figures: Figures) -> None:
    campaign = config.campaign
    funders = ", ".join(f"{each.funder} {each.percent} %" for each in campaign.funders)
    console.print(
        f"Campaign “{campaign.name}”: {campaign.multiplier_percent} % of the points at {campaign.partner}, "
        f"{campaign.first_day} to {campaign.last_day}; {figures.granted_points:,} points given on "
        f"{figures.grants:,} sales, of {figures.loaded_points:,} loaded; paid for by {funders}"
    )


def _points(console: Console, slugs: Sequence[str], figures: Figures) -> None:
    table = table_of("Points by partner", ("partner", "issued", "burned there", "outstanding of its own"))
    totals = [0, 0, 0]
    for slug in slugs:
        issued, burned = (
            sum(figures.issued.get(slug, {}).values()),
            sum(figures.burned.get(slug, {}).values()),
        )
        outstanding = issued - sum(figures.matrix.get(slug, {}).values())
        totals = [total + part for total, part in zip(totals, (issued, burned, outstanding), strict=True)]
        table.add_row(slug, f"{issued:,}", f"{burned:,}", f"{outstanding:,}")
    table.add_row("total", *(f"{total:,}" for total in totals), style="bold")
    console.print(table)


def _matrix(console: Console, slugs: Sequence[str], matrix: Mapping[str, Mapping[str, int]]) -> None:
    table = table_of("Points burned: whose (row) at whom (column)", ("issuer \\ redeemer", *slugs))
    for issuer in slugs:
        table.add_row(issuer, *(f"{matrix.get(issuer, {}).get(redeemer, 0):,}" for redeemer in slugs))
    console.print(table)


def _nets(console: Console, slugs: Sequence[str], figures: Figures, currency: str) -> None:
    parties = (*slugs, OPERATOR)
    table = table_of(
        f"Nets by weekly window, {currency} (above zero: pays; below: receives)", ("window", *parties, "sum")
    )
    weeks = range(max(1, figures.weeks - _WEEKS_SHOWN_MAX + 1), figures.weeks + 1)
    for week in weeks:
        nets = [figures.nets.get(party, {}).get(week, 0) for party in parties]
        table.add_row(str(week), *(money(net) for net in nets), money(sum(nets)))
    totals = [sum(figures.nets.get(party, {}).values()) for party in parties]
    table.add_row("total", *(money(net) for net in totals), money(sum(totals)), style="bold")
    console.print(table)


def print_proofs(console: Console, proofs: Iterable[Proof]) -> bool:
    """Every invariant with its figure; answers whether all hold."""
    table = table_of("Invariants, proved on the live databases", ("", "invariant", "figure"), left=3)
    fine = True
    for proof in proofs:
        fine = fine and proof.holds
        table.add_row(
            f"{proof.invariant} {'holds' if proof.holds else 'BROKEN'}",
            proof.name,
            "\n".join((proof.figure, *proof.breaches)),
            style=None if proof.holds else "bold red",
        )
    console.print(table)
    return fine


def print_verified(console: Console, verified: Verified) -> bool:
    """What came of every statement's file; answers whether each is proved, and that there were any."""
    if verified.holds and verified.statements:
        console.print(
            f"[bold green]Verified[/]: {verified.statements:,} statement files of {verified.entries:,} entries "
            f"({verified.bytes / 1_000_000:,.1f} MB), each offline as its partner would (services/verifier/statement.py)."
        )
        return True
    console.print(
        f"[bold red]{len(verified.refused)} of {verified.statements} statement files prove nothing:[/]"
    )
    for refused in verified.refused[:_DIFFERENCES_SHOWN_MAX]:
        console.print(f"  {refused}")
    return False


def print_speed(console: Console, operations: int, seconds: float, latencies: Latencies) -> None:
    """Throughput of the replay and the percentiles of each kind of call (this process beside it)."""
    table = table_of(
        "Calls of the public API in this run", ("call", "count", "p50 ms", "p95 ms", "p99 ms", "max ms")
    )
    for kind, micros in sorted(latencies.by_kind.items()):
        ordered = sorted(micros)
        marks = [ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (50, 95, 99)]
        table.add_row(kind, f"{len(ordered):,}", *(_millis(mark) for mark in (*marks, ordered[-1])))
    console.print(table)
    rate = f"{operations / seconds:,.0f}" if seconds else "-"
    console.print(
        f"{operations:,} purchases and redemptions in {seconds:,.0f} s: {rate} a second, with the replay itself, "
        f"PostgreSQL, NATS and all services on this machine; {latencies.retries} calls asked again"
    )


def print_check(console: Console, differences: Sequence[Difference]) -> bool:
    """The comparison with the separate recomputation; answers whether nothing differs."""
    if not differences:
        console.print(
            "[bold green]Checked[/]: every figure of points and money above equals a separate recomputation from the data set and "
            "demo.toml (services/demo/recompute.py), to the point and to the cent."
        )
        return True
    console.print(f"[bold red]{len(differences)} figures differ from the separate recomputation:[/]")
    for difference in differences[:_DIFFERENCES_SHOWN_MAX]:
        console.print(f"  {difference}")
    return False


def table_of(title: str, columns: Sequence[str], left: int = 1) -> Table:
    """An empty table; `left`: how many columns are texts."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place < left else "right")
    return table


def money(minor: int) -> str:
    """Minor units as an amount: 1,234.56."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100:,}.{abs(minor) % 100:02d}"


def _millis(micros: int) -> str:
    return f"{micros // 1000:,}.{micros % 1000 // 100}"
