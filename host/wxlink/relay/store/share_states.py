"""The forms and states of an invitation, as numbered on the wire."""

from typing import Final

TO_USER: Final = 0  # forms: an invitation to one known user
BY_QR: Final = 1  # for the first who shows its code

PENDING: Final = 0  # states
ACCEPTED: Final = 1
REFUSED: Final = 2
CANCELLED: Final = 3  # by the owner, or its binding has ended since
