"""Write the generated parts of protocol/README.md from wxproto: `python protocol/book.py [--check]`.

A part stands between `<!-- generated:NAME -->` and `<!-- /generated -->`; its text comes from the function of
that name in PARTS. With --check nothing is written and a difference is an error.
"""

import argparse
import ast
import importlib
import re
from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import book_examples
from wxproto import (
    commands,
    configuration,
    data_receiver,
    data_sender,
    device_info,
    link_state,
    meanings,
)
from wxproto.product import KINDS

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
PART = re.compile(r"(<!-- generated:(\w+) -->\n).*?(<!-- /generated -->)", re.DOTALL)

MACRO = re.compile(r"^#define (\w+) (\d+)u +/\* (.+) \*/$", re.MULTILINE)
"""Name, value and meaning of a number in a header of the SDK."""

MCU_HEADERS = ("wxlink.h", "wxlink_update.h")
MCU_LIMITS = (
    "WXLINK_REPEAT_MS",
    "WXLINK_SLOW_MS",
    "WXLINK_FULL_MS",
    "WXLINK_RETRY_MS",
    "WXLINK_RESTART_MS",
    "WXLINK_SILENCE_MS",
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
    ("commands", "SERVICE_MS"),
    ("commands", "PIECE_SERVICE_MS"),
    ("device_info", "MAX_EXTRA"),
    ("configuration", "MAX_SSID"),
    ("configuration", "MAX_PASSWORD"),
    ("configuration", "MAX_BSSID"),
    ("configuration", "MAX_TZ"),
    ("configuration", "MAX_SERVER"),
    ("module_info", "MAX_CELLS"),
    ("transaction", "MAX_URL"),
    ("big_data", "PIECE_BYTES"),
    ("big_data", "MAX_PIECE"),
    ("big_data", "MAX_PIECES"),
    ("big_data", "MAX_LINE"),
    ("big_data", "MAX_MD5"),
    ("data_sender", "OFFER_MS"),
    ("data_receiver", "QUIET_MS"),
    ("data_receiver", "ASKS"),
    ("sub_devices", "MAX_SUB_DEVICES"),
    ("sub_devices", "MAX_DID"),
    ("sub_devices", "MAX_ENTRY_P0"),
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
        rows.append(
            (
                f"{row.code:02X}",
                ack,
                row.asker,
                meanings.COMMAND_NAMES[row.code],
                row.reply,
                row.service_ms or "",
            )
        )
    return table(("command", "ack", "asked by", "name", "the ack carries", "service, ms"), rows)


def notice_table() -> str:
    return table(("error", "meaning"), commands.NOTICES.items())


def status_table() -> str:
    rows = ((bits, f"`{name}`", text) for bits, name, text in meanings.STATUS_BITS)
    return table(("bits", "constant", "meaning"), rows)


def transition_table() -> str:
    return table(
        ("role", "state", "what happens", "next state"),
        (
            (role, before, what, meanings.LINK_STATES[moves[state | move]])
            for role, moves in link_state.TRANSITIONS.items()
            for state, before in meanings.LINK_STATES.items()
            for move, what in meanings.LINK_MOVES.items()
            if state | move in moves
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
    header = "".join((HERE / "csdk" / name).read_text(encoding="utf-8") for name in MCU_HEADERS)
    found = {name: (value, text) for name, value, text in MACRO.findall(header)}
    return table(("limit", "value", "meaning"), ((f"`{name}`", *found[name]) for name in MCU_LIMITS))


def action_table() -> str:
    return table(
        ("action", "sent by", "in", "meaning"),
        (
            (f"{row.code:02X}", row.sender, f"{row.carrier:02X}", row.name)
            for row in meanings.ACTIONS.values()
        ),
    )


def envelope_table() -> str:
    return table(
        ("command", "constant", "direction", "meaning"),
        ((f"{cmd:04X}", f"`{name}`", way, text) for cmd, (name, way, text) in meanings.ENVELOPES.items()),
    )


def service_table() -> str:
    return table(
        ("command", "constant", "direction", "body"),
        ((f"{cmd:04X}", f"`{name}`", way, text) for cmd, (name, way, text) in meanings.SERVICES.items()),
    )


def example_table(rows: Callable[[], book_examples.Rows]) -> str:
    """Frames and what they say."""
    return table(("bytes", "what they say"), ((f"`{wire(data)}`", text) for text, data in rows()))


def fixed_layout() -> str:
    """Where each data point of the example product stands in a fixed-length report."""
    rows: list[tuple[object, ...]] = []
    at = 0
    for kind in KINDS:
        points = [point for point in book_examples.product("gokit").points if point.kind == kind]
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


def configuration_table() -> str:
    return table(("mode", "how the module comes to a network"), configuration.METHODS.items())


def machine_table(machine: ModuleType) -> str:
    return table(
        ("state", "what happens", "next state"),
        ((before, what, after) for (before, what), after in machine.TRANSITIONS.items()),
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
    "configuration": configuration_table,
    "envelopes": envelope_table,
    "fixed_layout": fixed_layout,
    "limits": limit_table,
    "mcu_limits": mcu_limit_table,
    "notices": notice_table,
    "receiver": partial(machine_table, data_receiver),
    "sender": partial(machine_table, data_sender),
    "services": service_table,
    "status": status_table,
    "transitions": transition_table,
    "versions": versions,
}
PARTS.update({name: partial(example_table, rows) for name, rows in book_examples.EXAMPLES.items()})


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
