"""A sample's hardware in C, driven line by line through hardware_harness.c."""

import subprocess
from pathlib import Path

from wxlink.bench.hardware import Hardware
from wxlink.bench.reports import Value
from wxlink.product import ProductFile
from wxproto.p0 import raw_value
from wxproto.product import Point

STEP_MS = 5000


class Simulated:
    """Hardware in C: raw values by id, the log lines of the last act."""

    def __init__(self, program: Path, file: ProductFile) -> None:
        self.file = file
        self.said: list[str] = []
        self.raws: list[str] = []
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def act(self, line: str) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = []
        while (one := self._process.stdout.readline()) != ".\n":
            assert one, self._process.communicate()[1]
            answer.append(one.rstrip("\n"))
        count = len(self.file.points)
        self.said += answer[:-count]
        self.raws = answer[-count:]

    def control(self, values: dict[str, Value]) -> None:
        """What the SDK does with a control: values stored, a callback each, then the hardware obeys."""
        self.said = []
        for point in self.file.product.points:
            if point.name in values:
                self.act(f"set {point.id} {hexed(point, values[point.name])}")
        self.act("obey")

    def close(self) -> None:
        _, errors = self._process.communicate()
        assert (self._process.returncode, errors) == (0, "")


def hexed(point: Point, value: Value) -> str:
    """A raw value as the harness shows it."""
    raw = raw_value(point, value)
    return raw.hex() if isinstance(raw, bytes) else f"{raw:0{2 * (1 if point.is_bits else point.len)}x}"


def shown(hardware: Hardware, file: ProductFile) -> list[str]:
    return [hexed(point, hardware.values[point.name]) for point in file.product.points]
