"""XML of others, piece by piece: parts that are complete are handed on and forgotten, so memory is bounded by a part.

No DTD at all is read, so there are no entities that expand, and none that are fetched (see defusedxml's README for what such
files do). Encodings are those that expat knows: UTF-8, UTF-16, ISO-8859-1, and Python's of one byte a character.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from coalition.type.v1.reason_pb2 import Reason
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from services.partners.bank.limits import DEPTH_MAX, ELEMENTS_KEPT_MAX, FILE_BYTES_MAX, VALUE_CHARACTERS_MAX
from services.runtime.errors import InvalidRequest

_PIECE_BYTES: Final = 65_536


class Trees:
    """Reads a file in pieces. `complete` gets each element that `wanted` names, with its path, once it is read whole.

    `began`: gets the name of the outermost element, before anything of it is kept; what it raises ends the reading.
    """

    def __init__(
        self,
        wanted: frozenset[str],
        began: Callable[[str], None],
        complete: Callable[[str, Element], None],
        bytes_max: int = FILE_BYTES_MAX,
    ) -> None:
        self._target: Final = _Target(wanted, began, complete)
        self._parser: Final = DefusedXMLParser(target=self._target, forbid_dtd=True)
        self._bytes_max: Final = bytes_max
        self._bytes = 0

    def feed(self, piece: bytes) -> None:
        """Reads on. Raises InvalidRequest for what is no XML, or beyond a limit: nothing more is read then."""
        self._bytes += len(piece)
        if self._bytes > self._bytes_max:
            raise InvalidRequest(
                f"a file from a bank has up to {self._bytes_max:,} bytes",
                Reason.REASON_BODY_TOO_LARGE,
                field="file",
                limit=self._bytes_max,
            )
        # Limits are looked at between elements: a large piece is taken in small ones.
        for start in range(0, len(piece), _PIECE_BYTES):
            self._parse(lambda part=piece[start : start + _PIECE_BYTES]: self._parser.feed(part))

    def close(self) -> Element:
        """The outermost element, without the parts that were handed on. Raises InvalidRequest for a file that is cut off."""
        if self._bytes == 0:
            raise InvalidRequest("the file is empty", field="file")
        self._parse(self._parser.close)
        root = self._target.root
        if root is None:
            raise InvalidRequest("the file is not complete", field="file")
        return root

    def _parse(self, step: Callable[[], object]) -> None:
        try:
            step()
        except ParseError as error:
            raise InvalidRequest(f"the file is not XML that can be read: {error}", field="file") from error
        except DefusedXmlException as error:
            raise InvalidRequest(
                "the file has a document type or entities, which no bank sends: it is not read", field="file"
            ) from error
        except (LookupError, UnicodeError, ValueError) as error:
            raise InvalidRequest(
                "the file is in an encoding that cannot be read: UTF-8, UTF-16 and ISO-8859-1 can",
                field="file",
            ) from error


class _Target:
    """What the parser tells of elements; keeps those of parts that are not complete."""

    def __init__(
        self, wanted: frozenset[str], began: Callable[[str], None], complete: Callable[[str, Element], None]
    ) -> None:
        self._wanted: Final = wanted
        self._began: Final = began
        self._complete: Final = complete
        self._builder: Final = TreeBuilder()
        self._open: list[Element] = []
        self._kept = 0
        self._kept_before: list[int] = []
        self._characters = 0
        self.root: Element | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if not self._open:
            self._began(tag)
        if len(self._open) == DEPTH_MAX:
            raise InvalidRequest(f"elements are at most {DEPTH_MAX} deep", field=self._path())
        self._kept_before.append(self._kept)
        self._kept += 1 + len(attributes)
        if self._kept > ELEMENTS_KEPT_MAX:
            raise InvalidRequest(f"a part has at most {ELEMENTS_KEPT_MAX:,} elements", field=self._path())
        self._characters = 0
        self._open.append(self._builder.start(tag, attributes))

    def data(self, text: str) -> None:
        """Text of the innermost element, or between elements."""
        self._characters += len(text)
        if self._characters > VALUE_CHARACTERS_MAX:
            raise InvalidRequest(
                f"a value has at most {VALUE_CHARACTERS_MAX:,} characters", field=self._path()
            )
        self._builder.data(text)

    def end(self, tag: str) -> None:
        """An element ends."""
        element = self._builder.end(tag)
        path = self._path()
        self._open.pop()
        self._characters = 0
        kept_before = self._kept_before.pop()
        if _local(tag) in self._wanted and self._open:
            self._complete(path, element)
            # What was handed on is forgotten: the builder has hung it under its parent as the last one.
            del self._open[-1][-1]
            self._kept = kept_before

    def close(self) -> None:
        """All is read."""
        self.root = self._builder.close()

    def _path(self) -> str:
        """Where it is, by local names."""
        return "/".join(_local(each.tag) for each in self._open)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
