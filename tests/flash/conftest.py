"""What the tests of the factory station share: esptool itself, and chips in their loader."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from wxlink.bench.rom.port import RomPort

ESPTOOL_CONFIG = """[esptool]
timeout = 0.4
sync_timeout = 0.1
connect_attempts = 2
serial_write_timeout = 2
"""
"""Waits that a pty needs; a USB bridge has longer ones."""


@pytest.fixture
def short_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """esptool waits only as long as a pty needs, in programs that the test starts."""
    config = tmp_path / "esptool.cfg"
    config.write_text(ESPTOOL_CONFIG)
    monkeypatch.setenv("ESPTOOL_CFGFILE", str(config))


@pytest.fixture
def esptool(short_waits: None) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """esptool's own command line, run with the given words."""

    def run(*words: object) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "esptool", *map(str, words)],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "COLUMNS": "200"},
            check=False,
        )

    return run


@pytest.fixture
def chip() -> Iterator[Callable[..., RomPort]]:
    """A function that puts a chip into its loader on a pty; arguments of RomPort."""
    with ExitStack() as stack:

        def make(*given: Any, **named: Any) -> RomPort:
            return stack.enter_context(RomPort(*given, **named))

        yield make
