"""What a payload says, as text, and its bytes written again; runs unchanged on CPython and MicroPython."""

from wxproto import commands, module_info, sub_devices, transaction
from wxproto.actions import SUB_DEVICES_DOWN, SUB_DEVICES_ONLINE, SUB_DEVICES_UP
from wxproto.big_data import Announce, Piece, Ready
from wxproto.configuration import Configuration
from wxproto.device_info import DeviceInfo
from wxproto.errors import LocalError
from wxproto.network_time import NetworkTime

LISTS = (SUB_DEVICES_ONLINE, SUB_DEVICES_DOWN, SUB_DEVICES_UP)
RECORDS = {
    commands.DEVICE_INFO: lambda _, payload: DeviceInfo.decode(payload),
    commands.ENTER_CONFIGURATION: lambda _, payload: Configuration.decode(payload),
    commands.NETWORK_TIME: lambda _, payload: NetworkTime.decode(payload),
    commands.DATA_ANNOUNCE: lambda _, payload: Announce.decode(payload),
    commands.DATA_READY: Ready.decode,
    commands.DATA_PIECE: Piece.decode,
    commands.MODULE_INFO: lambda _, payload: module_info.decode(payload),
    commands.TRANSACTION_REQUEST: lambda _, payload: transaction.decode_request(payload),
    commands.TRANSACTION_RESULT: lambda _, payload: transaction.decode_result(payload),
}
"""Commands whose payload is one record."""
BUSINESS = (commands.P0_DOWN, commands.P0_DOWN_ACK, commands.P0_UP)
RAW = {
    commands.MODULE_STATUS: "status",
    commands.MODULE_NOTICE: "error",
    commands.MCU_NOTICE: "error",
    commands.REGISTER_SUB_DEVICE: "unknown",
    commands.SUB_DEVICE_RESULT: "unknown",
}
"""Commands whose payload is one number or of unknown layout."""


def text_of(value):
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex().upper()
    return str(value)


def meaning(found):
    """(words, payload written again or None): words are a class or command and field=value."""
    cmd, payload = found.cmd, found.payload
    if cmd in RECORDS and (payload or cmd == commands.DATA_READY):
        record = RECORDS[cmd](found.flags, payload)
        words = [type(record).__name__]
        for field in record.fields:
            value = getattr(record, field)
            if isinstance(value, list):
                words += [f"lac={one.lac} cell={one.cell} rssi={one.rssi}" for one in value]
            else:
                words.append(field + "=" + text_of(value))
        try:
            again = record.encode()
        except LocalError:  # taken from a peer, and nothing to send: an unknown mode, an empty URL
            again = None
        return words, again
    if cmd in BUSINESS and payload:
        return business(found)
    if cmd == commands.GET_MODULE_INFO:
        kind = module_info.decode_request(payload)
        return [f"kind={kind}"], module_info.encode_request(kind)
    if cmd in RAW:
        return [RAW[cmd], text_of(payload)], payload
    if payload:
        raise AssertionError(f"command {cmd:02X} carries {text_of(payload)}")
    return ["nothing"], b""


def business(found):
    did, p0 = sub_devices.decode_address(found.flags, found.payload)
    words = ["P0", "did=" + text_of(did)]
    again = p0
    if not p0:
        words.append("empty")
    elif p0[0] in LISTS:
        entries = sub_devices.decode(p0)
        words.append(f"action={p0[0]:02X}")
        for one in entries:
            last = one.online if p0[0] == SUB_DEVICES_ONLINE else one.p0
            words.append(text_of(one.did) + ":" + text_of(last))
        if p0[0] == SUB_DEVICES_ONLINE:
            again = sub_devices.encode_online(entries)
        else:
            again = sub_devices.encode_list(p0[0], entries)
    else:
        words += [f"action={p0[0]:02X}", "data=" + text_of(p0[1:])]
    return words, again if did is None else sub_devices.encode_address(did, again)
