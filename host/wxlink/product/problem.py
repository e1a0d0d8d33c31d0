"""What is wrong in a product file: where, at which data point, and what to do."""

from collections.abc import Sequence
from typing import NamedTuple

from wxproto.product import ProductError


class Problem(NamedTuple):
    """One mistake. line and column count from 1, 0 when unknown; point is "" when it is about none."""

    line: int
    column: int
    point: str
    text: str
    remedy: str

    def at(self, path: str) -> str:
        """The mistake on one line, as compilers say it: path:line:column: what: remedy.

        What a terminal would obey instead of print is escaped.
        """
        where = f"{path}:{self.line}:{self.column}" if self.line else path
        point = f"data point {self.point}: " if self.point else ""
        said = f"{where}: {point}{self.text}: {self.remedy}"
        return "".join(one if one.isprintable() else repr(one)[1:-1] for one in said)


class ProductFileError(ProductError):
    """A product file cannot be used; `problems` holds every mistake, and the text one line for each."""

    def __init__(self, path: str, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(problem.at(path) for problem in problems))
        self.problems = tuple(problems)
