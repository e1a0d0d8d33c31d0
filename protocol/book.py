"""Write the generated parts of protocol/README.md from wxproto: `python protocol/book.py [--check]`.

A part stands between `<!-- generated:NAME -->` and `<!-- /generated -->`; its text comes from the function of
that name in PARTS. With --check nothing is written and a difference is an error.
"""

import argparse
import ast
import importlib
import json
import re
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

from wxproto import actions, commands, device_info, envelope, frame, session
from wxproto.p0 import Codec
from wxproto.product import KINDS, Product

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
PART = re.compile(r"(<!-- generated:(\w+) -->\n).*?(<!-- /generated -->)", re.DOTALL)

MACRO = re.compile(r"^#define (\w+) (\d+)u +/\* (.+) \*/$", re.MULTILINE)
"""Name, value and meaning of a number in wxlink.h."""

MCU_LIMITS = (
    "WXLINK_REPEAT_MS",
    "WXLINK_SLOW_MS",
    "WXLINK_FULL_MS",
    "WXLINK_RETRY_MS",
    "WXLINK_RESTART_MS",
)

LIMITS = (
    ("frame", "MAX_PAYLOAD"),
    ("line", "BAUD"),
    ("session", "ACK_TIMEOUT_MS"),
    ("question", "ANSWER_SIZE"),
    ("session", "SENDS"),
    ("session", "HEARTBEAT_MS"),
    ("session", "LOST_AFTER"),
    ("session", "MAX_QUEUE"),
    ("session", "DUPLICATE_MS"),
    ("session", "MAX_BACKLOG"),
    ("actions", "MODULE_P0"),
    ("device_info", "MAX_EXTRA"),
    ("envelope", "MAX_P0"),
    ("product", "MAX_POINTS"),
    ("product", "MAX_TEXT"),
    ("scale", "MAX_DECIMALS"),
    ("scale", "MAX_FACTOR"),
)


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table."""
    lines = [list(head), ["---"] * len(list(head)), *([str(cell) for cell in row] for row in rows)]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def wire(data: bytes) -> str:
    """Bytes as pairs of hex digits."""
    return data.hex(" ").upper()


def command_table() -> str:
    rows = []
    for row in commands.COMMANDS.values():
        ack = "none" if row.ack is None else f"{row.ack:02X}"
        rows.append((f"{row.code:02X}", ack, row.asker, row.name, row.reply, row.service_ms or ""))
    return table(("command", "ack", "asked by", "name", "the ack carries", "service, ms"), rows)


def notice_table() -> str:
    return table(("error", "meaning"), commands.NOTICES.items())


def status_table() -> str:
    rows = ((bits, f"`{name}`", text) for bits, name, text in commands.STATUS_BITS)
    return table(("bits", "constant", "meaning"), rows)


def transition_table() -> str:
    return table(
        ("role", "state", "what happens", "next state"),
        (
            (role, before, what, after)
            for role, moves in session.TRANSITIONS.items()
            for (before, what), after in moves.items()
        ),
    )


def limit_table() -> str:
    rows = []
    for module, name in LIMITS:
        value = getattr(importlib.import_module(f"wxproto.{module}"), name)
        rows.append((f"`{module}.{name}`", value, reason_of(module, name)))
    return table(("limit", "value", "unit and reason"), rows)


def reason_of(module: str, name: str) -> str:
    """The docstring under a constant."""
    body = ast.parse((HERE / "wxproto" / f"{module}.py").read_text(encoding="utf-8")).body
    for node, below in pairwise(body):
        match node, below:
            case ast.Assign(targets=[ast.Name(id=found)]), ast.Expr(value=ast.Constant(value=str(text))):
                if found == name:
                    return text.removesuffix(".")
    raise LookupError(f"{module}.{name} has no text under it; a limit needs its unit and reason")


def mcu_limit_table() -> str:
    header = (HERE / "csdk" / "wxlink.h").read_text(encoding="utf-8")
    found = {name: (value, text) for name, value, text in MACRO.findall(header)}
    return table(("limit", "value", "meaning"), ((f"`{name}`", *found[name]) for name in MCU_LIMITS))


def action_table() -> str:
    return table(
        ("action", "sent by", "in", "meaning"),
        ((f"{row.code:02X}", row.sender, f"{row.carrier:02X}", row.name) for row in actions.ACTIONS.values()),
    )


def envelope_table() -> str:
    return table(
        ("command", "constant", "direction", "meaning"),
        ((f"{cmd:04X}", f"`{name}`", way, text) for cmd, (name, way, text) in envelope.ENVELOPES.items()),
    )


def service_table() -> str:
    return table(
        ("command", "constant", "direction", "body"),
        ((f"{cmd:04X}", f"`{name}`", way, text) for cmd, (name, way, text) in envelope.SERVICES.items()),
    )


def product(name: str) -> Product:
    return Product.from_dict(json.loads((HERE / "products" / f"{name}.json").read_text(encoding="utf-8")))


def examples(rows: Iterable[tuple[str, bytes]]) -> str:
    """Frames and what they say, as a table."""
    return table(("bytes", "what they say"), ((f"`{wire(data)}`", text) for text, data in rows))


def frame_examples() -> str:
    return examples(
        (
            ("the module asks for device information", frame.encode(commands.GET_DEVICE_INFO, 0)),
            ("heartbeat, sn 1", frame.encode(commands.HEARTBEAT, 1)),
            ("its ack", frame.encode(commands.HEARTBEAT_ACK, 1)),
            ("ack with sn FF, stuffed", frame.encode(commands.P0_UP_ACK, 0xFF)),
            ("report with checksum FF, stuffed", frame.encode(commands.P0_UP, 2, b"\x04\xed")),
            (
                "status: station, router, relay, level 6",
                frame.encode(
                    commands.MODULE_STATUS,
                    15,
                    (
                        commands.STATUS_STATION
                        | commands.STATUS_ROUTER
                        | commands.STATUS_CLOUD
                        | 6 << commands.STATUS_SIGNAL_SHIFT
                    ).to_bytes(2, "big"),
                ),
            ),
            (
                "the MCU did not understand the frame with sn 9",
                frame.encode(commands.MCU_NOTICE, 9, bytes((commands.ERROR_UNKNOWN_COMMAND,))),
            ),
        )
    )


def fixed_layout() -> str:
    """Where each data point of the example product stands in a fixed-length report."""
    rows: list[tuple[object, ...]] = []
    at = 0
    for kind in KINDS:
        points = [point for point in product("gokit").points if point.kind == kind]
        bits = [point for point in points if point.is_bits]
        group = (sum(point.len for point in bits) + 7) // 8
        used = 0
        for point in bits:
            byte = at + group - 1 - used // 8
            last = f"-{used % 8 + point.len - 1}" if point.len > 1 else ""
            rows.append((byte, f"bit {used % 8}{last}", point.name, kind))
            used += point.len
        at += group
        for point in points:
            if not point.is_bits:
                last = f"-{at + point.len - 1}" if point.len > 1 else ""
                rows.append((f"{at}{last}", "", point.name, kind))
                at += point.len
    return table(("byte", "bits", "data point", "kind"), rows)


def fixed_examples() -> str:
    codec = Codec(product("gokit"))
    control: dict[str, bool | int | str | float | bytes] = {
        "LED_OnOff": True,
        "LED_Color": "粉色",
        "LED_R": 17,
        "LED_G": 34,
        "LED_B": 51,
        "Motor_Speed": -2,
    }
    state = control | {"Infrared": True, "Temperature": 26, "Humidity": 55}
    for point in codec.product.points[9:]:
        state[point.name] = point.name in ("Alert_1", "Fault_LED", "Fault_IR")
    return examples(
        (
            (
                "control: light on, pink, 17, 34, 51, motor -2",
                frame.encode(commands.P0_DOWN, 9, codec.encode_control(control)),
            ),
            ("its ack", frame.encode(commands.P0_DOWN_ACK, 9)),
            ("read", frame.encode(commands.P0_DOWN, 10, codec.encode_read())),
            (
                "read reply: also infrared, 26 degrees, 55 %, an alert, two faults",
                frame.encode(commands.P0_DOWN_ACK, 10, codec.encode_report(state, reply=True)),
            ),
            ("the same as a report", frame.encode(commands.P0_UP, 9, codec.encode_report(state))),
        )
    )


def variable_examples() -> str:
    codec = Codec(product("meter"))
    position: dict[str, bool | int | str | float | bytes] = {"HDOP": 1.5, "Sep": 300, "latitude": 31.2304}
    return examples(
        (
            (
                "report of ids 0, 3, 4: Iock on, FS index 2, numSv 9",
                frame.encode(commands.P0_UP, 0, codec.encode_report({"Iock": True, "FS": 2, "numSv": 9})),
            ),
            (
                "report of ids 7, 8, 10, no bit group: HDOP 1.5, Sep 300, latitude 31.2304",
                frame.encode(commands.P0_UP, 1, codec.encode_report(position)),
            ),
            ("control: Iock on", frame.encode(commands.P0_DOWN, 5, codec.encode_control({"Iock": True}))),
            ("read of ids 4 and 7", frame.encode(commands.P0_DOWN, 6, codec.encode_read(["numSv", "HDOP"]))),
        )
    )


def envelope_examples() -> str:
    return examples(
        (
            ("control without answer", envelope.encode(envelope.NOTIFY, bytes.fromhex("010101"))),
            ("report", envelope.encode(envelope.REPORT, bytes.fromhex("04112F0A"))),
            ("read with sn 5", envelope.encode(envelope.REQUEST, b"\x02", 5)),
            ("its answer", envelope.encode(envelope.ANSWER, bytes.fromhex("03112F0A"), 5)),
            ("how many clients watch?", envelope.encode_service(envelope.CLIENT_COUNT_REQUEST)),
            ("one", envelope.encode_service(envelope.CLIENT_COUNT, b"\x00\x01")),
        )
    )


def versions() -> str:
    return table(
        ("field", "what wxlink writes"),
        (
            ("serial protocol version", f"`{device_info.PROTOCOL_VERSION}`"),
            ("P0 version", f"`{device_info.P0_VERSION}`"),
        ),
    )


PARTS: dict[str, Callable[[], str]] = {
    "actions": action_table,
    "commands": command_table,
    "envelope_examples": envelope_examples,
    "envelopes": envelope_table,
    "fixed_examples": fixed_examples,
    "fixed_layout": fixed_layout,
    "frame_examples": frame_examples,
    "limits": limit_table,
    "mcu_limits": mcu_limit_table,
    "notices": notice_table,
    "services": service_table,
    "status": status_table,
    "transitions": transition_table,
    "variable_examples": variable_examples,
    "versions": versions,
}


def render(text: str) -> str:
    """The book with every generated part written anew. LookupError when a part is unknown or missing."""
    missing = set(PARTS) - {found[1] for found in PART.findall(text)}
    if missing:
        raise LookupError(f"the book has no part {', '.join(sorted(missing))}: add its two markers")
    return PART.sub(lambda found: found[1] + PARTS[found[2]]() + found[3], text)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the generated parts of protocol/README.md.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    check = parser.parse_args().check
    old = README.read_text(encoding="utf-8")
    new = render(old)
    if new == old:
        return
    if check:
        raise SystemExit("protocol/README.md is out of date: run python protocol/book.py")
    README.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
