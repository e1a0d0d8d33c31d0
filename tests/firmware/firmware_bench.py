"""MicroPython processes for tests."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from compiled import compiled

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
MICROPYTHON = os.environ.get("WXLINK_MICROPYTHON") or str(BIN / "micropython")
MICROPYPATH = f"{compiled()}:.frozen"
END_WITHIN_S = 30.0
HEARTBEAT_S = 0.3


class MicroPython:
    """One MicroPython process; `lines` holds what it has printed so far."""

    def __init__(self, *arguments: str, heap: str = "256K") -> None:
        self._argv = [MICROPYTHON, "-X", f"heapsize={heap}", *arguments]
        self.lines: list[str] = []
        self.process: asyncio.subprocess.Process
        self._pump: asyncio.Task[None]

    async def __aenter__(self) -> "MicroPython":
        self.process = await asyncio.create_subprocess_exec(
            *self._argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "MICROPYPATH": MICROPYPATH},
        )
        self._pump = asyncio.create_task(self._collect())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self._pump
        print("\n".join(self.lines))

    async def _collect(self) -> None:
        assert self.process.stdout
        async for line in self.process.stdout:
            self.lines.append(line.decode().rstrip("\n"))

    async def interrupt(self) -> int:
        """Ctrl-C; gives the exit code."""
        self.process.send_signal(signal.SIGINT)
        return await asyncio.wait_for(self.process.wait(), END_WITHIN_S)

    def order(self, **fields: object) -> None:
        """Send one JSON line."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(fields).encode() + b"\n")

    def told(self, key: str) -> list[dict[str, object]]:
        """The JSON lines so far that have `key`."""
        objects = [json.loads(line) for line in self.lines if line.startswith("{")]
        return [found for found in objects if key in found]

    def said(self, text: str) -> list[str]:
        """The lines so far that contain `text`."""
        return [line for line in self.lines if text in line]


def module_config(folder: Path, **keys: object) -> list[str]:
    """Program and configuration file for MicroPython, with short intervals and no LAN; `keys` change some."""
    config = folder / "config.json"
    short = {
        "heartbeat_s": HEARTBEAT_S,
        "backoff_s": 0.05,
        "backoff_cap_s": 0.4,
        "refused_s": 0.1,
        "refused_cap_s": 0.4,
        "lan_port": 0,
        "lan_udp_port": 0,
    }
    config.write_text(json.dumps({"data": str(folder / "module"), **short, **keys}))
    return [str(compiled() / "main.py"), str(config)]
