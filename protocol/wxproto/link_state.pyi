from typing import Final

DOWN: Final = 0
UP: Final = 1
DOUBT: Final = 2
ANSWERED: Final = 4
SERVED: Final = 8
MISSED: Final = 12
HEARD: Final = 16
GONE: Final = 20
TRANSITIONS: Final[dict[str, dict[int, int]]]

class LinkState:
    up: bool
    def __init__(self, role: str) -> None: ...
    def move(self, what: int, events: list[object]) -> bool: ...
