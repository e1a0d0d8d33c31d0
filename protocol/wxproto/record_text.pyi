from typing import Final

from .record import Record

SECRET_FIELDS: Final[tuple[str, ...]]
SECRET_COMMANDS: Final[tuple[int, ...]]

def text(record: Record) -> str: ...
def field_text(record: Record, field: str) -> str: ...
