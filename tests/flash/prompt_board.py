"""A board for tests, run by MicroPython: a LittleFS and an `esp32.NVS` in files, and a program that runs.

Arguments: folder, then what the program does: "runs" (Ctrl-C ends it), "shut" (nothing does), or "boots"
(as a chip: boot.py and main.py of its flash, then it runs).
"""

import json
import sys
import time

import vfs

folder, kind = sys.argv[1:3]
BLOCK = 4096


class Disk:
    """The file `disk` as a block device."""

    def __init__(self):
        self.file = open(folder + "/disk", "r+b")  # noqa: SIM115 - as long as the board runs
        self.blocks = self.file.seek(0, 2) // BLOCK

    def readblocks(self, number, buffer, offset=0):
        self.file.seek(number * BLOCK + offset)
        self.file.readinto(buffer)

    def writeblocks(self, number, buffer, offset=None):
        self.file.seek(number * BLOCK + (offset or 0))
        self.file.write(b"\xff" * BLOCK if offset is None and not buffer else buffer)
        self.file.flush()

    def ioctl(self, what, argument):
        return {4: self.blocks, 5: BLOCK, 6: 0}.get(what, 0)


class NVS:
    """As strict as the real one about what is not there."""

    def __init__(self, namespace):
        self.space = namespace
        with open("/host" + folder + "/nvs.json") as file:
            self.all = json.load(file)
        self.mine = self.all.setdefault(namespace, {})

    def get_i32(self, key):
        if not isinstance(self.mine.get(key), int):
            raise OSError(-0x1102, "ESP_ERR_NVS_NOT_FOUND")
        return self.mine[key]

    def set_i32(self, key, value):
        self.mine[key] = value

    def get_blob(self, key, buffer):
        if not isinstance(self.mine.get(key), str):
            raise OSError(-0x1102, "ESP_ERR_NVS_NOT_FOUND")
        data = self.mine[key].encode()
        buffer[: len(data)] = data
        return len(data)

    def commit(self):
        with open("/host" + folder + "/nvs.json", "w") as file:
            json.dump(self.all, file)


class Esp32:
    pass


class Machine:
    def reset(self):
        with open("/host" + folder + "/resets", "a") as file:
            file.write("x")
        sys.exit(0)


Esp32.NVS = NVS
sys.modules["esp32"] = Esp32
sys.modules["machine"] = Machine()
disk = Disk()
vfs.umount("/")
vfs.mount(vfs.VfsLfs2(disk), "/")
vfs.mount(vfs.VfsPosix(), "/host")
print("the program runs")
for name in ("/boot.py", "/main.py") if kind == "boots" else ():
    with open(name) as file:
        exec(file.read(), globals())  # noqa: S102 - as MicroPython does
while True:
    time.sleep_ms(20)
