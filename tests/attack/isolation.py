"""Every place of the OpenAPI document where a request names something by an id, and requests that name somebody else's there."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import uuid4

import httpx2

from tests.support.gateway_bodies import new_card
from tests.support.stocked_mall import CURRENCY, NEIGHBOUR, STORE, STRANGER, Things

Schema = Mapping[str, Any]
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_NO_UUID: Final = "01kkwz7r3se8tb0d2f4h6k8m0p"
_MOMENT: Final = "2024-01-01T05:00:00Z"
#: Fields that name something of the caller's, as they stand in a body (`parent.field`, or `field` wherever it is) or a query: what of
#: the owner's is put there.
_NAMES: Final[Mapping[str, str]] = {
    "member.id": "member_id", "original.transaction": "transaction_id", "original.reference": "original.reference",
    "hold.id": "hold_id", "statement": "statement_id", "customer_id": "customer_id", "idempotency_key": "idempotency_key",
    "id": "member_id", "phone": "phone", "email": "email", "store": "store", "card": "card",
}  # fmt: skip
#: Text that names nothing of anybody's: words, times, figures, new numbers of the caller's own, secrets of a member.
_NO_NAMES: Final = frozenset(
    {
        "currency", "category", "quantity", "sku", "tax_rate", "metadata", "occurred_at", "business_date", "number", "till", "reference", "references", "text",
        "pin", "authorisation.code", "app_token", "birth_date", "family_name", "given_name", "language", "personal.phone", "personal.email",
    }
)  # fmt: skip
_CURSORS: Final = ("starting_after", "ending_before")
#: What of an answer is new each time, or says what was sent.
_NEW: Final = frozenset(
    {
        "request_id", "id", "created_at", "enrolled_at", "occurred_at", "url", "instance", "cards", "card_endings", "customer_id", "reference",
        "transaction",
    }
)  # fmt: skip
_BY_ITSELF: Final = frozenset(
    ("/v1/members/lookup", name) for name in ("id", "card", "customer_id", "phone", "email")
)
_NO_QUERY_NAMES: Final = frozenset(
    {"limit", "format", "outcome", "type", "date", "kinds", "amounts", "created[gte]"}
)
#: A card is the programme's: who is shown it may use it, at any partner of that programme. By phone and e-mail a member is found
#: at all of them, and answered masked.
_OF_THE_PROGRAMME: Final = frozenset({"card", "phone", "email"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where an operation names something: `where` is path, query or body; `steps` lead to it in the body; `thing` names it in Things."""

    method: str
    path: str
    where: str
    steps: tuple[str, ...]
    thing: str

    @property
    def callers(self) -> tuple[str, ...]:
        """To whom what the owner has is as what nobody has."""
        return (STRANGER,) if self.thing in _OF_THE_PROGRAMME else (NEIGHBOUR, STRANGER)


def places(document: Schema) -> Iterator[Place]:
    """Every such place. Raises KeyError for a parameter or a field that is not known here to be a name or none."""
    for path, operations in document["paths"].items():
        for method in _METHODS:
            for parameter in operations.get(method, {}).get("parameters", ()):
                yield from _of_parameter(method, path, parameter["in"], parameter["name"])
            content = operations.get(method, {}).get("requestBody", {}).get("content", {})
            if "application/json" in content:
                schema = content["application/json"]["schema"]
                for steps in _texts(document, schema, ()):
                    thing = _named(steps)
                    if thing:
                        yield Place(method, path, "body", steps, thing)


def _of_parameter(method: str, path: str, where: str, name: str) -> Iterator[Place]:
    if where == "path" and name != "date":
        yield Place(method, path, where, (name,), name)
    elif where == "query" and name in _CURSORS:
        # Any of the owner's ids may be an entry's.
        for thing in ("transaction_id", "batch_id", "statement_id", "number", "dispute_id", "upload_id"):
            yield Place(method, path, where, (name,), thing)
    elif where == "query" and name == "reference":
        yield Place(method, path, where, (name,), "original.reference")
    elif where == "query" and name not in _NO_QUERY_NAMES:
        raise KeyError(f"{method} {path}: is the parameter {name} an id of anybody's?")


def _named(steps: tuple[str, ...]) -> str:
    full, name = ".".join(steps[-2:]), steps[-1]
    if full in _NO_NAMES or (name in _NO_NAMES and full not in _NAMES):
        return ""
    thing = _NAMES.get(full) or _NAMES.get(name)
    if thing is None:
        raise KeyError(f"is the field {'.'.join(steps)} an id of anybody's?")
    return thing


