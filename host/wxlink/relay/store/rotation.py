"""Secrets that change while clients still have the former one."""

from typing import Protocol


class Rotated(Protocol):
    """What has a secret, and perhaps the one before the last rotation, accepted until former_until."""

    @property
    def secret(self) -> str: ...
    @property
    def former_secret(self) -> str | None: ...
    @property
    def former_until(self) -> float | None: ...


def accepted(of: Rotated, now: float) -> list[str]:
    """The secrets that are accepted at this time, the present one first."""
    if of.former_secret is None or of.former_until is None or now >= of.former_until:
        return [of.secret]
    return [of.secret, of.former_secret]
