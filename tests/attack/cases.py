"""Cases: what the document allows, what it does not, its examples, and all with ids, cards and numbers that there are."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any, Final, cast

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode, SerializationContext, serializer

from tests.support.stocked_mall import CURRENCY, STORE, Things

AnyOperation = APIOperation[Any, Any, Any, Any]
AnyCase = Case[Any]
#: What the body of a request calls things that its path calls otherwise.
_AS: Final = {
    "member.id": "member_id",
    "original.transaction": "transaction_id",
    "hold.id": "hold_id",
    "statement": "statement_id",
}
_MOMENT: Final = "2024-01-01T05:00:00Z"
#: What comes in the place of one value of an example: ends of ranges, other types, and text that breaks parsers and databases.
_ODD: Final[tuple[Any, ...]] = (
    None, True, 0, -1, 1, 10**9, 10**12, 10**18, -(10**18), 2**63, 10**30, 1.5, 1e300, "", " ", "\x00", "a\x00b", "\u202e",
    "💳" * 70, "x" * 300, "x" * 70_000, "'; --", "%s%n{}", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "2024-02-30", [], {},
    [0] * 200, {"": 0},
)  # fmt: skip
_EXAMPLE_SHARE: Final = 0.4
_PLANTED_SHARE: Final = 0.8


@serializer("application/x-ndjson", "text/csv")
def _as_it_is(_: SerializationContext, value: Any) -> bytes:
    """The bytes of a file; what is no text becomes some."""
    return value if isinstance(value, bytes) else str(value).encode(errors="surrogatepass")


def send_cases(
    operation: AnyOperation, count: int, number: int, things: Things, send: Callable[[AnyCase], None]
) -> None:
    """Sends `count` cases of an operation, half of which the document does not allow; the same for the same `number`."""
    for mode, wanted in (
        (GenerationMode.POSITIVE, count - count // 2),
        (GenerationMode.NEGATIVE, count // 2),
    ):
        if wanted:
            _send(operation, mode, wanted, number, things, send)


def _send(
    operation: AnyOperation,
    mode: GenerationMode,
    count: int,
    number: int,
    things: Things,
    send: Callable[[AnyCase], None],
) -> None:
    examples = list(_examples(operation))

    made = cast("st.SearchStrategy[AnyCase]", operation.as_strategy(mode))

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    @given(made, st.integers(min_value=0, max_value=2**64 - 1))
    def each(case: AnyCase, drawn: int) -> None:
        chance = Random(drawn)
        if examples and chance.random() < _EXAMPLE_SHARE:
            case.media_type, body = chance.choice(examples)
            case.body = copy.deepcopy(body)
            case.headers["Content-Type"] = case.media_type
            if mode is GenerationMode.NEGATIVE:
                _spoil(case.body, chance)
        _plant(case, things, chance)
        send(case)

    try:
        each()
    except Unsatisfiable:
        # An operation without parameters has nothing that could be wrong.
        if mode is GenerationMode.POSITIVE:
            raise


def _examples(operation: AnyOperation) -> Iterator[tuple[str, Any]]:
    """Media type and value of each example of a body."""
    content = operation.definition.raw.get("requestBody", {}).get("content", {})
    for media_type, told in content.items():
        if "example" in told:
            yield media_type, told["example"]
        for named in told.get("examples", {}).values():
            yield media_type, named["value"]


def _spoil(body: Any, chance: Random) -> None:
    """Makes one field of a body something else, or leaves it out."""
    fields = [(name, holder) for _, name, holder in _fields(body)]
    if not fields:
        return
    name, holder = chance.choice(fields)
    if chance.random() < 1 / len(_ODD):
        del holder[name]
    else:
        holder[name] = copy.deepcopy(chance.choice(_ODD))


def _plant(case: AnyCase, things: Things, chance: Random) -> None:
    """Puts what there is in the place of what was made up, more often than not."""
    for name in list(case.path_parameters or {}):
        if chance.random() < _PLANTED_SHARE:
            case.path_parameters[name] = things.day if name == "date" else things.named[name]
    if "date" in (case.query or {}) and chance.random() < _PLANTED_SHARE:
        case.query["date"] = things.day
    for parent, name, holder in _fields(case.body):
        real = _real(parent, name, things, chance)
        if real is not None and type(holder[name]) is type(real) and chance.random() < _PLANTED_SHARE:
            holder[name] = real


def _real(parent: str, name: str, things: Things, chance: Random) -> Any:
    known: Mapping[str, str] = {
        "card": things.card, "currency": CURRENCY, "occurred_at": _MOMENT, "business_date": things.day, "store": STORE,
        "reference": f"attack-{chance.getrandbits(64):x}",
        **{key: things.named[value] for key, value in _AS.items()}, **things.named,
    }  # fmt: skip
    return known.get(f"{parent}.{name}") or known.get(name)


def _fields(value: Any, parent: str = "") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every field of a body: the name of what it is in, its own, and the object itself."""
    if isinstance(value, dict):
        found = cast("dict[str, Any]", value)
        for name in list(found):
            yield parent, name, found
            yield from _fields(found[name], name)
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from _fields(each, parent)