def _texts(document: Schema, schema: Schema, steps: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Paths to all fields whose value is a text of the caller's own."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    found: set[tuple[str, ...]] = set()
    for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        found |= set(_texts(document, branch, steps))
    for name, inner in schema.get("properties", {}).items():
        found |= set(_texts(document, inner, (*steps, name)))
    if "items" in schema:
        found |= set(_texts(document, schema["items"], steps))
    if schema.get("type") == "string" and not {"enum", "const"} & set(schema):
        found.add(steps)
    yield from sorted(found)


def nobodys(thing: str, value: str) -> str:
    """Of the same form as what the owner has, and nobody's."""
    if thing == "card":
        return new_card()
    if thing == "number":
        return f"{value[:-6]}999999"
    if thing == "phone":
        return "+31209999999"
    if thing == "email":
        return "nobody@example.com"
    if thing.endswith("_id") and thing != "customer_id":
        return f"{value.partition('_')[0]}_{_NO_UUID}"
    return f"{value[:-1]}X"


def of_the_owner(thing: str, things: Things) -> str:
    """The owner's id of a thing."""
    return {"store": STORE, "card": things.card}.get(thing) or things.named[thing]


async def ask(
    till: httpx2.AsyncClient, document: Schema, place: Place, value: str, things: Things
) -> httpx2.Response:
    """Sends the operation's own example with this id in the place, all else as it has to be."""
    path = place.path.replace("{date}", things.day)
    if place.where == "path":
        path = path.replace(f"{{{place.steps[0]}}}", value)
    for name, known in things.named.items():
        path = path.replace(f"{{{name}}}", known)
    content = document["paths"][place.path][place.method].get("requestBody", {}).get("content", {})
    body = _body(content.get("application/json", {}), place, value, things.card) if content else None
    query = {place.steps[0]: value} if place.where == "query" else None
    headers = {} if place.method == "get" else {"Idempotency-Key": str(uuid4())}
    return await till.request(place.method.upper(), path, params=query, json=body, headers=headers)


def _body(told: Schema, place: Place, value: str, card: str) -> Any:
    bodies = [copy.deepcopy(each["value"]) for each in told.get("examples", {}).values()]
    for body in bodies:
        # A new member's card is one that nobody has.
        _make_usual(body, new_card() if place.path == "/v1/members" else card)
    if place.where != "body":
        return bodies[0] if bodies else None
    *parents, name = place.steps
    for body in bodies:
        holder = _holder(body, parents)
        if holder is None:
            continue
        # One of several ways to name it: the others go.
        if parents[-1:] in (["member"], ["original"], ["hold"]) or (place.path, name) in _BY_ITSELF:
            holder.clear()
        if parents[-1:] == ["member"] and name != "card":
            # A card can only have been read where it is the card that names the member.
            cast("dict[str, Any]", body).pop("authorisation", None)
        holder[name] = value
        return body
    raise KeyError(f"no example of {place.path} has {'.'.join(place.steps)}: add one, so that it is tried")


def _holder(body: Any, parents: list[str]) -> dict[str, Any] | None:
    """The object that the steps lead to, by the first entry of each list that has it."""
    if isinstance(body, list):
        return next(
            (found for each in cast("list[Any]", body) if (found := _holder(each, parents)) is not None), None
        )
    if not isinstance(body, dict):
        return None
    known = cast("dict[str, Any]", body)
    return _holder(known.get(parents[0]), parents[1:]) if parents else known


def _make_usual(value: Any, card: str) -> None:
    """Times, currencies, stores and references of an example become such that they stand in nobody's way."""
    if isinstance(value, list):
        for each in cast("list[Any]", value):
            _make_usual(each, card)
    elif isinstance(value, dict):
        known = cast("dict[str, Any]", value)
        known.pop("store", None)
        usual = {
            "occurred_at": _MOMENT,
            "currency": CURRENCY,
            "business_date": _MOMENT[:10],
            "reference": str(uuid4()),
            "customer_id": str(uuid4()),
            "card": card,
        }
        known.update({name: usual[name] for name in usual.keys() & known.keys()})
        for each in known.values():
            _make_usual(each, card)


def comparable(answer: httpx2.Response, asked: str) -> Any:
    """What of an answer may not depend on whose id was asked for: all of it but the id itself, and what is new each time."""
    if not answer.headers["content-type"].partition(";")[0].endswith("json"):
        return answer.status_code, answer.text.replace(asked, "…")
    return answer.status_code, _without_new(answer.json(), asked)


def _without_new(value: Any, asked: str) -> Any:
    if isinstance(value, dict):
        known = cast("dict[str, Any]", value)
        return {name: _without_new(each, asked) for name, each in known.items() if name not in _NEW}
    if isinstance(value, list):
        return [_without_new(each, asked) for each in cast("list[Any]", value)]
    return value.replace(asked, "…") if isinstance(value, str) else value
