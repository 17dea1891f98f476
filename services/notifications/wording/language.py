"""What is said in a language: a file each, in texts/, read once; numbers and days as its readers write them.

Numbers and days are written as on the receipts of the gateway.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from services.notifications.domain.channels import Form
from services.notifications.domain.kinds import Kind
from services.notifications.domain.languages import language_of
from services.notifications.domain.texts import Text, plain_name
from services.runtime.clock import in_zone

_TEXTS: Final = Path(__file__).with_name("texts")


@dataclass(frozen=True, slots=True)
class Wording:
    """How one language says it. `separator` groups the digits of numbers that have at least `grouped_from`."""

    separator: str
    grouped_from: int
    day_pattern: str
    greeting_with_name: str
    greeting_without: str
    texts: Mapping[tuple[Kind, Form], Text]

    def number(self, value: int) -> str:
        """A whole number with its digits in groups."""
        text = f"{value:,}"
        if len(text.lstrip("-")) - text.count(",") < self.grouped_from:
            return str(value)
        return text.replace(",", self.separator)

    def last_day(self, end_us: int, zone: str) -> str:
        """The last day before a time, in a zone; microseconds since 1970."""
        local = in_zone(end_us - 1, zone)
        return self.day_pattern.format(year=f"{local:%Y}", month=f"{local:%m}", day=f"{local:%d}")

    def time(self, at_us: int, zone: str) -> str:
        """Day and time of day, in a zone; microseconds since 1970."""
        local = in_zone(at_us, zone)
        day = self.day_pattern.format(year=f"{local:%Y}", month=f"{local:%m}", day=f"{local:%d}")
        return f"{day} {local:%H:%M}"

    def greeting(self, name: str) -> str:
        """The first line of a mail. `name` may be empty."""
        return self.greeting_with_name.format(name=name) if name else self.greeting_without


@dataclass(frozen=True, slots=True)
class Zones:
    """Where days are told: of points in the programme's zone, of the member's own clock in the member's."""

    programme: str
    member: str


def words_of(
    wording: Wording, facts: Mapping[str, int], given_name: str, programme: str, zones: Zones
) -> dict[str, str]:
    """What placeholders stand for: figures and times as the language writes them, the name as it may be sent."""
    name = plain_name(given_name)
    words = {"name": name, "greeting": wording.greeting(name), "programme": programme}
    for fact, value in facts.items():
        if fact.endswith("_id"):
            continue
        if fact == "expires_at_us":
            words["day"] = wording.last_day(value, zones.programme)
        elif fact == "until_us":
            words["time"] = wording.time(value, zones.member)
        else:
            words[fact] = wording.number(value)
    return words


def wording_of(tag: str) -> Wording:
    """The wording in the language of a tag, such as `de-AT`; in English where there is none."""
    return all_wordings()[language_of(tag)]


@cache
def all_wordings() -> Mapping[str, Wording]:
    """Every wording by its BCP 47 tag."""
    return {path.stem: _read(json.loads(path.read_text("utf-8"))) for path in sorted(_TEXTS.glob("*.json"))}


def _read(told: Mapping[str, Any]) -> Wording:
    numbers = told["numbers"]
    texts: dict[tuple[Kind, Form], Text] = {}
    for name, said in told["kinds"].items():
        texts[Kind(name), Form.EMAIL] = Text(said["subject"], said["body"])
        texts[Kind(name), Form.SHORT] = Text("", said["short"])
    return Wording(
        numbers["separator"], numbers["grouped_from_digits"], told["day"],
        told["greeting"], told["greeting_nameless"], texts,
    )  # fmt: skip
