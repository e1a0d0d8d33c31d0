"""A supervised child as its owner sees it: restarted, given up, stopped, never left behind."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from demo_process import alive

from wxlink import child as supervisor
from wxlink.child import GIVE_UP_AFTER, LOG_KEEP_BYTES, Child, ChildFailed

Eventually = Callable[..., Awaitable[object]]
SLEEPS = ["sh", "-c", "echo began; exec sleep 600"]
DEAF = ["sh", "-c", "trap '' TERM; echo began; exec sleep 600"]


@asynccontextmanager
async def running(child: Child) -> AsyncIterator[Child]:
    await child.start()
    try:
        yield child
    finally:
        await child.stop()


async def test_a_child_that_is_killed_is_started_again_and_both_are_told(
    tmp_path: Path, eventually: Eventually
) -> None:
    told: list[str] = []
    child = Child("sleeper", SLEEPS, tmp_path / "log", restart_after_s=0.05, on_change=told.append)
    async with running(child):
        await eventually(lambda: child.last_lines() == ["began"])
        first = child.pid
        assert first
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: child.pid not in {None, first})
        await eventually(lambda: child.last_lines() == ["began", "began"])
    assert told == ["sleeper ended by signal SIGKILL; starting it again in 0.05 s", "sleeper runs again"]
    assert child.pid is None


async def test_a_child_that_ends_at_once_is_given_up_with_its_log_named(
    tmp_path: Path, eventually: Eventually
) -> None:
    told: list[str] = []
    log = tmp_path / "log"
    child = Child(
        "failing", ["sh", "-c", "echo oh no; exit 3"], log, restart_after_s=0.01, on_change=told.append
    )
    async with running(child):
        await eventually(lambda: child.given_up)
    assert child.last_lines() == ["oh no"] * GIVE_UP_AFTER
    assert told[-1] == f"failing ended with code 3, {GIVE_UP_AFTER} times at once: given up, see {log}"


async def test_a_child_whose_program_vanished_is_given_up_with_the_reason(
    tmp_path: Path, eventually: Eventually
) -> None:
    told: list[str] = []
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nexec sleep 600\n", "ascii")
    program.chmod(0o700)
    child = Child("fleeting", [program], tmp_path / "log", restart_after_s=0.01, on_change=told.append)
    async with running(child):
        program.unlink()
        assert child.pid
        os.kill(child.pid, signal.SIGKILL)
        await eventually(lambda: child.given_up)
    assert told[-1] == f"fleeting cannot be started: {program}: No such file or directory: given up"


async def test_a_program_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    child = Child("nothing", [tmp_path / "nowhere"], tmp_path / "log")
    with pytest.raises(ChildFailed, match=r"nothing cannot be started: .*nowhere: No such file"):
        await child.start()
    await child.stop()


async def test_without_a_restart_it_stays_ended(tmp_path: Path, eventually: Eventually) -> None:
    told: list[str] = []
    child = Child("once", ["true"], tmp_path / "log", on_change=told.append)
    async with running(child):
        await eventually(lambda: child.given_up)
    assert told == ["once ended with code 0"]


async def test_a_stop_asks_first_and_kills_after_the_grace(
    tmp_path: Path, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STOP_GRACE_S", 0.2)
    polite = Child("polite", SLEEPS, tmp_path / "polite", stop_signal=signal.SIGINT)
    deaf = Child("deaf", DEAF, tmp_path / "deaf", restart_after_s=0.01)
    async with running(polite), running(deaf):
        await eventually(lambda: polite.last_lines() == deaf.last_lines() == ["began"])
        pids = [polite.pid, deaf.pid]
        await asyncio.gather(polite.stop(), deaf.stop())
        await deaf.stop()  # a second time does no harm
    assert not [pid for pid in pids if pid and alive(pid)]


async def test_a_child_dies_with_a_parent_that_is_killed(tmp_path: Path, eventually: Eventually) -> None:
    program = f"""
import asyncio, pathlib
from wxlink.child import Child
async def main():
    child = Child("deaf", {DEAF!r}, pathlib.Path({str(tmp_path / "log")!r}))
    await child.start()
    print(child.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout
    pid = int(await parent.stdout.readline())
    assert alive(pid)
    parent.kill()
    await parent.wait()
    await eventually(lambda: not alive(pid))


async def test_a_large_log_is_put_aside_at_a_start_and_a_small_one_goes_on(
    tmp_path: Path, eventually: Eventually
) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"old\n" * (LOG_KEEP_BYTES // 4 + 1))
    child = Child("sleeper", SLEEPS, log, restart_after_s=0.01)
    async with running(child):
        await eventually(lambda: child.last_lines() == ["began"])
        assert (tmp_path / "log.1").stat().st_size > LOG_KEEP_BYTES
        log.write_bytes(b"old\n" * (LOG_KEEP_BYTES // 4 + 1))
        assert child.pid
        os.kill(child.pid, signal.SIGKILL)  # a restart is a start too
        await eventually(lambda: child.last_lines() == ["began"])
    async with running(child):
        await eventually(lambda: child.last_lines() == ["began", "began"])
