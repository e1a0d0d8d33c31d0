"""`wxlink demo` as a process under test, driven only from outside: JSON line, ports, log files."""

import hashlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

# The application id built into the public client heatzypy; with it the client runs unchanged.
HEATZY_APPID = "c70a66ff039d41b4a220e198b0fcc8b3"
UP_WITHIN_S = 90.0
DOWN_WITHIN_S = 20.0


class DemoProcess:
    """A demo on free ports with its data in `folder`; `facts` is its JSON line.

    environment: variables for it besides our own.
    """

    def __init__(self, folder: Path, *options: str, **environment: str) -> None:
        self.folder = folder
        self.facts: dict[str, Any] = {}
        self._options = options
        self._environment = {**os.environ, **environment}
        self._errors = folder / "demo.err"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def errors(self) -> str:
        """What it wrote to stderr."""
        return self._errors.read_text("utf-8")

    def start(self) -> None:
        """Start it and wait for the line that says all is up."""
        self.launch()
        assert self.process.stdout
        with selectors.DefaultSelector() as ready:
            ready.register(self.process.stdout, selectors.EVENT_READ)
            line = self.process.stdout.readline() if ready.select(UP_WITHIN_S) else b""
        if not line:
            self.process.kill()
            raise AssertionError(f"the demo did not come up:\n{self.errors}")
        self.facts = json.loads(line)

    def launch(self) -> None:
        """Start it and do not wait."""
        with self._errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "wxlink.cli",
                    "demo",
                    "--json",
                    "--port",
                    "0",
                    "--data",
                    str(self.folder / "data"),
                    *self._options,
                ],
                stdout=subprocess.PIPE,
                stderr=errors,
                env=self._environment,
                start_new_session=True,
            )

    def stop(self, number: int = signal.SIGINT) -> int:
        """Interrupt it as Ctrl-C does and wait; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(DOWN_WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise
        finally:
            assert self.process.stdout
            self.process.stdout.close()

    def children(self) -> list[int]:
        """Ids of all processes below it, from /proc."""
        parents: dict[int, list[int]] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text("ascii", "replace").rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
        found: list[int] = []
        todo = [self.process.pid]
        while todo:
            below = parents.get(todo.pop(), [])
            found += below
            todo += below
        return found

    def mcu_log(self) -> str:
        """What the MCU logged so far: frames and what its hardware did."""
        return Path(self.facts["mcu_log"]).read_text("utf-8")

    async def user(self, session: aiohttp.ClientSession, name: str, password: str) -> dict[str, str]:
        """Register a named user, bind the device by the signed call, and give the headers of its requests."""
        facts = self.facts
        headers = {"X-Gizwits-Application-Id": facts["appid"]}
        body = {"username": name, "password": password}
        async with session.post(f"{facts['http']}/app/users", headers=headers, json=body) as answer:
            assert answer.status == 201, await answer.text()
            headers["X-Gizwits-User-token"] = (await answer.json())["token"]
        await self.bind(session, headers)
        return headers

    async def bind(self, session: aiohttp.ClientSession, headers: dict[str, str]) -> dict[str, Any]:
        """bind_mac, signed with the product secret; the device entry."""
        facts = self.facts
        stamp = str(int(time.time()))
        signature = hashlib.md5((facts["product_secret"] + stamp).encode(), usedforsecurity=False).hexdigest()
        signed = {**headers, "X-Gizwits-Timestamp": stamp, "X-Gizwits-Signature": signature}
        body = {"product_key": facts["product_key"], "mac": facts["mac"]}
        async with session.post(f"{facts['http']}/app/bind_mac", headers=signed, json=body) as answer:
            assert answer.status in {200, 201}, await answer.text()
            entry: dict[str, Any] = await answer.json()
            return entry


def alive(pid: int) -> bool:
    """True while the process runs; an unreaped zombie does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
