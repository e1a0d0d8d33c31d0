"""MicroPython: a chip whose flash and NVS remember each write, and a relay beside it, in one process.

The flash holds a real LittleFS at "/"; what is on the PC is at "/host" from the import of this file on.
boot.py and the firmware's own update code run on it unchanged.
"""

import asyncio
import hashlib
import json
import os
import sys
import time
from binascii import hexlify

import vfs

HOST = "/host"
BLOCK = 4096  # as on the chip
BLOCKS = 80
ERASED = 0xFF
EIO = 5
NVS_NOT_FOUND, NVS_NO_SPACE, NVS_INVALID_LENGTH = -0x1102, -0x1105, -0x110C
DATA = "/data"
LIVE_MS = 5000
FACTORY = {("wxlink", "config"): b'{"production": true}'}  # NVS as it leaves the factory


vfs.umount("/")
vfs.mount(vfs.VfsPosix("/"), HOST)
sys.path[:] = [HOST + path if path.startswith("/") else path for path in sys.path]

from module import relay_http, slots, update, version  # noqa: E402 - by the path above
from port import unix  # noqa: E402


class Flash:
    """The block device of a VfsLfs2. `log`: (block, offset, bytes) of each write, bytes None for an erase."""

    def __init__(self, image=None, log=None):
        self.image = bytearray(image) if image else bytearray(b"\xff" * (BLOCK * BLOCKS))
        self.log = log

    def readblocks(self, block, buffer, offset=0):
        at = block * BLOCK + offset
        buffer[:] = memoryview(self.image)[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=None):
        assert offset is not None, "LittleFS writes parts of blocks"
        self._do((block, offset, bytes(buffer)))

    def ioctl(self, request, argument):
        if request == 4:
            return BLOCKS
        if request == 5:
            return BLOCK
        if request == 6:
            self._do((argument, 0, None))
        return 0

    def _do(self, write):
        if self.log is not None:
            self.log.append(write)
        self.apply(write)

    def apply(self, write, torn=False):
        """Do one write; torn: the first half of it."""
        block, offset, data = write
        if data is None:
            data = b"\xff" * BLOCK
        data = data[: len(data) // 2] if torn else data
        at = block * BLOCK + offset
        self.image[at : at + len(data)] = data


class Nvs:
    """esp32.NVS with what it refuses on the chip; a commit is one write of the log, (None, key, value)."""

    store = None  # (namespace, key) -> int or bytes, as committed
    log = None
    fails = False  # nothing can be written any more

    def __init__(self, namespace):
        assert 0 < len(namespace) < 16
        self._namespace = namespace
        self._pending = {}

    def get_i32(self, key):
        value = self._pending.get(key, self.store.get((self._namespace, key)))
        if not isinstance(value, int):
            raise OSError(NVS_NOT_FOUND, "ESP_ERR_NVS_NOT_FOUND")
        return value

    def set_i32(self, key, value):
        assert -(1 << 31) <= value < 1 << 31
        if self.fails:
            raise OSError(NVS_NO_SPACE, "ESP_ERR_NVS_NOT_ENOUGH_SPACE")
        self._pending[key] = value

    def get_blob(self, key, buffer):
        value = self.store.get((self._namespace, key))
        if not isinstance(value, bytes):
            raise OSError(NVS_NOT_FOUND, "ESP_ERR_NVS_NOT_FOUND")
        if len(value) > len(buffer):
            raise OSError(NVS_INVALID_LENGTH, "ESP_ERR_NVS_INVALID_LENGTH")
        buffer[: len(value)] = value
        return len(value)

    def commit(self):
        for key, value in self._pending.items():
            self.store[(self._namespace, key)] = value
            if self.log is not None:
                self.log.append((None, (self._namespace, key), value))
        self._pending = {}


class Esp32:
    NVS = Nvs


sys.modules["esp32"] = Esp32


class Port:
    """What update.py asks of the port."""

    now_ms = staticmethod(unix.now_ms)
    entropy = staticmethod(unix.entropy)
    send_at_once = staticmethod(unix.send_at_once)

    @staticmethod
    def slot_store():
        return Nvs("wxslot")


class Chip:
    """One chip: its flash, and what runs on it since the last boot()."""

    def __init__(self, flash):
        self.flash = flash
        self._path = [path for path in sys.path if path not in slots.SLOTS]

    def mount(self):
        try:
            vfs.umount("/")
        except OSError:
            pass  # the first one
        vfs.mount(vfs.VfsLfs2(self.flash), "/")

    def boot(self):
        """Start as after a power cut; the slot that boot.py chose."""
        self.mount()
        sys.path[:] = self._path
        exec(BOOT, {})  # noqa: S102 - as MicroPython runs it
        return sys.path[0]

    async def live(self, relay, port):
        """Boot, and run the update code until it wants a restart or has done what the relay has for it.

        Returns what it told the relay, (state, version, reason) each, and whether it wants the restart.
        """
        self.boot()
        version.SOFTWARE = self.run_application()
        restart = asyncio.Event()
        uplink = Uplink(lambda: relay_http.Relay("127.0.0.1", port, 5000, Port))
        module = update.Update(Config, Settings, Port, None, uplink, on_restart=lambda _: restart.set())
        task = asyncio.create_task(module.run())
        if Config.online:
            module.connected(True)
            module.notice(1)
        until = time.ticks_add(time.ticks_ms(), LIVE_MS)
        asking = done = False
        while not (restart.is_set() or done):
            assert time.ticks_diff(until, time.ticks_ms()) > 0, uplink.told
            asking = asking or module.looking
            done = asking and not module.looking
            if task.done():
                await task  # it never ends but by an exception
            await asyncio.sleep_ms(0)
        task.cancel()
        await asyncio.sleep_ms(0)
        return uplink.told, restart.is_set()

    def run_application(self):
        """Run what is in the slot; the version that it gives. Raises when a file of it is not whole."""
        slot = sys.path[0]
        listed = check_files(slot)
        told = {}
        with open(slot + "/module/hello.py") as file:
            exec(file.read(), told)  # noqa: S102 - what import would do
        assert told["VERSION"] == listed["version"]
        return told["VERSION"]

    def check_slots(self):
        """A slot with a manifest has every file of it, whichever runs."""
        for slot in slots.SLOTS:
            try:
                os.stat(slot + "/manifest.json")
            except OSError:
                continue
            check_files(slot)


def check_files(slot):
    """The slot's manifest, after comparing each file with it."""
    with open(slot + "/manifest.json") as file:
        listed = json.load(file)
    for name, digest in listed["files"].items():
        with open(slot + "/" + name, "rb") as file:
            assert str(hexlify(hashlib.sha256(file.read()).digest()), "ascii") == digest, name
    return listed


def fill_slot(slot, version):
    """Write a small application, as the factory does."""
    os.mkdir(slot)
    os.mkdir(slot + "/module")
    digests = {}
    for name in ("about.txt", "module/hello.py"):  # one before the manifest, one behind
        text = f"VERSION = {version!r}\n"
        with open(slot + "/" + name, "w") as file:
            file.write(text)
        digests[name] = str(hexlify(hashlib.sha256(text.encode()).digest()), "ascii")
    with open(slot + "/manifest.json", "w") as file:
        json.dump({"version": version, "files": digests}, file)


class Relay:
    """The two HTTP calls of an update: `line` is offered to whoever runs another version than `version`."""

    def __init__(self):
        self.line = ""
        self.version = ""
        self.file = b""
        self.ranges = True  # parts can be had
        self.cut_after = None  # bytes of a file after which the connection ends, once
        self.fetched = []  # first byte of each download

    async def serve(self, port):
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", port)

    async def _answer(self, reader, writer):
        words = (await reader.readline()).split()
        fields = {}
        line = await reader.readline()
        while line not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            fields[name.lower()] = value.strip()
            line = await reader.readline()
        if words[0] == b"POST":
            form = await reader.readexactly(int(fields[b"content-length"]))
            new = self.line and b"soft_version=" + self.version.encode() not in form
            body = (self.line + "\r\n").encode() if new else b"none"
            writer.write(b"HTTP/1.1 %s\r\n\r\n" % (b"200 OK" if new else b"404 None") + body)
        else:
            self._give(writer, fields.get(b"range", b"") if self.ranges else b"")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    def _give(self, writer, span):
        size = len(self.file)
        first = int(span[6:-1]) if span else 0
        self.fetched.append(first)
        head = f"HTTP/1.1 {'206 Partial Content' if span else '200 OK'}\r\nContent-Length: {size - first}\r\n"
        if span:
            head += f"Content-Range: bytes {first}-{size - 1}/{size}\r\n"
        end = size
        if self.cut_after is not None:
            end = self.cut_after
            self.cut_after = None
        writer.write(head.encode() + b"\r\n" + self.file[first:end])


class Settings:
    did = "did0000000000000000001"
    passcode = "ABCDEFGHIJ"
    update_key = "00112233445566778899aabbccddeeff" * 2


class Config:
    online = True  # the rest are keys of the configuration
    product = mcu_image = mcu_version = None
    data = DATA
    update_s = 21600
    confirm_s = 0
    trial_s = 0.2
    connect_timeout_s = 5


class Uplink:
    """Keeps what was told to the relay; the way to it is the firmware's."""

    def __init__(self, make_relay):
        self.told = []
        self.relay = make_relay

    def publish_update(self, fields):
        assert sorted(fields) == ["percent", "reason", "state", "type", "version"]
        json.dumps(fields)
        self.told.append((fields["state"], fields["version"], fields["reason"]))


def factory(version_there):
    """The image of a flash with one application in /a."""
    chip = Chip(Flash())
    vfs.VfsLfs2.mkfs(chip.flash)
    chip.mount()
    os.mkdir(DATA)
    fill_slot("/a", version_there)
    return bytes(chip.flash.image)


def read_host(path):
    """The bytes of a file of the PC."""
    with open(HOST + path, "rb") as file:
        return file.read()


BOOT = compile(str(read_host(sys.argv[1]), "utf-8"), "boot.py", "exec")
