"""A child process that is kept running, and that never outlives us."""

import asyncio
import contextlib
import ctypes
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1  # Linux prctl(2): the signal a child gets when its parent ends
STOP_GRACE_S = 5.0  # time for a child to end by itself before it is killed
LOG_KEEP_BYTES = 4 * 1024 * 1024  # a log larger than this at start is moved to `<log>.1`
QUICK_END_S = 5.0  # a child that ran for less than this counts as failing to start
GIVE_UP_AFTER = 5  # quick ends in a row before we stop trying

_libc = ctypes.CDLL(None, use_errno=True)


class ChildFailed(RuntimeError):
    """A child could not be started, or ended at once again and again."""


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent ends (on Linux only); a ``preexec_fn``."""
    if hasattr(_libc, "prctl"):
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Child:
    """One supervised child process.

    name: what messages call it. argv: command line. log: file its output is appended to.
    restart_after_s: pause before it is started again after it ended unasked; None leaves it ended.
    on_change: called with one sentence when it ends unasked, is started again, or is given up.
    It runs in its own session: Ctrl-C on the terminal reaches only us, and we choose the order of stopping.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str | os.PathLike[str]],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        restart_after_s: float | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        on_change: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.name = name
        self.log = log
        self._argv = [os.fspath(part) for part in argv]
        self._env = {**os.environ, **(env or {})}
        self._restart_after_s = restart_after_s
        self._stop_signal = stop_signal
        self._on_change = on_change
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        process = self._process
        return process.pid if process and process.returncode is None else None

    @property
    def given_up(self) -> bool:
        """True when it ended and will not be started again."""
        return self._keeper is not None and self._keeper.done()

    async def start(self) -> None:
        """Start it. Raises ChildFailed when the program cannot be run at all."""
        process = await self._spawn()
        self._keeper = asyncio.create_task(self._keep(process), name=f"keep {self.name}")

    async def stop(self) -> None:
        """End it and wait until it has ended; killed after STOP_GRACE_S. Safe to call twice."""
        if self._keeper:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self._stop_signal)
        try:
            await asyncio.wait_for(process.wait(), STOP_GRACE_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def last_lines(self, count: int = 12) -> list[str]:
        """The end of its log, for a message to the user."""
        with contextlib.suppress(OSError):
            return self.log.read_text("utf-8", "replace").splitlines()[-count:]
        return []

    async def _spawn(self) -> asyncio.subprocess.Process:
        if self.log.exists() and self.log.stat().st_size > LOG_KEEP_BYTES:
            self.log.replace(self.log.with_name(self.log.name + ".1"))
        with self.log.open("ab") as output:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *self._argv,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=self._env,
                    start_new_session=True,
                    preexec_fn=die_with_parent,
                )
            except OSError as error:
                raise ChildFailed(
                    f"{self.name} cannot be started: {self._argv[0]}: {error.strerror}"
                ) from error
        return self._process

    async def _keep(self, process: asyncio.subprocess.Process) -> None:
        loop = asyncio.get_running_loop()
        quick_ends = 0
        while True:
            started = loop.time()
            code = await process.wait()
            how = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
            quick_ends = quick_ends + 1 if loop.time() - started < QUICK_END_S else 0
            if self._restart_after_s is None:
                self._on_change(f"{self.name} ended {how}")
                return
            if quick_ends >= GIVE_UP_AFTER:
                self._on_change(
                    f"{self.name} ended {how}, {quick_ends} times at once: given up, see {self.log}"
                )
                return
            self._on_change(f"{self.name} ended {how}; starting it again in {self._restart_after_s:g} s")
            await asyncio.sleep(self._restart_after_s)
            try:
                process = await self._spawn()
            except ChildFailed as error:
                self._on_change(f"{error}: given up")
                return
            self._on_change(f"{self.name} runs again")
