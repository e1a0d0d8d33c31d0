"""What a change of a product file means to boards and apps in the field: the gate before a release."""

from collections.abc import Iterator
from decimal import Decimal, localcontext
from enum import IntEnum
from typing import NamedTuple

from wxlink.product.definition import DIGITS
from wxlink.product.hints import hints_said
from wxlink.product.layout import Layout, layout_of
from wxlink.product.product_file import ProductFile
from wxlink.product.spec import CLASS_WORDS, PointSpec
from wxproto.product import KINDS, WRITABLE, Point, Product


class Level(IntEnum):
    """How far a change reaches; the highest of all changes decides."""

    SAFE = 0
    MCU = 3
    APPS = 4

    @property
    def words(self) -> str:
        """For people and for scripts."""
        return {0: "safe", 3: "needs MCU update", 4: "breaks apps"}[self.value]


class Change(NamedTuple):
    """One difference: how far it reaches, the data point or "", what changed and why that matters."""

    level: Level
    point: str
    text: str
    reason: str


def changes(old: ProductFile, new: ProductFile) -> list[Change]:
    """Every difference between two product files, those that reach farthest first."""
    with localcontext(prec=DIGITS):
        found = [*_product(old, new), *_points(old, new), *_wire(old.product, new.product)]
    return sorted(found, key=lambda change: -change.level)


def level_of(found: list[Change]) -> Level:
    """The farthest reach among some changes; safe when there are none."""
    return max((change.level for change in found), default=Level.SAFE)


def _product(old: ProductFile, new: ProductFile) -> Iterator[Change]:
    if old.spec.key != new.spec.key:
        yield Change(Level.APPS, "", "another product key", "devices, users and apps belong to the old one")
    if old.spec.variable != new.spec.variable:
        form = "variable" if new.spec.variable else "fixed"
        yield Change(Level.MCU, "", f"P0 of {form} length", "every frame has another form")
    if old.spec.title != new.spec.title:
        yield Change(Level.SAFE, "", f'title "{new.spec.title.zh}"', "texts are for people")
    if (old.spec.kept_top, old.spec.kept_entity) != (new.spec.kept_top, new.spec.kept_entity):
        yield Change(Level.SAFE, "", "other keys of the JSON", "neither boards nor apps of wxlink read them")


def _points(old: ProductFile, new: ProductFile) -> Iterator[Change]:
    renamed = _renamed(old.product, new.product)
    for point in old.points:
        name = renamed.get(point.name, point.name)
        if name != point.name:
            reason = "apps name it in the API, boards do not"
            yield Change(Level.APPS, point.name, f'renamed to "{name}"', reason)
        elif name not in new.product:
            yield Change(Level.APPS, name, "removed", "apps that show or set it find nothing")
            continue
        before, after = old.product.point(point.name), new.product.point(name)
        for level, text, reason in _point(before, after):
            yield Change(level, name, text, reason)
        yield from _texts(point, new.point(name))
    for added in new.points:
        if added.name not in old.product and added.name not in renamed.values():
            yield Change(Level.MCU, added.name, "added", "the board does not measure or obey it yet")


def _renamed(old: Product, new: Product) -> dict[str, str]:
    """Old names -> new names of points that kept id, class, type and texts."""
    return {
        before.name: after.name
        for before, after in zip(old.points, new.points, strict=False)
        if before.name not in new
        and after.name not in old
        and (before.kind, before.data_type, before.values) == (after.kind, after.data_type, after.values)
    }


def _point(old: Point, new: Point) -> Iterator[tuple[Level, str, str]]:
    if old.kind != new.kind:
        gained = (old.kind, new.kind) == (KINDS[1], WRITABLE)
        yield (
            Level.MCU if gained else Level.APPS,
            f"{CLASS_WORDS[old.kind]} becomes {CLASS_WORDS[new.kind]}",
            "the board must obey it" if gained else "apps that set it or wait for it do so in vain",
        )
    if old.is_number and new.is_number:
        yield from _number(old, new)
    elif old.data_type != new.data_type:
        yield Level.APPS, f"{old.data_type} becomes {new.data_type}", "apps expect values of the old form"
    elif old.data_type == "enum":
        yield from _enum(old, new)
    elif old.len != new.len:
        level = Level.APPS if new.len < old.len else Level.MCU
        reason = "what apps write no longer fits" if new.len < old.len else "frames grow"
        yield level, f"{old.len} bytes become {new.len}", reason


