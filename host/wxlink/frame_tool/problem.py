"""What a user of `wxlink frame` asked for and cannot have."""

from typing import Any

from wxlink.frame_tool.kinds import Kind


class FrameProblem(ValueError):
    """The text says what is wrong and what to give instead."""


def read_as(kind: Kind, name: str, text: str) -> Any:
    """The value of ``name=text``. FrameProblem names the form that it should have."""
    try:
        return kind.read(text)
    except ValueError:
        raise FrameProblem(f"{name}={text}: give {name}={kind.form}") from None
