"""What was settled is looked at closely: whatever is not as it should be is told."""

from copy import deepcopy
from typing import Any

import pytest

from services.demo.config import DemoConfig
from services.demo.settled import Settled, wrongs

EXPECTED: list[dict[str, Any]] = [
    {
        "until": 2,
        "partners": {
            "deli-bakery": {
                "statements": 10_000, "net": 10_001, "tax": 2_100, "brought_forward": 0, "due": 12_101, "outcome": "collect",
            },
            "leisure": {
                "statements": -500, "net": -500, "tax": 0, "brought_forward": -100, "due": -600, "outcome": "below_least",
            },
        },
    }
]  # fmt: skip


def settled() -> dict[str, Any]:
    """The same run as the platform tells it, with what happened at the bank."""
    deli, leisure = "deli-bakery", "leisure"
    return {
        "runs": [
            {
                "number": 1, "until_window": 2, "state": "settled",
                "positions": [
                    {
                        "partner": deli, "statements_minor": 10_000, "rounding_minor": 1, "tax_minor": 2_100,
                        "brought_forward_minor": 0, "set_off_minor": 0, "due_minor": 12_101, "outcome": "collect",
                    },
                    {
                        "partner": leisure, "statements_minor": -500, "rounding_minor": 0, "tax_minor": 0,
                        "brought_forward_minor": -100, "set_off_minor": 0, "due_minor": -600, "outcome": "below_least",
                    },
                    {"partner": "butcher", "due_minor": 0, "outcome": "left_out"},
                ],
                "documents": [
                    {"number": "1", "partner": deli, "net_minor": 10_001, "tax_minor": 2_100, "due_minor": 12_101},
                    {"number": "2", "partner": leisure, "net_minor": 500, "tax_minor": 0, "due_minor": -500},
                ],
                "payments": [
                    {
                        "partner": deli, "method": "direct_debit", "amount_minor": 12_101, "file": 1, "reason": "MD06",
                    },
                ],
                "files": [{"total_minor": 12_101}],
            }
        ],
        "breaks": [
            {"number": 1, "type": "unknown_reference", "amount_minor": 4_711, "ended": "allocated"},
            {"number": 2, "type": "partial", "amount_minor": 0, "ended": "explained"},
        ],
        "disputes": [],
        "leaver": {"standing": "active", "bought_out": None},
        "accounts": [
            {
                "account": "partner", "partner": leisure, "balance_minor": -600, "explained_minor": -600, "difference_minor": 0,
            },
            {
                "account": "bank", "partner": None, "balance_minor": 600, "explained_minor": 600, "difference_minor": 0,
            },
        ],
    }  # fmt: skip


def told(config: DemoConfig, found: dict[str, Any], weeks: int = 0) -> list[str]:
    """What is wrong with a demo of so many weeks with purchases."""
    expected = deepcopy(EXPECTED)
    for wanted, run in zip(expected, found["runs"], strict=False):
        wanted["until"] += weeks
        run["until_window"] += weeks
    return list(wrongs(expected, Settled(**found), config))


def ended(config: DemoConfig) -> dict[str, Any]:
    """The same after six weeks, in which disputes ended and a partner left."""
    about = config.disputes
    disputes = [
        {"claimed_minor": each.minor, "accepted_minor": each.accepted_minor, "state": "closed", "withheld_minor": withheld}
        for each, withheld in ((about.accepted, 0), (about.withheld, 7_260))
    ]  # fmt: skip
    gone = {"standing": "exited", "bought_out": {"redemption_bp": config.leaving.buy_out_bp}}
    return {**settled(), "disputes": disputes, "leaver": gone}


def test_what_is_right_is_not_told(config: DemoConfig) -> None:
    assert told(config, settled()) == []
    assert told(config, ended(config), 6) == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("disputes", 1, "state"), "escalated", "disputes (claimed, accepted, state)"),
        (("disputes", 0, "accepted_minor"), 0, "disputes (claimed, accepted, state)"),
        (("disputes", 1, "withheld_minor"), 0, "nothing was withheld"),
        (("leaver", "standing"), "exiting", "the partner that may leave"),
        (("leaver", "bought_out"), None, "the partner that may leave"),
    ],
)
def test_disputes_and_an_exit_that_did_not_end_are_told(
    config: DemoConfig, path: tuple[Any, ...], value: object, said: str
) -> None:
    found = deepcopy(ended(config))
    at: Any = found
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    assert any(said in each for each in told(config, found, 6)), told(config, found, 6)
    # And what nobody expects is told as well.
    assert len(told(config, ended(config), 1)) == 2


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("runs", 0, "until_window"), 3, "expected up to window 2, got 3"),
        (("runs", 0, "state"), "partial", "run 1 is partial"),
        (
            ("runs", 0, "positions", 0, "statements_minor"),
            9_999,
            "deli-bakery, statements: expected 10000, got 9999",
        ),
        (("runs", 0, "positions", 0, "tax_minor"), 2_101, "deli-bakery, tax: expected 2100, got 2101"),
        (("runs", 0, "positions", 1, "outcome"), "pay", "leisure, outcome: expected below_least, got pay"),
        (("runs", 0, "documents", 0, "tax_minor"), 2_099, "document 1: net and tax are not what is due"),
        (
            ("runs", 0, "documents", 1, "due_minor"),
            -499,
            "documents and what was brought forward come to -599",
        ),
        (("runs", 0, "payments", 0, "amount_minor"), 12_100, "12101 are due, and the payment is of 12100"),
        (("runs", 0, "payments", 0, "partner"), "leisure", "12101 are due, and the payment is of 0"),
        (("runs", 0, "files", 0, "total_minor"), 12_102, "files are of 12102, their payments of 12101"),
        (("runs", 0, "payments", 0, "reason"), "", "did not come back"),
        (("breaks", 0, "ended"), "", "break 1 (unknown_reference) is open"),
        (("breaks", 0, "amount_minor"), 4_712, "no break of type unknown_reference was allocated"),
        (("breaks", 1, "type"), "duplicate", "no break of type partial was explained"),
        (("accounts", 0, "difference_minor"), 1, "account partner leisure holds -600"),
        (("accounts", 1, "account"), "suspense", "account suspense holds 600"),
        (("accounts", 1, "balance_minor"), 601, "all accounts together come to 1"),
    ],
)
def test_whatever_is_wrong_is_told(
    config: DemoConfig, path: tuple[Any, ...], value: object, said: str
) -> None:
    found = deepcopy(settled())
    at: Any = found
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    assert any(said in each for each in told(config, found)), told(config, found)


def test_a_run_or_a_position_that_is_not_there_is_told(config: DemoConfig) -> None:
    none = settled()
    none["runs"].clear()
    assert "expected 1 runs, got 0" in told(config, none)
    fewer = settled()
    fewer["runs"][0]["positions"][0]["outcome"] = "left_out"
    assert "run 1, deli-bakery, due: expected 12101, got None" in told(config, fewer)
