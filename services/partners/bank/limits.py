"""How large a file from a bank may be. All of it is checked while it is read, so no more than that is ever kept."""

from __future__ import annotations

from typing import Final

#: Of a file; some 20,000 entries with all that banks say of them.
FILE_BYTES_MAX: Final = 32 * 1024 * 1024
#: Elements within each other; those of ISO 20022 have less than 20.
DEPTH_MAX: Final = 64
#: Elements kept at a time: an entry, with all its transactions, and the head of its statement.
ELEMENTS_KEPT_MAX: Final = 500_000
#: Characters of one value; the longest one that is read has 500.
VALUE_CHARACTERS_MAX: Final = 100_000
#: Movements, or statuses, of a file.
ITEMS_MAX: Final = 100_000
#: Statements of a file.
STATEMENTS_MAX: Final = 1_000
