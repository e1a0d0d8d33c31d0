"""The time by SNTP (RFC 5905, 14): one question to each server in turn until one gives a sane answer.

Loaded for each look at the time and dropped after it.
"""

import asyncio

from micropython import const

from module import connecting
from module.version import BUILT
from wxproto.errors import PeerError

_PORT = const(123)
SERVERS = "ntp.aliyun.com cn.pool.ntp.org ntp.ntsc.ac.cn pool.ntp.org"  # first those near China
_TRY_MS = const(3000)  # wait for one server, look-up included: 12 s before the module goes on without
_EPOCH = 2208988800  # seconds from 1900, where NTP begins, to 1970
_ERA = 1 << 32  # seconds; NTP's count began again in 2036
_LATEST = BUILT + 20 * 365 * 86400  # a module is not asked to live longer, and a server may be wrong

_SIZE = const(48)  # bytes of a message without extensions
_CLIENT = b"\x23"  # no leap warning, version 4, mode 3
_SERVER_MODE = const(4)
_NOT_SYNCHRONIZED = const(3)  # leap indicator
_LAST_STRATUM = const(15)


class BadTime(PeerError):
    """The answer cannot be used: the server says itself that it does not know, or it is out of bounds."""


async def ask(servers, port):
    """(Unix time in ms, port.now_ms() then, server) of the first that answers. OSError if none does.

    `servers` is a text of names, each with `:port` if it is not 123.
    """
    reasons = []
    for entry in servers.replace(",", " ").split():
        host, _, number = entry.partition(":")
        try:
            time_ms, now = await asyncio.wait_for_ms(_ask_one(host, int(number or _PORT), port), _TRY_MS)
            return time_ms, now, host
        except asyncio.TimeoutError:
            reasons.append(f"{host} does not answer")
        except (OSError, ValueError) as error:
            reasons.append(f"{host}: {error}")
    raise OSError(", ".join(reasons) or "no server is named")


async def _ask_one(host, number, port):
    address = await connecting.look_up(host, port)
    nonce = port.entropy(8)  # in place of our time, which is nobody's business: who echoes it has seen it
    question = _CLIENT + bytes(_SIZE - 9) + nonce
    asked = port.now_ms()
    time_ms = await connecting.exchange(address, number, question, lambda data: decode(data, nonce))
    now = port.now_ms()
    return time_ms + (now - asked) // 2, now


def decode(data, nonce):
    """Unix time in ms of a server's answer, None when it answers somebody else's question; or BadTime."""
    if len(data) < _SIZE or data[0] & 7 != _SERVER_MODE or data[24:32] != nonce:
        return None
    if not 1 <= data[1] <= _LAST_STRATUM:  # 0: the server wants to be left alone (7.4)
        raise BadTime("the server declines" if data[1] == 0 else "the server is not synchronized")
    if data[0] >> 6 == _NOT_SYNCHRONIZED:
        raise BadTime("the server is not synchronized")
    seconds = int.from_bytes(data[40:44], "big") - _EPOCH
    if seconds < BUILT:
        seconds += _ERA
    if seconds > _LATEST or not any(data[40:48]):
        raise BadTime("the server's time is out of bounds")
    return seconds * 1000 + (int.from_bytes(data[44:48], "big") * 1000 >> 32)
