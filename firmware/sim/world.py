"""What is around a simulated chip: WORLD/world.json, read again and again, and how the chip ends.

Keys of world.json, all optional:

    chip             "esp32" or "esp32c3"
    mac              12 hex digits
    uart             path of the pty that UART 1 is wired to
    air              access points: [{ssid, key, rssi, up, dhcp, hidden, stuck, reason, address, dns}]
    join_s, scan_s   how long the radio takes to find and to look around
    held             pins that are connected to ground
    hangs            pins that are never read to the end: a program that hangs
    hurry            the watchdog is so many times as quick
    ports            {"80": 8080}: host port at which what the chip serves at a port of its own is found
    power_cut_after  the power goes at the n-th write to flash (a block, or a commit of the NVS)
    program          module of the sources to run in place of the application
    utc              Unix time that the chip's clock shows at power-on; without it the clock begins in 2000
"""

import json
import os
import sys
import time

import vfs

UNIX_2000 = 946684800
POLL_MS = 50  # how old the picture of the world may be

host = vfs.VfsPosix()  # the host's files, whatever is mounted for the chip


class World:
    """The folder that the host shares with the chip."""

    def __init__(self, folder, cause):
        self.folder = folder
        self.cause = cause
        self._keys = {}
        self._read_at = None
        self._writes = 0

    def get(self, key, default=None):
        """One key of world.json as it is now."""
        now = time.ticks_ms()
        if self._read_at is None or time.ticks_diff(now, self._read_at) >= POLL_MS:
            self._read_at = now
            try:
                with host.open(self.folder + "/world.json", "r") as file:
                    self._keys = json.loads(file.read())
            except (OSError, ValueError):
                pass  # the host writes it just now
        return self._keys.get(key, default)

    def load(self, name, default):
        """A JSON file of the chip's own in the folder."""
        try:
            with host.open(self.folder + "/" + name, "r") as file:
                return json.loads(file.read())
        except OSError:
            return default

    def store(self, name, content):
        """Write such a file so that the host never sees half of it."""
        path = self.folder + "/" + name
        with host.open(path + ".new", "w") as file:
            file.write(json.dumps(content))
        host.rename(path + ".new", path)

    def flash_written(self):
        """Count one write to flash; True when the power goes in the middle of it."""
        self._writes += 1
        return self._writes == self.get("power_cut_after")

    def end(self, cause):
        """End the chip's program at once, nothing is unwound. `cause` is that of the next start."""
        self.store("end.json", {"cause": cause, "writes": self._writes})
        os.system("kill -9 $PPID")  # noqa: S605, S607 - the one way to end without running any `finally`
        while True:
            time.sleep(1)


class Clock:
    """The chip's clock, kept over a restart and lost with the power."""

    def __init__(self, around):
        self._world = around
        if around.cause == "power-on":
            utc = around.get("utc")
            self._ahead = (UNIX_2000 if utc is None else utc) - time.time()
            self._keep()
        else:
            self._ahead = around.load("clock.json", 0)

    def now(self):
        """Seconds since 2000-01-01."""
        return time.time() + self._ahead - UNIX_2000

    def set(self, seconds):
        """Set it."""
        self._ahead = seconds + UNIX_2000 - time.time()
        self._keep()

    def _keep(self):
        self._world.store("clock.json", self._ahead)


class Stand:
    """A module of MicroPython with some names replaced."""

    def __init__(self, real, **names):
        self._real = real
        for name, value in names.items():
            setattr(self, name, value)

    def __getattr__(self, name):
        return getattr(self._real, name)


def replace(name, module):
    """Let `import name` give this from now on."""
    sys.modules[name] = module
