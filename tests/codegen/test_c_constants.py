"""Numbers that stand in the C SDK and in Python are the same."""

import re

from wxlink.assets import asset
from wxlink.bench import board, reports
from wxlink.codegen import product_c
from wxproto import actions, commands, device_info, session

CSDK = asset("protocol/csdk")
_DEFINE = re.compile(r"^#define (\w+) (0x[0-9A-F]+|\d+)u?\b", re.MULTILINE)
_ENUM = re.compile(r"^ *(?:enum \{ )?(\w+) = (0x[0-9A-F]{2})", re.MULTILINE)


def macros(name: str) -> dict[str, int]:
    return {word: int(value, 0) for word, value in _DEFINE.findall((CSDK / name).read_text("utf-8"))}


def test_times_are_those_of_the_python_mcu() -> None:
    header = macros("wxlink.h")
    assert header["WXLINK_RESEND_MS"] == session.ACK_TIMEOUT_MS
    assert header["WXLINK_SENDS"] == session.SENDS
    assert header["WXLINK_REPEAT_MS"] == board.REPEAT_MS == session.ACK_TIMEOUT_MS * session.SENDS
    assert header["WXLINK_SLOW_MS"] == reports.SLOW_MS
    assert header["WXLINK_FULL_MS"] == reports.FULL_MS
    assert header["WXLINK_RETRY_MS"] == reports.RETRY_MS
    assert header["WXLINK_RESTART_MS"] == board.RESTART_MS


def test_status_bits() -> None:
    header = {name.removeprefix("WXLINK_"): value for name, value in macros("wxlink.h").items()}
    bits = {name for name in header if name.startswith("STATUS_")} - {"STATUS_SIGNAL"}
    assert {name: header[name] for name in bits} == {name: getattr(commands, name) for name in bits}
    assert header["STATUS_SIGNAL"] == commands.STATUS_SIGNAL_MASK
    assert len(bits) == len(commands.STATUS_BITS)


def test_actions() -> None:
    header = macros("wxlink_p0.h")
    fixed = [header[f"WXLINK_{name}"] for name in ("CONTROL", "READ", "READ_REPLY", "REPORT")]
    assert fixed == [actions.CONTROL, actions.READ, actions.READ_REPLY, actions.REPORT]
    assert [action + header["WXLINK_VARIABLE"] for action in fixed] == [
        actions.V_CONTROL,
        actions.V_READ,
        actions.V_READ_REPLY,
        actions.V_REPORT,
    ]
    assert header["WXLINK_TRANSPARENT"] == actions.TRANSPARENT_DOWN


def test_commands() -> None:
    codes = {int(code, 0) for _, code in _ENUM.findall((CSDK / "wxlink_session.c").read_text("utf-8"))} | {
        macros("wxlink_report.h")["WXLINK_REPORT_COMMAND"],
        commands.P0_UP_ACK,
    }
    assert codes == set(commands.COMMANDS) | {commands.P0_UP_ACK}


def test_the_longest_answer_is_the_device_information() -> None:
    info = device_info.DeviceInfo(
        product_key="0" * 32,
        hardware_version="",
        software_version="",
        attributes=bytes(8),
        product_secret="0" * 32,
    )
    assert macros("wxlink_session.h")["WXLINK_INFO_SIZE"] == product_c.INFO_SIZE == len(info.encode())
