from enum import IntEnum


class DocumentSummaryType(IntEnum):
    VALUE_380 = 380
    VALUE_381 = 381
    VALUE_389 = 389
    VALUE_261 = 261
    VALUE_386 = 386

    def __str__(self) -> str:
        return str(self.value)
