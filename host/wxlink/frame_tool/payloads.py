"""Payloads with named fields, but for P0: a table that `decode`, `encode` and `list` read."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from wxlink.frame_tool.kinds import FLAG, NUMBER, NUMBER_OR_NONE, OCTETS, TEXT, TEXT_OR_OCTETS, Kind, choice
from wxlink.frame_tool.names import NAMES
from wxlink.frame_tool.short_payloads import ModuleQuestion, Notice, Status
from wxproto import big_data, configuration, module_info, transaction
from wxproto import commands as c
from wxproto.device_info import DeviceInfo
from wxproto.network_time import NetworkTime


class Payload(Protocol):
    """A record of wxproto that can be written."""

    @property
    def fields(self) -> tuple[str, ...]: ...
    def shown(self, field: str) -> str: ...
    def encode(self) -> bytes: ...


class Form(NamedTuple):
    """A payload as people write it.

    make: the record of the fields, given by keyword. kinds: how each field is written.
    """

    name: str
    code: int
    make: Callable[..., Payload]
    kinds: Mapping[str, Kind]

    @property
    def needed(self) -> tuple[str, ...]:
        """Fields without which the payload cannot be."""
        given = inspect.signature(self.make).parameters.values()
        return tuple(
            one.name for one in given if one.default is one.empty and one.kind is not one.VAR_KEYWORD
        )


_VERSIONS: Final = dict.fromkeys(("hardware_version", "software_version"), TEXT)
_ERRORS: Final = choice(
    {
        "checksum": c.ERROR_CHECKSUM,
        "unknown-command": c.ERROR_UNKNOWN_COMMAND,
        "other": c.ERROR_OTHER,
        "file-type": c.ERROR_FILE_TYPE,
    }
)
_MODES: Final = choice(
    {"softap": configuration.SOFTAP, "airlink": configuration.AIRLINK, "given": configuration.GIVEN}
)


def _cells(text: str) -> list[module_info.Cell]:
    numbers = [[int(part, 0) for part in cell.split(":")] for cell in text.split(",") if cell]
    return [module_info.Cell(lac, cell, rssi) for lac, cell, rssi in numbers]


_CELLS: Final = Kind("LAC:CELL:RSSI,…", _cells)

_ROWS: Final = (
    Form(
        NAMES[c.DEVICE_INFO],
        c.DEVICE_INFO,
        DeviceInfo,
        {
            "product_key": TEXT,
            **_VERSIONS,
            "bindable_s": NUMBER,
            "attributes": OCTETS,
            "product_secret": TEXT,
            "extra": TEXT,
            "protocol_version": TEXT,
            "p0_version": TEXT,
        },
    ),
    Form(
        NAMES[c.ENTER_CONFIGURATION],
        c.ENTER_CONFIGURATION,
        configuration.Configuration,
        {
            "mode": _MODES,
            "ssid": TEXT_OR_OCTETS,
            "password": TEXT_OR_OCTETS,
            "bssid": TEXT_OR_OCTETS,
            "tz": TEXT,
            "server": TEXT,
        },
    ),
    Form(
        NAMES[c.MODULE_STATUS],
        c.MODULE_STATUS,
        Status,
        {name: NUMBER if name == "signal" else FLAG for name in Status.fields},
    ),
    Form(NAMES[c.MODULE_NOTICE], c.MODULE_NOTICE, Notice, {"error": _ERRORS}),
    Form(NAMES[c.MCU_NOTICE], c.MCU_NOTICE, Notice, {"error": _ERRORS}),
    Form(
        NAMES[c.NETWORK_TIME],
        c.NETWORK_TIME,
        NetworkTime,
        dict.fromkeys(NetworkTime.fields, NUMBER) | {"utc": NUMBER_OR_NONE},
    ),
    Form(
        NAMES[c.DATA_ANNOUNCE],
        c.DATA_ANNOUNCE,
        big_data.Announce,
        {"size": NUMBER, "md5": TEXT},
    ),
    Form(
        NAMES[c.DATA_READY],
        c.DATA_READY,
        big_data.Ready,
        {"md5": TEXT, "piece_bytes": NUMBER, "hex_lines": FLAG},
    ),
    Form(
        NAMES[c.DATA_PIECE],
        c.DATA_PIECE,
        big_data.Piece,
        {"number": NUMBER, "count": NUMBER, "content": OCTETS, "hex_lines": FLAG, "last": FLAG},
    ),
    Form(NAMES[c.GET_MODULE_INFO], c.GET_MODULE_INFO, ModuleQuestion, {"kind": NUMBER}),
    Form(
        NAMES[c.MODULE_INFO],
        c.MODULE_INFO,
        module_info.WifiModule,
        {"protocol_version": TEXT, **_VERSIONS, "mac": TEXT, "ip": TEXT, "attributes": OCTETS},
    ),
    Form(
        "cellular-module-info",
        c.MODULE_INFO,
        module_info.CellularModule,
        {
            "protocol_version": TEXT,
            **_VERSIONS,
            **dict.fromkeys(("imei", "imsi", "mcc", "mnc"), TEXT),
            "attributes": OCTETS,
            "kind": NUMBER,
            "cells": _CELLS,
        },
    ),
    Form(
        "transaction-check",
        c.TRANSACTION_REQUEST,
        transaction.Check,
        {"product_key": TEXT, "did": TEXT, **_VERSIONS, "compare": FLAG},
    ),
    Form("transaction-download", c.TRANSACTION_REQUEST, transaction.Download, {"url": TEXT}),
    Form("transaction-check-result", c.TRANSACTION_RESULT, transaction.CheckResult, {"needed": FLAG}),
    Form(
        "transaction-found",
        c.TRANSACTION_RESULT,
        transaction.Found,
        {"software_version": TEXT, "url": TEXT},
    ),
    Form("transaction-download-result", c.TRANSACTION_RESULT, transaction.DownloadResult, {"result": NUMBER}),
)

FORMS: Final = {row.name: row for row in _ROWS}
"""Every payload with fields, but for P0, by the name that `encode` takes."""

READERS: Final[dict[int, Callable[[int, bytes], Any]]] = {
    c.DEVICE_INFO: lambda _, payload: DeviceInfo.decode(payload),
    c.ENTER_CONFIGURATION: lambda _, payload: configuration.Configuration.decode(payload),
    c.MODULE_STATUS: lambda _, payload: Status.decode(payload),
    c.MODULE_NOTICE: lambda _, payload: Notice.decode(payload),
    c.MCU_NOTICE: lambda _, payload: Notice.decode(payload),
    c.NETWORK_TIME: lambda _, payload: NetworkTime.decode(payload),
    c.DATA_ANNOUNCE: lambda _, payload: big_data.Announce.decode(payload),
    c.DATA_READY: big_data.Ready.decode,
    c.DATA_PIECE: big_data.Piece.decode,
    c.GET_MODULE_INFO: lambda _, payload: ModuleQuestion.decode(payload),
    c.MODULE_INFO: lambda _, payload: module_info.decode(payload),
    c.TRANSACTION_REQUEST: lambda _, payload: transaction.decode_request(payload),
    c.TRANSACTION_RESULT: lambda _, payload: transaction.decode_result(payload),
}
"""What reads (flags, payload) of a code into a record; PeerError when malformed."""

SECRET_FROM: Final = {
    c.DEVICE_INFO: 74,  # the product secret, and the text that may hold passwords
    c.ENTER_CONFIGURATION: 1,  # all but the mode
    c.REGISTER_SUB_DEVICE: 0,
    c.SUB_DEVICE_RESULT: 0,
}
"""Bytes of a payload before its first secret, by code."""
