from typing import ClassVar

class Record:
    fields: ClassVar[tuple[str, ...]]
    def shown(self, field: str) -> str: ...
    def __eq__(self, other: object) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]  # a record with __eq__ alone is unhashable
