"""Numbers that stand in the C SDK and in Python are the same."""

import re

from wxlink.assets import asset
from wxlink.bench import board
from wxproto import actions, commands, meanings, reports, session

CSDK = asset("protocol/csdk")
_DEFINE = re.compile(r"^#define (\w+) (0x[0-9A-F]+|\d+)u?\b", re.MULTILINE)
_ENUM = re.compile(r"^ *(?:enum \{ )?(\w+) = (0x[0-9A-F]{2})", re.MULTILINE)
NOT_FOR_AN_MCU_OF_ITS_OWN = {
    commands.TRANSACTION_REQUEST,
    commands.TRANSACTION_RESULT,
    commands.REGISTER_SUB_DEVICE,
    commands.SUB_DEVICE_RESULT,
}
"""Commands of products with several MCUs, and of gateways that register what stands behind them."""


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
    assert len(bits) == len(meanings.STATUS_BITS)


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
    text = (CSDK / "wxlink_session.h").read_text("utf-8")
    codes = {name.removeprefix("WXLINK_CMD_"): int(code, 0) for name, code in _ENUM.findall(text)}
    assert codes == {name: getattr(commands, name) for name in codes}
    assert set(codes.values()) == set(commands.COMMANDS) - NOT_FOR_AN_MCU_OF_ITS_OWN
