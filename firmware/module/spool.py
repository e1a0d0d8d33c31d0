"""Reports on flash across restarts: the queue of unacknowledged messages in one file, replaced as a whole.

Bounded by the queue's own limits (mqtt.Client: count and bytes; the oldest give way). A new file is written
beside the old one and renamed over it, so a power cut at any write leaves one of the two. What cannot be read
is thrown away: reports are worth less than a start.

Written at an orderly restart and, after a minute off-line, every five minutes if something changed. Flash
wear: at worst 288 files a day of at most 12 KB, five erased blocks each with the directory; LittleFS spreads
them over the free blocks of 2 MB, some 300: five erasures a block and day, of the 100,000 that one lasts.
"""

import hashlib
import os

from micropython import const

_FILE = "/spool"
_MAGIC = b"wxspool1"
_MAX_SIZE = const(16384)  # bytes of a file: 8 KB of payload, and topics and heads of 256 short messages
_PIECE = const(256)  # bytes read at once
_SUM_SIZE = const(32)  # bytes of the SHA-256 at the end
_HEAD_SIZE = const(6)  # packet id, sent before, size of topic, size of payload


def save(folder, did, messages):
    """Keep for this did what mqtt.Client.kept() gives. OSError when the flash does not take it."""
    path = folder + _FILE
    checksum = hashlib.sha256()
    with open(path + ".new", "wb") as file:
        for part in _parts(did, messages):
            checksum.update(part)
            file.write(part)
        file.write(checksum.digest())
    os.rename(path + ".new", path)


def load(folder, did):
    """(messages, None), or ([], why what was there is of no use); ([], None) when nothing was kept."""
    try:
        with open(folder + _FILE, "rb") as file:
            end = _checked_size(file)
            if not end:
                return [], "they are damaged"
            file.seek(0)
            head = _MAGIC + did.encode()
            if file.read(len(head)) != head:
                return [], "they are of another did"
            messages = []
            at = len(head)
            while at < end:
                head = file.read(_HEAD_SIZE)
                topic = str(file.read(head[3]), "utf-8")
                size = head[4] << 8 | head[5]
                messages.append((topic, file.read(size), head[0] << 8 | head[1], bool(head[2])))
                at += _HEAD_SIZE + head[3] + size
            return messages, None
    except OSError:
        return [], None


def _checked_size(file):
    """Bytes before the checksum, 0 when it is wrong; the file is read in pieces, for the heap is small."""
    size = file.seek(0, 2) - _SUM_SIZE
    if not 0 < size < _MAX_SIZE:
        return 0
    file.seek(0)
    checksum = hashlib.sha256()
    left = size
    while left:
        piece = file.read(min(left, _PIECE))
        if not piece:
            return 0
        checksum.update(piece)
        left -= len(piece)
    return size if file.read(_SUM_SIZE) == checksum.digest() else 0


def clear(folder):
    """Nothing is kept any more."""
    try:
        os.remove(folder + _FILE)
    except OSError:
        pass


def _parts(did, messages):
    yield _MAGIC + did.encode()
    for topic, payload, packet_id, sent in messages:
        name = topic.encode()
        yield packet_id.to_bytes(2, "big") + bytes((sent, len(name))) + len(payload).to_bytes(2, "big") + name
        yield payload
