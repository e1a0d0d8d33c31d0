"""The names by which people call commands and acknowledgements, each for one code."""

from typing import Final

from wxproto import commands as c

_COMMANDS: Final = {
    c.GET_DEVICE_INFO: "get-device-info",
    c.P0_DOWN: "p0-down",
    c.P0_UP: "p0-up",
    c.HEARTBEAT: "heartbeat",
    c.ENTER_CONFIGURATION: "enter-configuration",
    c.RESET_MODULE: "reset-module",
    c.MODULE_STATUS: "module-status",
    c.RESTART_MCU: "restart-mcu",
    c.MODULE_NOTICE: "module-notice",
    c.MCU_NOTICE: "mcu-notice",
    c.ENTER_TEST: "enter-test",
    c.ALLOW_BINDING: "allow-binding",
    c.GET_NETWORK_TIME: "get-network-time",
    c.DATA_ANNOUNCE: "data-announce",
    c.DATA_READY: "data-ready",
    c.DATA_PIECE: "data-piece",
    c.DATA_SENDER_CANCEL: "data-sender-cancel",
    c.GET_MODULE_INFO: "get-module-info",
    c.TRANSACTION_REQUEST: "transaction-request",
    c.TRANSACTION_RESULT: "transaction-result",
    c.DATA_RECEIVER_CANCEL: "data-receiver-cancel",
    c.RESTART_MODULE: "restart-module",
    c.REGISTER_SUB_DEVICE: "register-sub-device",
    c.SUB_DEVICE_RESULT: "sub-device-result",
}

_ANSWERS: Final = {
    c.DEVICE_INFO: "device-info",
    c.NETWORK_TIME: "network-time",
    c.MODULE_INFO: "module-info",
}
"""Acknowledgements that carry data have names of their own; every other is its command's name and "-ack"."""

NAMES: Final = _COMMANDS | {
    row.ack: _ANSWERS.get(row.ack, f"{_COMMANDS[row.code]}-ack")
    for row in c.COMMANDS.values()
    if row.ack is not None
}
"""Name by code, commands and acknowledgements."""

CODES: Final = {name: code for code, name in NAMES.items()}
"""Code by name."""
