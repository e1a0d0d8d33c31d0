"""Improv Wi-Fi over the console: a page on the computer gives the module a network (improv-wifi.com/serial).

packet   "IMPROV" | version 1 | type | length | data | sum of all before, low byte | newline
command  type 3, data: command | length | data. Lines of the console may stand between packets.
answer   type 4, data: command | length | texts, each after its length; types 1 and 2: state and error
"""

import sys

from micropython import const

from module import version
from module.console import say
from module.wifi import AP_PREFIX

TELL_STATE = 2  # the command that is answered while another is served

_VERSION = const(1)
_STATE = const(1)
_ERROR = const(2)
_COMMAND = const(3)
_RESULT = const(4)

_READY = const(2)
_PROVISIONING = const(3)
_PROVISIONED = const(4)

_NO_ERROR = const(0)
_INVALID = const(1)
_UNKNOWN = const(2)
_UNABLE = const(3)
_BUSY = const(0xFF)  # "unknown error": nothing nearer is defined

_DATA = const(9)  # where the data of a packet begin
_JOIN_MS = const(25_000)  # less than the 30 s after which clients give up
_MAX_SSID = const(32)  # bytes; IEEE 802.11
_MAX_KEY = const(64)  # bytes; the longest form of a WPA key
_MAX_NETWORKS = const(30)


async def serve(packet, wifi, settings, on_network, busy):
    """Answer one packet that is whole by its length; `busy`: TELL_STATE only, another is being served."""
    if packet[6] != _VERSION or packet[7] != _COMMAND:
        return None
    if sum(packet[:-1]) & 0xFF != packet[-1] or len(packet) < _DATA + 3:
        return _error(_INVALID)
    number = packet[_DATA]
    data = packet[_DATA + 2 : -1]
    command = _COMMANDS.get(number)
    if len(data) != packet[_DATA + 1]:
        return _error(_INVALID)
    if command is None:
        return _error(_UNKNOWN)
    if busy and command is not _tell_state:
        return _error(_BUSY)
    _error(_NO_ERROR)
    try:
        await command(data, wifi, settings, on_network, busy)
    except (IndexError, UnicodeError):
        _error(_INVALID)
    except OSError:  # the radio or the flash refuses
        _error(_UNABLE)


async def _join(data, wifi, settings, on_network, _):
    size = data[0]
    ssid, key = str(data[1 : 1 + size], "utf-8"), str(data[2 + size :], "utf-8")
    if not 0 < size <= _MAX_SSID or data[1 + size] != len(data) - 2 - size or data[1 + size] > _MAX_KEY:
        raise IndexError
    _send(_STATE, bytes((_PROVISIONING,)))
    reason = await wifi.try_join(ssid, key, _JOIN_MS)
    if reason is not None:
        say("improv", f"{ssid} was not joined: {reason}")
        _error(_UNABLE)
        return _send(_STATE, bytes((_READY,)))
    settings.join(ssid, key)
    on_network()
    _send(_STATE, bytes((_PROVISIONED,)))
    return _result(1)


async def _tell_state(_, wifi, _settings, _on_network, busy):
    state = _PROVISIONED if wifi.joined else _PROVISIONING if busy else _READY
    _send(_STATE, bytes((state,)))
    if state == _PROVISIONED:
        _result(2)


async def _tell_device(_, _wifi, settings, _on_network, _busy):
    chip = getattr(sys.implementation, "_machine", sys.platform)
    _result(3, "wxlink", version.SOFTWARE, chip, AP_PREFIX + settings.mac[-4:].upper())


async def _scan(_, wifi, _settings, _on_network, _busy):
    networks = await wifi.scan()
    for ssid, rssi, secure in networks[:_MAX_NETWORKS]:
        try:
            _result(4, str(ssid, "utf-8"), str(rssi), "YES" if secure else "NO")
        except UnicodeError:  # Improv knows no other names
            pass
    _result(4)


_COMMANDS = {1: _join, TELL_STATE: _tell_state, 3: _tell_device, 4: _scan}


def _result(command, *texts):
    data = b""
    for text in texts:
        text = text.encode()  # noqa: PLW2901 - its bytes are all that is wanted
        data += bytes((len(text),)) + text
    _send(_RESULT, bytes((command, len(data))) + data)


def _error(number):
    _send(_ERROR, bytes((number,)))


def _send(kind, data):
    packet = b"IMPROV" + bytes((_VERSION, kind, len(data))) + data
    # Not print(): a chip's console would put a return before each newline that is in the packet.
    sys.stdout.buffer.write(packet + bytes((sum(packet) & 0xFF, 10)))
