"""MicroPython: settings on LittleFS in RAM whose power goes at the n-th write, for every n of every change.

Prints one JSON object: {"story": how many cuts were tried, ...}; an assertion names story and n.
"""

import errno
import json
import os
import sys

import vfs

from module.settings import Settings

BLOCK = 4096
BLOCKS = 16
FLASH = "/flash"
FOLDER = FLASH + "/data"
FACTORY = {"passcode": b"ABCDEFGHIJ", "did": b"didoffactory0000000001", "update_key": bytes(32)}


class Flash:
    """A block device; the write at which the power goes is half done, and after it nothing answers."""

    def __init__(self, image=None):
        self.image = bytearray(image) if image else bytearray(b"\xff" * (BLOCK * BLOCKS))
        self.left = None  # writes until the power goes
        self.dead = False

    def readblocks(self, block, buffer, offset=0):
        if self.dead:
            return -errno.EIO
        at = block * BLOCK + offset
        buffer[:] = memoryview(self.image)[at : at + len(buffer)]
        return 0

    def writeblocks(self, block, buffer, offset=0):
        at = block * BLOCK + offset
        return self._write(at, buffer)

    def ioctl(self, request, argument):
        if request == 6:
            return self._write(argument * BLOCK, b"\xff" * BLOCK)
        return {4: BLOCKS, 5: BLOCK}.get(request, 0)

    def _write(self, at, data):
        if self.dead:
            return -errno.EIO
        if self.left is not None:
            self.left -= 1
            self.dead = self.left == 0
        if self.dead:
            data = data[: len(data) // 2]
        self.image[at : at + len(data)] = data
        return -errno.EIO if self.dead else 0


class Port:
    """What settings need of a chip."""

    def factory(self, name):
        return FACTORY.get(name)

    def entropy(self, count):
        return os.urandom(count)

    def private_folder(self, path):
        try:
            os.mkdir(path)
        except OSError as error:
            if error.errno != errno.EEXIST:
                raise


def opened():
    settings = Settings(FOLDER, Port(), lambda text: None)
    settings.use_mac("a4cf12000001")
    return settings


def kept(settings):
    """What must never be lost or mixed."""
    return (
        "factory" if settings.passcode == "ABCDEFGHIJ" else "drawn",
        settings.did,
        settings.product_key,
        repr(settings.ssid),
        repr(settings.key),
        settings.mac,
    )


def on(image, story, left=None):
    """Run the story on a copy of this flash: (the copy, what is kept, True when the power went)."""
    flash = Flash(image)
    vfs.mount(vfs.VfsLfs2(flash), FLASH)
    flash.left = left
    result = None
    try:
        result = kept(story())
    except OSError:
        assert flash.dead
    vfs.umount(FLASH)
    return bytes(flash.image), result, flash.dead


def first_start():
    settings = opened()
    settings.use_product("K" * 32)
    return settings


def registers():
    settings = opened()
    settings.registered("didofrelay000000000001")
    return settings


def joins():
    settings = opened()
    settings.join("home", "first-key")
    return settings


def moves():
    settings = opened()
    settings.join(b"\xc4\xcf\xd6\xd0", "another-key")
    return settings


def changes_product():
    settings = opened()
    settings.use_product("L" * 32)
    return settings


def is_reset():
    settings = opened()
    settings.forget()
    return settings


STORIES = (first_start, registers, joins, moves, changes_product, joins, is_reset)
blank = Flash()
vfs.VfsLfs2.mkfs(blank)
image = bytes(blank.image)
tried = {}
for story in STORIES:
    _, before, _ = on(image, opened)
    after_image, after, _ = on(image, story)
    cuts = 0
    while True:
        cuts += 1
        left, _, cut = on(image, story, cuts)
        if not cut:
            break
        found_image, found, _ = on(left, opened)
        assert found in (before, after), (story.__name__, cuts, found)
        _, again, _ = on(found_image, opened)
        assert again == found, (story.__name__, cuts, again)
    tried[story.__name__] = cuts - 1
    image = after_image
print(json.dumps(tried))
sys.exit(0)
