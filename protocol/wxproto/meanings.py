"""What commands, actions, envelopes, status bits and link states are called, for the book and for tools."""

from collections import namedtuple

from . import actions, commands, envelope, link_state
from .commands import MCU, MODULE

COMMAND_NAMES = {
    commands.GET_DEVICE_INFO: "get device information",
    commands.P0_DOWN: "P0 down: control, read, transparent, sub-devices",
    commands.P0_UP: "P0 up: report, transparent, sub-devices",
    commands.HEARTBEAT: "heartbeat",
    commands.ENTER_CONFIGURATION: "enter configuration",
    commands.RESET_MODULE: "wipe and restart the module",
    commands.MODULE_STATUS: "module status",
    commands.RESTART_MCU: "restart the MCU",
    commands.MODULE_NOTICE: "error notice from the module",
    commands.MCU_NOTICE: "error notice from the MCU",
    commands.ENTER_TEST: "enter production test",
    commands.ALLOW_BINDING: "open the binding window",
    commands.GET_NETWORK_TIME: "get network time",
    commands.DATA_ANNOUNCE: "big data: announce",
    commands.DATA_READY: "big data: ready",
    commands.DATA_PIECE: "big data: piece",
    commands.DATA_SENDER_CANCEL: "big data: the sender cancels",
    commands.GET_MODULE_INFO: "get module information",
    commands.TRANSACTION_REQUEST: "transaction request",
    commands.TRANSACTION_RESULT: "transaction result",
    commands.DATA_RECEIVER_CANCEL: "big data: the receiver cancels",
    commands.RESTART_MODULE: "restart the module, nothing wiped",
    commands.REGISTER_SUB_DEVICE: "register a sub-device",
    commands.SUB_DEVICE_RESULT: "result of a registration",
}
"""The name of each command of commands.COMMANDS, by its code."""

STATUS_BITS = (
    ("0", "STATUS_SOFTAP", "soft access point on"),
    ("1", "STATUS_STATION", "station on"),
    ("2", "STATUS_ONBOARDING", "onboarding: with bit 0 by soft access point, with bit 1 by radio broadcast"),
    ("3", "STATUS_BINDING", "binding allowed"),
    ("4", "STATUS_ROUTER", "connected to the router"),
    ("5", "STATUS_CLOUD", "connected to the relay"),
    ("8-10", "STATUS_SIGNAL_MASK", "signal level 0..7, 7 strongest; valid only with bit 4"),
    ("11", "STATUS_APP", "a bound app is online"),
    ("12", "STATUS_TEST", "production test"),
)
"""Rows of (bits, constant, meaning); bits 6, 7 and 13-15 are sent as 0."""

LINK_STATES = {
    link_state.DOWN: "down",
    link_state.UP: "up",
    link_state.DOUBT: "doubt",
}
LINK_MOVES = {
    link_state.ANSWERED: "device information came",
    link_state.SERVED: "device information was given, or a later command came",
    link_state.MISSED: "a heartbeat was given up",
    link_state.HEARD: "a good frame came",
    link_state.GONE: "too many heartbeats were given up",
}
"""The states of link_state.TRANSITIONS, and what moves them."""

Action = namedtuple("Action", ("code", "name", "sender", "carrier"))
"""One row of ACTIONS: `sender` is MODULE or MCU, `carrier` the code of the frame that carries it."""

_ROWS = (
    Action(actions.CONTROL, "control, fixed length", MODULE, commands.P0_DOWN),
    Action(actions.READ, "read, fixed length", MODULE, commands.P0_DOWN),
    Action(actions.READ_REPLY, "read reply, fixed length", MCU, commands.P0_DOWN_ACK),
    Action(actions.REPORT, "report, fixed length", MCU, commands.P0_UP),
    Action(actions.TRANSPARENT_DOWN, "transparent data down", MODULE, commands.P0_DOWN),
    Action(actions.TRANSPARENT_UP, "transparent data up", MCU, commands.P0_UP),
    Action(actions.V_CONTROL, "control, variable length", MODULE, commands.P0_DOWN),
    Action(actions.V_READ, "read, variable length", MODULE, commands.P0_DOWN),
    Action(actions.V_READ_REPLY, "read reply, variable length", MCU, commands.P0_DOWN_ACK),
    Action(actions.V_REPORT, "report, variable length", MCU, commands.P0_UP),
    Action(actions.SUB_DEVICES_ONLINE, "sub-devices came or went", MCU, commands.P0_UP),
    Action(actions.SUB_DEVICES_DOWN, "P0 for sub-devices", MODULE, commands.P0_DOWN),
    Action(actions.SUB_DEVICES_UP, "P0 of sub-devices", MCU, commands.P0_UP),
)

ACTIONS = {row.code: row for row in _ROWS}
"""Every action wxlink speaks, by its byte."""

ENVELOPES = {
    envelope.NOTIFY: ("NOTIFY", "app to device", "business data, no answer wanted"),
    envelope.REPORT: ("REPORT", "device to app", "report, no answer wanted"),
    envelope.REQUEST: ("REQUEST", "either way", "business data with sn, wants an ANSWER"),
    envelope.ANSWER: ("ANSWER", "either way", "answer to a REQUEST, same sn"),
}
"""(name, way, meaning) of each business envelope, by its command."""

SERVICES = {
    envelope.CLIENT_COUNT_REQUEST: (
        "CLIENT_COUNT_REQUEST",
        "module to relay",
        "how many clients watch? empty body",
    ),
    envelope.CLIENT_COUNT: ("CLIENT_COUNT", "relay to module", "number of watching clients, u16"),
    envelope.FIRMWARE_NOTICE: (
        "FIRMWARE_NOTICE",
        "relay to module",
        "look for new firmware: 1 module, 2 MCU",
    ),
}
"""(name, way, meaning) of each service message, by its command."""
