"""Runs a simulated chip: `micropython firmware/sim/chip.py WORLD CAUSE [SOURCE ...]`.

WORLD is a folder with world.json (sim/world.py), nvs.json (sim/esp32.py) and flash.bin, the partition of the
file system, made when absent. CAUSE: power-on, restart or watchdog. Without SOURCE the chip runs /boot.py and
/main.py of its own file system; with it, the program of these host folders, its file system holds data alone.
"""

import errno
import gc
import os
import sys
import termios
import time

import micropython
import vfs

sys.path.insert(0, __file__.rpartition("/sim/")[0])

from sim import esp32, machine, network, sockets, world

BLOCK = 4096  # bytes; LittleFS on ESP32
_ISIG = 1  # of the terminal's local modes
BLOCKS = 512  # 2 MB, as in the partition table of stock firmware


class Flash:
    """The partition of the file system: the power can go in the middle of a write."""

    def __init__(self, around, path):
        self._world = around
        try:
            self._file = world.host.open(path, "r+b")
            self.blank = False
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
            self._file = world.host.open(path, "w+b")
            for _ in range(BLOCKS):
                self._file.write(b"\xff" * BLOCK)
            self.blank = True
        self._blocks = self._file.seek(0, 2) // BLOCK

    def readblocks(self, block, buffer, offset=0):
        """Read."""
        self._file.seek(block * BLOCK + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        """Write; when the power goes half of it is there."""
        cut = self._world.flash_written()
        self._file.seek(block * BLOCK + offset)
        self._file.write(buffer[: len(buffer) // 2] if cut else buffer)
        self._file.flush()
        if cut:
            self._world.end("power cut")

    def ioctl(self, request, _):
        """Sizes; an erase is part of the write that follows."""
        return {4: self._blocks, 5: BLOCK}.get(request, 0)


def main(folder, cause, sources):
    """Become the chip; does not return."""
    around = world.World(folder, cause)
    clock = world.Clock(around)
    machine.world = esp32.world = network.world = sockets.world = around
    sockets.online = network.online
    machine.clock = clock
    _stand_in(clock)
    flash = Flash(around, folder + "/flash.bin")
    if flash.blank:
        vfs.VfsLfs2.mkfs(flash)
    vfs.umount("/")
    vfs.mount(vfs.VfsLfs2(flash), "/")
    os.chdir("/")
    sys.path[:] = ["", ".frozen"]
    for i in range(len(sources)):
        vfs.mount(vfs.VfsPosix(sources[i]), "/source%d" % i)
        sys.path.append("/source%d" % i)
    for name in [name for name in sys.modules if name.split(".")[0] == "sim" and name != "sim"]:
        del sys.modules[name]  # the chip has no such modules
    gc.collect()
    print("sim: %d bytes of the heap are the simulation's" % gc.mem_alloc())
    try:
        _run(around.get("program"), sources)
    except KeyboardInterrupt:
        pass
    print("the program has ended: a chip shows its prompt now")


def _run(name, sources):
    """Run a module of the sources, the application of the sources, or what a chip starts."""
    if name:
        __import__(name)
    elif sources:
        from module import program  # noqa: PLC0415 - it exists by now

        program.run_chip()
    else:
        names = {"__name__": "__main__"}  # of both files
        for path in ("/boot.py", "/main.py"):
            exec(compile(_text(path), path, "exec"), names)  # noqa: S102 - as MicroPython does


def _text(path):
    with open(path) as file:
        return file.read()


def _stand_in(clock):
    """Replace what differs on silicon: three modules, clock, platform's name, sockets without a network."""

    def gmtime(seconds=None):
        return time.gmtime(int(clock.now() if seconds is None else seconds) + world.UNIX_2000)[:8]

    world.replace("micropython", world.Stand(micropython, kbd_intr=_kbd_intr))
    world.replace("machine", machine)
    world.replace("esp32", esp32)
    world.replace("network", network)
    world.replace("sys", world.Stand(sys, platform="esp32"))
    world.replace("socket", world.Stand(sockets.real, socket=sockets.Socket))
    stand = world.Stand(
        time,
        time=lambda: int(clock.now()),
        gmtime=gmtime,
        localtime=gmtime,
        mktime=lambda when: time.mktime(when) - world.UNIX_2000,
    )
    world.replace("time", stand)
    machine.time = stand


def _kbd_intr(character):
    """Ctrl-C on the console interrupts, or with -1 is a byte like any other."""
    mode = termios.tcgetattr(0)
    mode[3] = mode[3] & ~_ISIG if character < 0 else mode[3] | _ISIG
    termios.tcsetattr(0, termios.TCSANOW, mode)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
