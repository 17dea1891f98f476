from enum import StrEnum
from typing import Self


class AuthorisationMethod(StrEnum):
    CARD = "card"
    CODE = "code"
    PIN = "pin"

    @classmethod
    def _missing_(cls, value: object) -> Self:
        """A value that is newer than this client: it goes by itself, and equals its text."""
        text = str(value)
        unknown = str.__new__(cls, text)
        unknown._name_, unknown._value_ = text, text
        return unknown

    def __str__(self) -> str:
        return str(self.value)
