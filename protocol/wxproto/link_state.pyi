from typing import Final

DOWN: Final = "down"
UP: Final = "up"
DOUBT: Final = "doubt"
ANSWERED: Final = "device information came"
SERVED: Final = "device information was given, or a later command came"
SILENT: Final = "a heartbeat was given up"
HEARD: Final = "a good frame came"
GONE: Final = "too many heartbeats were given up"
TRANSITIONS: Final[dict[str, dict[tuple[str, str], str]]]

class LinkState:
    def __init__(self, role: str) -> None: ...
    @property
    def up(self) -> bool: ...
    def move(self, what: str, events: list[object]) -> bool: ...
