"""The parts of a data point that only wxlink knows, marks, limits, panel and simulation; read and said.

TOML and the object "wxlink" in JSON hold them in the same form.
"""

from typing import Any

from wxlink.product.simulation import COMMON, KINDS, MAX_EVERY, Simulate, given
from wxlink.product.spec import MARKS, WIDGETS, Limits, Panel, PointSpec, Title
from wxlink.product.table import Table


def hints_of(table: Table) -> dict[str, Any]:
    """Fields marks, limits, panel and simulate of a PointSpec; mistakes are noted."""
    return {
        "marks": frozenset(mark for mark in MARKS if table.flag(mark)),
        "limits": _limits(table.table("limits")),
        "panel": _panel(table.table("panel")),
        "simulate": _simulate(table.table("simulate")),
    }


def hints_said(point: PointSpec) -> dict[str, Any]:
    """What hints_of() reads, by its keys in files; numbers are exact."""
    said: dict[str, Any] = {mark: True for mark in MARKS if mark in point.marks}
    if point.limits is not None:
        ends = (("low", point.limits.low), ("high", point.limits.high))
        said["limits"] = {key: value for key, value in ends if value is not None}
    if point.panel is not None:
        said["panel"] = _panel_said(point.panel)
    if point.simulate is not None:
        said["simulate"] = given(point.simulate)
    return said


def title_said(title: Title) -> dict[str, str]:
    """A title by its keys in files."""
    return {"zh": title.zh} if title.en is None else {"zh": title.zh, "en": title.en}


def _panel_said(panel: Panel) -> dict[str, Any]:
    said = {
        "widget": panel.widget,
        "group": title_said(panel.group) if panel.group else None,
        "main": panel.main or None,
        "step": panel.step,
    }
    return {key: value for key, value in said.items() if value is not None}


def _limits(table: Table | None) -> Limits | None:
    if table is None:
        return None
    limits = Limits(table.number("low"), table.number("high"))
    table.end()
    return limits


def _panel(table: Table | None) -> Panel | None:
    if table is None:
        return None
    panel = Panel(
        widget=table.choice("widget", WIDGETS),
        group=table.title("group"),
        main=table.flag("main"),
        step=table.number("step"),
    )
    table.end()
    return panel


def _simulate(table: Table | None) -> Simulate | None:
    if table is None:
        return None
    word = table.choice("kind", KINDS, remedy=f"give one of {', '.join(KINDS)}")
    if word is None:
        return None
    kind = KINDS[word]
    said: dict[str, Any] = {}
    for name in (*kind.needs, *kind.allows, *COMMON):
        key = name.rstrip("_")
        if not table.has(key):
            if name in kind.needs:
                table.wrong(key, f"simulate.{key} is missing", f'"{word}" needs {", ".join(kind.needs)}')
            continue
        value = _READERS[name](table, key)
        if value is not None:
            said[name] = value
    table.end()
    return Simulate(word, **said)


def _one_or_two(table: Table, key: str) -> Any:
    return table.pair(key) if isinstance(table.raw(key), list) else table.number(key)


def _start(table: Table, key: str) -> Any:
    value = table.raw(key)
    if isinstance(value, bool | str):
        return value
    return _one_or_two(table, key)


_READERS = {
    "start": _start,
    "by": _one_or_two,
    "between": Table.pair,
    "every": lambda table, key: table.whole(key, 1, MAX_EVERY),
    "keep": Table.flag,
    "again": Table.flag,
    **dict.fromkeys(("while_", "of", "after", "order", "amount", "balance"), Table.text),
    **dict.fromkeys(("times", "plus", "rest", "until", "below", "above"), Table.number),
}
