"""The bench with a board: console and UART on two serial ports of this machine, relay and MCU here."""

import hashlib
import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import serial
from hil.bench import Bench, NotHere
from hil.board import Board
from hil.cloud import Cloud
from hil.pki import Pki
from hil.short import SHORT

from wxlink.cli import main
from wxlink.flash import app, boards
from wxlink.product import ProductFile

PULSE_S = 0.1  # of a reset by DTR and RTS
COMMAND_WITHIN_S = 60.0
WIRING = """
A board on the bench needs

  1. its USB cable, for power and console:              --port /dev/ttyUSB0
  2. a 3.3 V serial adapter at the module's UART:       --mcu-port /dev/ttyUSB1
       adapter RX to the board's TX, pin {tx}; adapter TX to its RX, pin {rx}; ground to ground; no power line
  3. this machine's address in the network it will join: --relay-host 192.168.1.10
  4. that network:                                      --ssid NAME --wifi-key PASSWORD

and its name, --board {board} (`wxlink flash boards` lists them). The suite writes the board anew.
For a test of a lost network, --wifi-command PROGRAM is called with `on` and with `off`.
"""


def missing(option: Callable[[str], Any]) -> str:
    """What the command line lacks for a real bench, with WIRING; empty when it has all."""
    lacks = [name for name in ("--port", "--mcu-port", "--relay-host", "--ssid") if not option(name)]
    board = boards.load(option("--board"))
    text = WIRING.format(tx=board.uart.tx, rx=board.uart.rx, board=board.name)
    return f"missing: {', '.join(lacks)}\n{text}" if lacks else ""


class RealBench(Bench):
    """One board. `option` gives the values of the command line, which missing() found complete."""

    kind = "real"

    def __init__(self, folder: Path, product: ProductFile, option: Callable[[str], Any]) -> None:
        super().__init__(folder)
        self.product = product
        self._made = boards.load(option("--board"))
        self.console = option("--port")
        self.network = option("--ssid"), option("--wifi-key")
        self._mcu_port = option("--mcu-port")
        self._host = option("--relay-host")
        self._firmware = option("--firmware")
        self._wifi_command = option("--wifi-command")

    def __enter__(self) -> "RealBench":
        with self.parts as parts:
            # A board asks its router's name server: the certificate is for the address.
            self.pki = Pki(self.folder / "pki", self._host, self._host)
            self.cloud = parts.enter_context(Cloud(self.folder / "relay", self.product, self.pki, self._host))
            self._write()
            self.board = parts.enter_context(Board(self.product, self.folder / "mcu", self._mcu_port))
            self.parts = parts.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.parts.close()

    def facts(self) -> dict[str, str]:
        made = app.build()
        digest = hashlib.sha256(made.bundle()).hexdigest()[:16]
        return {
            "板子 board": f"{self._made.name} ({self._made.chip}) at {self.console}",
            "固件 application": f"{made.version}, {made.mpy_size} B .mpy, sha256 {digest}",
            "MicroPython": f"{self._made.firmware.version}",
            "产品 product": f"{self.product.product.name} {self.product.product.product_key}",
        }

    def reset(self) -> None:
        with serial.Serial(self.console) as line:
            line.dtr = False
            line.rts = True
            time.sleep(PULSE_S)
            line.rts = False

    def power_cycle(self) -> None:
        raise NotHere("a power cut needs a switched supply: pull the cable by hand, the suite cannot")

    def wifi(self, *, on: bool) -> None:
        if not self._wifi_command:
            raise NotHere("a lost network needs --wifi-command, a program that switches the access point")
        subprocess.run([self._wifi_command, "on" if on else "off"], check=True, timeout=COMMAND_WITHIN_S)

    def test_network(self, *, on: bool) -> None:
        if on:
            raise NotHere(
                "the production test needs an access point GIZWITS_TEST_1 and a bench that switches it"
            )

    def _write(self) -> None:
        config, ca = self.folder / "config.json", self.folder / "ca.der"
        config.write_text(json.dumps(SHORT))
        ca.write_bytes(self.pki.ca)
        words = ["flash", "write", self._made.name, "--relay", self.cloud.url, "--config", config, "--ca", ca]
        words += ["--ledger", self.folder / "units.sqlite", "--product", self.product.product.product_key]
        words += ["--port", self.console]
        if self._firmware:
            words += ["--firmware", self._firmware]
        if main([str(word) for word in words]):
            raise pytest.UsageError(f"{self._made.name} at {self.console} was not written: see above")
