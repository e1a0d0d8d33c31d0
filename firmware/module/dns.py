"""A DNS question for one IPv4 address and its answer, without I/O (RFC 1035).

MicroPython's getaddrinfo stops the whole program while it waits; the serial link must be served meanwhile.
"""

from wxproto.errors import LocalError, PeerError

MAX_NAME = 253  # characters
TYPE_A = 1
CLASS_IN = 1

_ONE_QUESTION = b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"  # recursion desired; counts of the four sections
_IPV4_ADDRESS = b"\x00\x00\x01\x00\x01"  # end of the name, type, class


class DnsError(PeerError):
    """The name server's answer is malformed or says that there is no such address."""


def encode_query(query_id, name):
    """The question "IPv4 address of `name`"; LocalError when the name cannot be asked for."""
    labels = name.rstrip(".").split(".")
    if len(name) > MAX_NAME or any(not 0 < len(label) < 64 for label in labels):
        raise LocalError(f"{name} is no host name")
    question = b"".join(bytes((len(label),)) + label.encode() for label in labels)
    return query_id.to_bytes(2, "big") + _ONE_QUESTION + question + _IPV4_ADDRESS


def decode_answer(data, query_id):
    """The first IPv4 address in the answer as text, None when it answers another question; or DnsError."""
    if len(data) < 12 or int.from_bytes(data[:2], "big") != query_id or not data[2] & 0x80:
        return None
    if data[3] & 0x0F:
        raise DnsError(f"no such host (DNS code {data[3] & 0x0F})")
    try:
        at = 12
        for _ in range(int.from_bytes(data[4:6], "big")):
            at = _after_name(data, at) + 4
        for _ in range(int.from_bytes(data[6:8], "big")):
            at = _after_name(data, at)
            kind = int.from_bytes(data[at : at + 2], "big"), int.from_bytes(data[at + 2 : at + 4], "big")
            size = data[at + 8] << 8 | data[at + 9]
            at += 10
            if kind == (TYPE_A, CLASS_IN) and size == 4:
                return "%d.%d.%d.%d" % (data[at], data[at + 1], data[at + 2], data[at + 3])
            at += size
    except IndexError:
        raise DnsError("malformed DNS answer") from None
    raise DnsError("the host has no IPv4 address")


def _after_name(data, at):
    while data[at]:
        if data[at] & 0xC0:
            return at + 2
        at += 1 + data[at]
    return at + 1