def _number(old: Point, new: Point) -> Iterator[tuple[Level, str, str]]:
    if old.data_type != new.data_type:
        yield Level.MCU, f"{old.data_type} becomes {new.data_type}", "it takes other bytes in a frame"
    if (old.ratio, old.addition) != (new.ratio, new.addition):
        text = f"raw * {old.ratio} + {old.addition} becomes raw * {new.ratio} + {new.addition}"
        yield Level.MCU, text, "the same bytes mean another number"
    if _grid(old) == _grid(new):
        if (old.minimum, old.maximum) != (new.minimum, new.maximum):
            yield Level.MCU, "other raw limits", "the board clamps to them"
        return
    lost = _loses(_grid(old), _grid(new))
    yield (
        Level.APPS if lost else Level.MCU,
        f"{_shown(old)} becomes {_shown(new)}",
        "values that apps know are gone" if lost else "the board must obey or send new values",
    )


def _grid(point: Point) -> tuple[Decimal, Decimal, Decimal]:
    """Lowest and highest display number, and the distance of two."""
    ratio, addition = Decimal(repr(point.ratio)), Decimal(repr(point.addition))
    ends = sorted((raw or 0) * ratio + addition for raw in (point.minimum, point.maximum))
    return ends[0], ends[1], abs(ratio)


def _loses(old: tuple[Decimal, ...], new: tuple[Decimal, ...]) -> bool:
    """True when a number of the old grid is not in the new one."""
    if old[0] < new[0] or old[1] > new[1] or (old[0] - new[0]) % new[2] != 0:
        return True
    return old[0] != old[1] and old[2] % new[2] != 0


def _shown(point: Point) -> str:
    low, high, step = _grid(point)
    return f"{low:f} to {high:f} in steps of {step:f}"


def _enum(old: Point, new: Point) -> Iterator[tuple[Level, str, str]]:
    gone = [text for text in old.values if text not in new.values]
    if gone:
        yield Level.APPS, f"without {', '.join(gone)}", "apps know the value by this text"
    added = [text for text in new.values if text not in old.values]
    if added:
        yield Level.MCU, f"with {', '.join(added)}", "the board does not know this value yet"
    if not gone and new.values[: len(old.values)] != old.values:
        yield Level.MCU, "values in another order", "the same number means another value"


def _texts(old: PointSpec, new: PointSpec) -> Iterator[Change]:
    reason = "texts and hints are for people and pages"
    if old.unit and new.unit and old.unit != new.unit:
        text = f"{old.unit} becomes {new.unit}"
        yield Change(Level.MCU, new.name, text, "boards in the field measure in the old unit")
    elif old.unit != new.unit:
        yield Change(Level.SAFE, new.name, "other unit", reason)
    for word, before, after in (
        ("title", old.title, new.title),
        ("description", old.description, new.description),
        ("texts of its values", [value.en for value in old.values], [value.en for value in new.values]),
    ):
        if before != after and (word != "texts of its values" or old.data_type == new.data_type == "enum"):
            yield Change(Level.SAFE, new.name, f"other {word}", reason)
    hints = hints_said(old), hints_said(new)
    for key in sorted({*hints[0], *hints[1]}):
        if hints[0].get(key) != hints[1].get(key):
            yield Change(Level.SAFE, new.name, f"other {key}", reason)
    if old.kept != new.kept:
        yield Change(Level.SAFE, new.name, "other keys of the JSON", reason)


def _wire(old: Product, new: Product) -> Iterator[Change]:
    """Points that lie elsewhere in the frames, said once for all of them."""
    if old.variable != new.variable:
        return
    layouts = layout_of(old), layout_of(new)
    moved = [
        point.name
        for point in old.points
        if point.name in new
        and _place(old, layouts[0], point) != _place(new, layouts[1], new.point(point.name))
    ]
    if moved:
        reason = "flags are counted by place, and fixed frames are cut by it"
        yield Change(Level.MCU, "", f"{', '.join(moved)}: another place in the frames", reason)


def _place(product: Product, layout: Layout, point: Point) -> tuple[int, ...]:
    """Everything that says where a point lies in control and report."""
    if product.variable:
        return point.id, layout.flag_size
    place = layout.places[point.id]
    group = layout.groups[KINDS.index(point.kind)]
    byte, bit = (group.start + group.size - 1 - place // 8, place % 8) if point.is_bits else (place, 0)
    flag = sum(other.kind == WRITABLE for other in product.points[: point.id]) if point.writable else -1
    return byte, bit, flag, layout.control_flag_size if point.writable else 0
