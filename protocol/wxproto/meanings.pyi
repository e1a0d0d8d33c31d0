from typing import Final, NamedTuple

COMMAND_NAMES: Final[dict[int, str]]
LINK_STATES: Final[dict[int, str]]
LINK_MOVES: Final[dict[int, str]]
STATUS_BITS: Final[tuple[tuple[str, str, str], ...]]

class Action(NamedTuple):
    code: int
    name: str
    sender: str
    carrier: int

ACTIONS: Final[dict[int, Action]]
ENVELOPES: Final[dict[int, tuple[str, str, str]]]
SERVICES: Final[dict[int, tuple[str, str, str]]]
