"""The boards that run one scenario: each a process with its UART on a tty, that tells what its lamp does."""

import asyncio
import re
import signal
import sys
from pathlib import Path
from typing import Self

END_WITHIN_S = 30.0

F405_MACHINE = "netduinoplus2"
"""QEMU's machine with an STM32F405; its second serial port is USART2."""

F405_HZ = 168_000_000
"""Hz; QEMU runs the core of that machine at this clock, whatever the program asks of RCC."""

F405_TIME = ("-icount", "shift=7,align=on")
"""QEMU's virtual time: 2^7 ns an instruction, held back to real time. Without it a program that never sleeps
takes a whole core, and ticks of its SysTick that fall while QEMU waits for one are lost: on a busy machine a
board's clock ran at a fifth of real time."""


class Board:
    """One board: `async with board.on(tty)` is from power-on to power-off."""

    name = "board"

    def __init__(self) -> None:
        self.process: asyncio.subprocess.Process
        self._lines: list[str] = []
        self._pump: asyncio.Task[None]

    def on(self, tty: str) -> Self:
        """Choose the tty that the board's UART is connected to."""
        self._tty = tty
        return self

    def argv(self, tty: str) -> list[str | Path]:
        """The command line that switches it on."""
        raise NotImplementedError

    def lamp(self) -> list[bool]:
        """What the lamp was set to, in order."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        self.process = await asyncio.create_subprocess_exec(
            *self.argv(self._tty),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._pump = asyncio.create_task(self._collect())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(END_WITHIN_S):
            code = await self.process.wait()
            await self._pump
        print("\n".join(self._lines), file=sys.stderr)
        assert code == 0, f"{self.name} ended with {code}"

    async def _collect(self) -> None:
        assert self.process.stdout
        async for line in self.process.stdout:
            self._lines.append(line.decode().rstrip("\n"))


class PosixBoard(Board):
    """The example program of this machine; its room drifts by itself."""

    name = "posix"

    def __init__(self, program: Path) -> None:
        super().__init__()
        self._program = program

    def argv(self, tty: str) -> list[str | Path]:
        return [self._program, "--port", tty, "--drift-ms", "300"]

    def lamp(self) -> list[bool]:
        said = [re.search(r"hw (LED_OnOff = 1|LED_OnOff = 0|restart)", line) for line in self._lines]
        return [found[1] == "LED_OnOff = 1" for found in said if found]


class SimavrBoard(Board):
    """An Arduino Uno in simavr, `baud` the speed of its wire; the lamp is at B5, a sensor at ADC 0."""

    name = "simavr"

    def __init__(self, runner: Path, program: Path, baud: int) -> None:
        super().__init__()
        self._runner = runner
        self._program = program
        self._baud = baud

    def argv(self, tty: str) -> list[str | Path]:
        return [self._runner, "--baud", str(self._baud), "--tty", tty, "--watch", "B5", self._program]

    def lamp(self) -> list[bool]:
        return [line == "pin B5 1" for line in self._lines if line.startswith("pin B5 ")]

    def order(self, line: str) -> None:
        """An order of the runner, such as `pin D2 1`."""
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n".encode())

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._room = asyncio.create_task(self._drift())
        return self

    async def __aexit__(self, *given: object) -> None:
        self._room.cancel()
        await asyncio.gather(self._room, return_exceptions=True)
        await super().__aexit__(*given)

    async def _drift(self) -> None:
        """The room warms and cools: 20 to 30 degrees at 10 mV a degree."""
        while True:
            for degrees in (*range(20, 30), *range(30, 20, -1)):
                self.order(f"adc 0 {degrees * 10 + 5}")
                await asyncio.sleep(0.3)


class QemuBoard(Board):
    """An STM32F405 in QEMU; its lamp, lit when low, is what the program writes to PC12. Its ADC drifts."""

    name = "qemu"

    def __init__(self, program: Path, log: Path) -> None:
        super().__init__()
        self._program = program
        self._log = log

    def argv(self, tty: str) -> list[str | Path]:
        pins = ["-d", "unimp", "-D", self._log]  # QEMU has no pins there: it logs what is written to them
        ports = ["-serial", "null", "-serial", tty]
        return [
            "qemu-system-arm", "-M", F405_MACHINE, "-display", "none", "-monitor", "none",
            "-kernel", self._program, *F405_TIME, *ports, *pins,
        ]  # fmt: skip

    def lamp(self) -> list[bool]:
        written = re.findall(
            r"^GPIOC: unimplemented device write \(size 4, offset 0x0*18, value 0x(\w+)\)$",
            self._log.read_text("ascii") if self._log.exists() else "",
            re.MULTILINE,
        )
        return [{1 << 12: False, 1 << 28: True}[int(value, 16)] for value in written]
