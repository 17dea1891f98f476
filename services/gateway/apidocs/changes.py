"""What of an OpenAPI document partners build on, and which changes of it break what they have built.

Requests may be asked for less and answers may tell more. Breaking is: a path, method, status or media type that is gone; an answer's
field that is gone or not always there any more, or is of another type; a request's field or parameter that is gone or newly required,
or takes less. New words in an answer's lists of words are not: clients are told to expect them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

_WORDS: Final = frozenset(
    {"description", "summary", "title", "example", "examples", "tags", "info", "license", "default"}
)
#: What stands under these is named by whoever wrote the document, and not by OpenAPI.
_NAMED: Final = frozenset(
    {"properties", "schemas", "paths", "responses", "content", "headers", "mapping", "securitySchemes"}
)
_LOWER: Final = ("minimum", "minLength", "minItems")
_UPPER: Final = ("maximum", "maxLength", "maxItems")
_SAME: Final = ("pattern", "format")
_OPERATIONS: Final = ("get", "post", "put", "patch", "delete")
_NOTHING: Final[Mapping[str, Any]] = {}
Schema = Mapping[str, Any]


def shape_of(document: Any, named: bool = False) -> Any:
    """A document without its words and examples: what a program that was made from it depends on."""
    if isinstance(document, dict):
        members = cast("dict[str, Any]", document)
        return {
            name: shape_of(value, not named and name in _NAMED)
            for name, value in members.items()
            if named or name not in _WORDS
        }
    if isinstance(document, list):
        return [shape_of(each) for each in cast("list[Any]", document)]
    return document


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """A sentence for each change between two documents that breaks clients of the old one, in the order of its paths."""
    return list(_Changes(old, new).all())


class _Changes:
    def __init__(self, old: Schema, new: Schema) -> None:
        self._old, self._new = old, new

    def all(self) -> Iterator[str]:
        """Every breaking change."""
        for path, operations in self._old["paths"].items():
            for method in _OPERATIONS:
                if method not in operations:
                    continue
                place = f"{method.upper()} {path}"
                after = self._new["paths"].get(path, _NOTHING).get(method)
                if after is None:
                    yield f"{place} is gone"
                else:
                    yield from self._operation(place, operations[method], after)

    def _operation(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        if old.get("operationId") != new.get("operationId"):
            yield f"{place} has another operationId"
        if "security" in new and "security" not in old:
            yield f"{place} needs a key now"
        yield from self._parameters(place, old.get("parameters", ()), new.get("parameters", ()))
        body, later = old.get("requestBody"), new.get("requestBody")
        if later and not body and later.get("required"):
            yield f"{place} needs a body now"
        if body:
            yield from self._content(f"{place} body", body, later or _NOTHING, asked=True)
        for status, answer in old["responses"].items():
            if status not in new["responses"]:
                yield f"{place} no longer tells of {status}"
                continue
            yield from self._content(f"{place} {status}", answer, new["responses"][status], asked=False)
            for header in answer.get("headers", ()):
                if header not in new["responses"][status].get("headers", ()):
                    yield f"{place} {status} no longer has the header {header}"

    def _parameters(self, place: str, old: Any, new: Any) -> Iterator[str]:
        before = {(each["in"], each["name"]): each for each in old}
        after = {(each["in"], each["name"]): each for each in new}
        for key, each in before.items():
            name = f"{place} {' '.join(key)}"
            if key not in after:
                yield f"{name} is gone"
                continue
            if after[key].get("required") and not each.get("required"):
                yield f"{name} is required now"
            yield from self._schema(name, each["schema"], after[key]["schema"], True, ())
        for key, each in after.items():
            if key not in before and each.get("required"):
                yield f"{place} {' '.join(key)} is new and required"

    def _content(self, place: str, old: Schema, new: Schema, *, asked: bool) -> Iterator[str]:
        after = new.get("content", _NOTHING)
        for media_type, told in old.get("content", _NOTHING).items():
            if media_type not in after:
                yield f"{place} is no longer {media_type}"
            else:
                yield from self._schema(
                    place, told.get("schema", _NOTHING), after[media_type].get("schema", _NOTHING), asked, ()
                )

    def _schema(
        self, place: str, old: Schema, new: Schema, asked: bool, seen: tuple[tuple[str, str], ...]
    ) -> Iterator[str]:
        pair = (str(old.get("$ref", "")), str(new.get("$ref", "")))
        if all(pair):
            if pair in seen:
                return
            seen = (*seen, pair)
        old, new = _resolved(self._old, old), _resolved(self._new, new)
        yield from _own(place, old, new, asked)
        yield from self._fields(place, old, new, asked, seen)
        if "items" in old and "items" in new:
            yield from self._schema(f"{place}[]", old["items"], new["items"], asked, seen)
        yield from self._branches(place, old, new, asked, seen)

    def _fields(
        self, place: str, old: Schema, new: Schema, asked: bool, seen: tuple[tuple[str, str], ...]
    ) -> Iterator[str]:
        before, after = old.get("properties", _NOTHING), new.get("properties", _NOTHING)
        needed, needs = set(old.get("required", ())), set(new.get("required", ()))
        for name, schema in before.items():
            if name in after:
                yield from self._schema(f"{place}/{name}", schema, after[name], asked, seen)
            else:
                yield f"{place}/{name} is gone"
        if asked:
            yield from (f"{place}/{name} is required now" for name in sorted(needs - needed))
        else:
            yield from (
                f"{place}/{name} is not always there" for name in sorted((needed - needs) & set(after))
            )

    def _branches(
        self, place: str, old: Schema, new: Schema, asked: bool, seen: tuple[tuple[str, str], ...]
    ) -> Iterator[str]:
        before, after = _union(old), _union(new)
        if not before and not after:
            return
        # What had no branches is itself the one of them, and the other way round.
        before, after = before or [old], after or [new]
        covered, covering = (before, after) if asked else (after, before)
        for each in covered:
            found = [
                list(self._schema(place, *((each, other) if asked else (other, each)), asked, seen))
                for other in covering
            ]
            if all(found):
                yield from min(found, key=len)


def _union(schema: Schema) -> list[Schema]:
    return [*schema.get("anyOf", ()), *schema.get("oneOf", ())]


def _resolved(document: Schema, schema: Schema) -> Schema:
    while "$ref" in schema:
        found: Any = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        # What stands beside a reference holds as well.
        beside = {name: value for name, value in schema.items() if name != "$ref"}
        schema = {**found, **beside}
    return schema


def _own(place: str, old: Schema, new: Schema, asked: bool) -> Iterator[str]:
    """Changes of what a schema says of the value itself. `narrow` is who must take all that `wide` may be."""
    narrow, wide = (new, old) if asked else (old, new)
    verb = "takes less" if asked else "may be something else"
    types, allowed = _types(wide), _types(narrow)
    if allowed and not (types and types <= allowed) and not (_union(wide) or _union(narrow)):
        yield f"{place} {verb}: {', '.join(sorted(types)) or 'anything'} was {', '.join(sorted(allowed))}"
    if not asked:
        return
    words, taken = _words(old), _words(new)
    if taken is not None and (words is None or not words <= taken):
        gone = "any" if words is None else ", ".join(sorted(map(str, words - taken)))
        yield f"{place} {verb}: no longer {gone}"
    for name in _SAME:
        if name in new and new[name] != old.get(name):
            yield f"{place} {verb}: {name} {new[name]}"
    for name, tighter in (*((each, max) for each in _LOWER), *((each, min) for each in _UPPER)):
        if name in new and (name not in old or tighter(old[name], new[name]) != old[name]):
            yield f"{place} {verb}: {name} {new[name]}"
    if new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
        yield f"{place} {verb}: no other fields"


def _types(schema: Schema) -> set[str]:
    told = schema.get("type", ())
    found = {told} if isinstance(told, str) else set[str](told)
    # Every integer is a number.
    return found | {"integer"} if "number" in found else found


def _words(schema: Schema) -> set[Any] | None:
    if "const" in schema:
        return {schema["const"]}
    return set(schema["enum"]) if "enum" in schema else None
