"""A simulated ESP32 as a bench sees a board: power, reset, what is in the air, the lines of its console."""

import asyncio
import fcntl
import json
import os
import pty
import signal
import termios
import tty
from pathlib import Path

from compiled import compiled
from firmware_bench import MICROPYTHON
from free_ports import free_port

SOURCES = (compiled(),)
MAC = "a4cf12000001"
HOME = "home"
HOME_KEY = "home-key-8"
PASSCODE = "ABCDEFGHIJ"
AP_PASSWORD = "setup-1234"
UPDATE_KEY = bytes(range(32))
RESTARTS_WITHIN_S = 30.0
SET_UP_PORTS = (80, 53, 12414)  # page (TCP), name server, apps (UDP)


def access_point(ssid: str = HOME, key: str = HOME_KEY, **more: object) -> dict[str, object]:
    """One row of the world's `air`."""
    return {"ssid": ssid, "key": key, "rssi": -55, **more}


def _own_terminal() -> None:
    """Make stdin the terminal whose Ctrl-C interrupts the process that is about to start."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Chip:
    """One chip with its flash. It starts anew by itself after a reset, as silicon does.

    folder: keeps flash, NVS and clock, as long as it exists. config: the factory configuration. Without
    `sources` the chip runs what is in its own file system. program: a module of the sources to run instead.
    """

    def __init__(
        self,
        folder: Path,
        uart: str | None = None,
        config: dict[str, object] | None = None,
        *,
        factory: dict[str, bytes] | None = None,
        sources: tuple[Path, ...] = SOURCES,
        heap: str = "384K",
        program: str | None = None,
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.lines: list[str] = []
        self.starts: list[str] = []
        """The cause of each start so far."""
        self._heap = heap
        self._sources = sources
        self.ports = {port: free_port() for port in SET_UP_PORTS}
        """Where on this machine the doors of its access point are found."""
        ports = {str(port): found for port, found in self.ports.items()}
        self._world: dict[str, object] = {"mac": MAC, "air": [access_point()], "ports": ports}
        if program is not None:
            self._world["program"] = program
        if uart is not None:
            self._world["uart"] = uart
        self.world()
        if config is not None and not (folder / "nvs.json").exists():
            blobs = {
                "config": json.dumps(config).encode(),
                "passcode": PASSCODE.encode(),
                "ap_password": AP_PASSWORD.encode(),
                "update_key": UPDATE_KEY,
                **(factory or {}),
            }
            self.write_nvs({"wxlink": {name: blob.hex() for name, blob in blobs.items()}})
        self._console, self._console_end = pty.openpty()
        tty.setraw(self._console_end)  # a chip's console hands on every byte
        mode = termios.tcgetattr(self._console_end)
        mode[3] |= termios.ISIG  # but Ctrl-C
        termios.tcsetattr(self._console_end, termios.TCSANOW, mode)
        self._process: asyncio.subprocess.Process | None = None
        self._runner: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Chip":
        await self.power_on()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.power_off()
        os.close(self._console)
        os.close(self._console_end)
        print("\n".join(self.lines))

    # Power

    async def power_on(self) -> None:
        """Switch it on; the clock has forgotten the time."""
        await self._start("power-on")
        self._runner = asyncio.create_task(self._run())

    async def power_off(self) -> None:
        """Take the power away, whatever it does."""
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)
            self._runner = None
        await self._kill()

    async def off(self) -> str:
        """Wait until the chip has lost its power by itself (power_cut_after); gives the cause."""
        assert self._runner is not None
        await asyncio.wait_for(asyncio.shield(self._runner), RESTARTS_WITHIN_S)
        return self.ended()

    def ended(self) -> str:
        """Why the chip's program ended last."""
        cause: str = json.loads((self.folder / "end.json").read_text())["cause"]
        return cause

    def ended_by(self, cause: str) -> bool:
        """True once a start had this cause."""
        return cause in self.starts

    async def _run(self) -> None:
        """Start anew after each reset, until the power goes or the program ends by itself."""
        while True:
            assert self._process is not None
            await self._pump(self._process)
            code = await self._process.wait()
            if code != -signal.SIGKILL or self.ended() == "power cut":
                return
            await self._start(self.ended())

    async def _start(self, cause: str) -> None:
        (self.folder / "end.json").unlink(missing_ok=True)
        self.starts.append(cause)
        sources = [str(source) for source in self._sources]
        self._process = await asyncio.create_subprocess_exec(
            MICROPYTHON,
            "-X",
            f"heapsize={self._heap}",
            "-m",
            "sim.chip",
            str(self.folder),
            cause,
            *sources,
            stdin=self._console_end,
            preexec_fn=_own_terminal,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "MICROPYPATH": f"{compiled()}:.frozen"},
        )

    async def _pump(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout
        async for line in process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip("\r\n"))

    async def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    # Console

    def said(self, text: str) -> list[str]:
        """The console lines so far that contain `text`."""
        return [line for line in self.lines if text in line]

    def type(self, data: bytes) -> None:
        """Put bytes on the console."""
        os.write(self._console, data)

    # World

    def world(self, **changes: object) -> None:
        """Change keys of world.json; None takes one away."""
        self._world.update(changes)
        kept = {name: value for name, value in self._world.items() if value is not None}
        self._write("world.json", kept)

    def air(self, *points: dict[str, object]) -> None:
        """These access points are there now, no others."""
        self.world(air=list(points))

    def nvs(self) -> dict[str, dict[str, int | str]]:
        """What the NVS holds: blobs in hex."""
        content: dict[str, dict[str, int | str]] = json.loads((self.folder / "nvs.json").read_text())
        return content

    def write_nvs(self, content: dict[str, dict[str, int | str]] | dict[str, dict[str, str]]) -> None:
        """Write all of the NVS, as a factory does."""
        self._write("nvs.json", content)

    def open_network(self) -> dict[str, object]:
        """The chip's own access point (ssid, key, security, address); empty while it is closed."""
        try:
            found: dict[str, object] = json.loads((self.folder / "access_point.json").read_text())
        except FileNotFoundError:
            return {}
        return found

    def _write(self, name: str, content: object) -> None:
        path = self.folder / name
        new = path.with_suffix(".host")
        new.write_text(json.dumps(content))
        new.replace(path)
