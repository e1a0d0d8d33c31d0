"""The name server of the access point: every name is the module, so that a phone finds the page (RFC 1035).

Other questions than for an IPv4 address get an answer without records: a phone then asks for that one.
"""

import asyncio

from micropython import const

_HEADER = const(12)  # bytes
_MAX_QUESTION = const(512)  # bytes; RFC 1035, 2.3.4
_MAX_NAME = const(255)  # bytes; RFC 1035, 2.3.4
_MAX_LABEL = const(63)  # bytes; above are pointers, which a question has no use for
_NOT_A_QUESTION = const(0xF8)  # in byte 2: it is an answer, or an operation other than a query
_RECURSION_DESIRED = const(1)
_ANSWER = const(0x84)  # byte 2: it is an answer, and with authority
_TTL_S = const(10)  # a phone that left forgets the address soon
_IPV4 = b"\0\1\0\1"  # type A, class IN
_RECORD = (
    b"\xc0\x0c" + _IPV4 + _TTL_S.to_bytes(4, "big") + b"\0\4"
)  # the name of the question, its address follows


def answer(question, address):
    """The answer to a datagram, None when it is no well-formed question; `address`: 4 bytes."""
    if not _HEADER < len(question) <= _MAX_QUESTION or question[2] & _NOT_A_QUESTION:
        return None
    if question[4:6] != b"\0\1" or question[6:10] != b"\0\0\0\0":  # one question, nothing answered in it
        return None
    at = _HEADER
    while at < len(question) and question[at]:
        if question[at] > _MAX_LABEL:
            return None
        at += 1 + question[at]
    at += 1
    end = at + 4
    if end > len(question) or at - _HEADER > _MAX_NAME:
        return None
    record = _RECORD + address if question[at:end] == _IPV4 else b""
    flags = bytes((_ANSWER | question[2] & _RECURSION_DESIRED, 0))
    counts = b"\0\1\0\1\0\0\0\0" if record else b"\0\1\0\0\0\0\0\0"
    return question[:2] + flags + counts + question[_HEADER:end] + record


async def serve(sock, address):
    """Answer questions on a bound datagram socket for ever; `address`: the module's, as text."""
    address = bytes([int(part) for part in address.split(".")])
    wait = asyncio.StreamReader(sock)
    while True:
        await wait.read(0)  # waits; recvfrom() then takes one datagram
        try:
            question, sender = sock.recvfrom(_MAX_QUESTION + 1)
            reply = answer(question, address)
            if reply is not None:
                sock.sendto(reply, sender)
        except OSError:  # the phone is gone, or the network's buffers are full: it will ask again
            pass
