"""Worked frames of a product's own P0: control, read and report, with values that tell points apart."""

from wxlink.codegen.bilingual import Text, number_text, same
from wxlink.codegen.book.worked import Worked
from wxproto import commands
from wxproto.p0 import Codec, raw_value
from wxproto.product import Point, Product

MAX_CONTROLLED = 3
"""Data points of the worked control: enough to see flags and places."""
MAX_READ = 2

Value = bool | int | float | str | bytes


def sample(point: Point) -> Value:
    """A value that differs from an empty one: true, the last text, the middle of the range, 01 02 03 04."""
    if point.data_type == "bool":
        return True
    if point.data_type == "enum":
        return point.values[-1]
    if point.scale is not None and point.minimum is not None and point.maximum is not None:
        return point.scale.display((point.minimum + point.maximum + 1) // 2)
    return bytes(range(1, min(point.len, 4) + 1)) + bytes(max(0, point.len - 4))


def shown(point: Point, value: Value) -> Text:
    """A value as the book prints it: with its unit, and the raw number where people see another one."""
    if point.data_type == "bool":
        return same("true" if value else "false")
    raw = raw_value(point, value)
    if isinstance(raw, bytes):
        return same(raw.hex(" ").upper())
    if point.data_type == "enum":
        english = (point.values_en or point.values)[raw] or point.values[raw]
        return Text(f"{raw} {point.values[raw]}", f"{raw} {english}")
    number = number_text(value) if isinstance(value, int | float) else str(value)
    text = f"{number} {point.unit}".rstrip()
    if (point.ratio, point.addition) == (1, 0):
        return same(text)
    return Text(f"{text}（原始值 {raw}）", f"{text} (raw {raw})")


def p0_frames(product: Product) -> list[Worked]:
    """Control, read, their acknowledgements, and a report with its acknowledgement."""
    codec = Codec(product)
    values = {point.name: sample(point) for point in product.points}
    frames = []
    writable = [point for point in product.points if point.writable]
    if writable:
        numbers = [point for point in writable if not point.is_bits]
        first = writable[: MAX_CONTROLLED - 1]
        chosen = [*first, *[point for point in numbers if point not in first][:1]]
        control = {point.name: values[point.name] for point in chosen}
        frames += [
            Worked(
                Text("控制", "control"),
                commands.P0_DOWN,
                32,
                codec.encode_control(control),
                _says(product, control),
            ),
            Worked(Text("控制的应答", "its acknowledgement"), commands.P0_DOWN_ACK, 32, b""),
        ]
    wanted = [point.name for point in product.points[:MAX_READ]] if product.variable else list(values)
    read = {name: values[name] for name in wanted}
    asked = "、".join(wanted), ", ".join(wanted)
    frames += [
        Worked(
            Text("读取", "read"),
            commands.P0_DOWN,
            33,
            codec.encode_read(wanted),
            ((Text("读取", "read"), Text(*asked) if product.variable else Text("全部", "everything")),),
        ),
        Worked(
            Text("读取的应答", "its acknowledgement, the state"),
            commands.P0_DOWN_ACK,
            33,
            codec.encode_report(read, reply=True),
            _says(product, read),
        ),
        Worked(
            Text("上报全部状态", "report of everything"),
            commands.P0_UP,
            34,
            codec.encode_report(values),
            _says(product, values),
        ),
        Worked(Text("上报的应答", "its acknowledgement"), commands.P0_UP_ACK, 34, b""),
    ]
    return frames


def _says(product: Product, values: dict[str, Value]) -> tuple[tuple[Text, Text], ...]:
    says = []
    for name, value in values.items():
        point = product.point(name)
        titles = (point.display_name, point.display_name_en or point.display_name)
        zh, en = (name if title.lower() == name.lower() else f"{name} {title}" for title in titles)
        says.append((Text(zh, en), shown(point, value)))
    return tuple(says)
