"""What is wrong with a configuration."""

from collections.abc import Sequence


class ConfigError(ValueError):
    """A configuration cannot be used; `problems` holds every mistake, and the text one line for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
