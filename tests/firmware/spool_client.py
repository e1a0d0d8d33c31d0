"""MicroPython: the spool on LittleFS whose flash loses power at each of its writes; prints what was wrong.

argv[1]: seed of the reports. One line `cuts N` at the end says how many places were tried.
"""

import random
import sys

import vfs

from module import spool

BLOCK = 4096  # bytes; as on a chip
BLOCKS = 16
DID = "did0000000000000000001"
SEED = int(sys.argv[1])


EIO = -5


class Flash:
    """A flash of RAM that takes `left` more erases and writes, cuts the last one short and is off then."""

    def __init__(self, data=None):
        self.data = data or bytearray(b"\xff" * BLOCK * BLOCKS)
        self.left = None

    def readblocks(self, block, buffer, offset=0):
        if self.left == 0:
            return EIO
        at = block * BLOCK + offset
        buffer[:] = memoryview(self.data)[at : at + len(buffer)]
        return 0

    def writeblocks(self, block, buffer, offset=0):
        return self._change(block * BLOCK + offset, buffer)

    def ioctl(self, op, arg):
        if op == 4:
            return BLOCKS
        if op == 5:
            return BLOCK
        return self._change(arg * BLOCK, ERASED) if op == 6 else 0

    def _change(self, at, data):
        if self.left == 0:
            return EIO
        size = len(data)
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                size = random.randrange(size)
        self.data[at : at + size] = memoryview(data)[:size]
        return EIO if self.left == 0 else 0


ERASED = b"\xff" * BLOCK


def reports(first, count):
    return [
        ("dev2app/" + DID, bytes((number,)) * random.randrange(1, 900), number + 1, number % 2 == 0)
        for number in range(first, first + count)
    ]


def mounted(flash):
    return vfs.mount(vfs.VfsLfs2(flash), "/flash")


def cut_at(before, new, writes):
    """Power goes in the write number `writes`; True when it did, False when there were fewer."""
    flash = Flash()
    vfs.VfsLfs2.mkfs(flash)
    mounted(flash)
    if before:
        spool.save("/flash", DID, before)
    flash.left = writes
    try:
        if new:
            spool.save("/flash", DID, new)
        else:
            spool.clear("/flash")
    except OSError:
        pass
    cut = flash.left == 0
    flash.left = 0
    vfs.umount("/flash")
    mounted(Flash(flash.data))
    kept, reason = spool.load("/flash", DID)
    if kept not in ([before, new] if cut else [new]) or reason:
        print("wrong after", writes, "writes:", len(kept), "reports,", reason)
    spool.save("/flash", DID, reports(90, 2))
    if len(spool.load("/flash", DID)[0]) != 2:
        print("no new save after", writes, "writes")
    vfs.umount("/flash")
    return cut


cuts = 0
for before, new in (
    ([], reports(0, 3)),
    (reports(0, 16), reports(1, 16)),
    (reports(0, 3), reports(0, 12)),
    (reports(0, 9), []),
):
    writes = 1
    random.seed(SEED)
    while cut_at(before, new, writes):
        writes += 1
        cuts += 1
print("cuts", cuts)
