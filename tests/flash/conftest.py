"""What the tests of the factory station share: esptool itself, and chips in their loader."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
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


# Before anything imports esptool: it reads them once.
_config = tempfile.NamedTemporaryFile("w", prefix="wxlink-", suffix=".cfg")  # noqa: SIM115 - until the run ends
_config.write(ESPTOOL_CONFIG)
_config.flush()
os.environ["ESPTOOL_CFGFILE"] = _config.name


@pytest.fixture
def esptool() -> Callable[..., "subprocess.CompletedProcess[str]"]:
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
