"""Every sample product as an MCU program on a tty, C and Python: it introduces itself, reports and obeys."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from product_kinds import SAMPLES

from wxlink.bench.wire import Wire
from wxlink.codegen.build import NoCompiler, build_board
from wxlink.product import ProductFile, read
from wxproto import commands
from wxproto.device_info import DeviceInfo
from wxproto.frame import Decoder, Frame, encode
from wxproto.p0 import Codec

SANITIZED = ("-O0", "-Wshadow", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
WITHIN_S = 30.0


class Module:
    """The test's end of the wire: asks, acknowledges reports, keeps the latest values."""

    def __init__(self, line: int, file: ProductFile) -> None:
        self.values: dict[str, object] = {}
        self.reports = 0
        self._line = line
        self._codec = Codec(file.product)
        self._decoder = Decoder()
        self._sn = 0

    async def ask(self, cmd: int, payload: bytes = b"") -> Frame:
        """Send a command and give its ack."""
        self._sn = (self._sn + 1) & 0xFF
        os.write(self._line, encode(cmd, self._sn, payload))
        while True:
            frame = await self._next()
            if (frame.cmd, frame.sn) == (cmd + 1, self._sn):
                return frame

    async def until_reported(self) -> None:
        """Wait for one report."""
        before = self.reports
        while self.reports == before:
            await self._next()

    async def control(self, **values: object) -> None:
        """Set data points and wait for the report that shows them."""
        await self.ask(commands.P0_DOWN, self._codec.encode_control(values))
        await self.until_reported()

    async def read(self) -> dict[str, object]:
        """Ask for everything."""
        frame = await self.ask(commands.P0_DOWN, self._codec.encode_read())
        return dict(self._codec.decode_report(frame.payload))

    async def _next(self) -> Frame:
        deadline = time.monotonic() + WITHIN_S
        while True:
            assert time.monotonic() < deadline, "the MCU sent nothing more"
            try:
                data = os.read(self._line, 1)  # one by one, so that nothing is left behind a frame
            except BlockingIOError:
                await asyncio.sleep(0.002)
                continue
            for found in self._decoder.feed(data):
                assert isinstance(found, Frame)
                if found.cmd == commands.P0_UP:
                    os.write(self._line, encode(found.cmd + 1, found.sn))
                    self.values.update(self._codec.decode_report(found.payload))
                    self.reports += 1
                return found


@pytest.fixture(scope="session")
def boards(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Path], list[str]]:
    """A function that gives the command line of a product's board in either language."""
    folder = tmp_path_factory.mktemp("boards")

    def command(kind: str, path: Path) -> list[str]:
        if kind == "python":
            return [sys.executable, "-m", "wxlink.bench.mcu", "--product", str(path)]
        try:
            return [str(build_board(read(path), folder, SANITIZED))]
        except NoCompiler as error:
            pytest.skip(str(error))

    return command


@asynccontextmanager
async def switched_on(program: list[str], file: ProductFile, *options: str | Path) -> AsyncIterator[Module]:
    """A board with power, which has introduced itself; its power is cut at the end."""
    async with Wire() as wire:
        line = os.open(wire.module_tty, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        process = await asyncio.create_subprocess_exec(
            *program, "--port", wire.mcu_tty, *map(str, options), stdout=asyncio.subprocess.PIPE
        )
        try:
            assert process.stdout is not None
            ready = await process.stdout.readline()
            assert ready.decode().endswith(f"ready {wire.mcu_tty}\n")
            module = Module(line, file)
            info = DeviceInfo.decode((await module.ask(commands.GET_DEVICE_INFO)).payload)
            assert info.product_key == file.product.product_key
            await module.until_reported()
            yield module
            assert process.returncode is None
        finally:
            process.kill()
            await process.communicate()
            os.close(line)


@pytest.mark.parametrize("kind", ["c", "python"])
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
async def test_a_sample_introduces_itself_reports_and_obeys(
    path: Path, kind: str, boards: Callable[[str, Path], list[str]], tmp_path: Path
) -> None:
    file = read(path)
    async with switched_on(boards(kind, path), file, "--drift-ms", "3600000") as module:
        assert set(module.values) == {point.name for point in file.points}, "the first report is whole"
        for point in file.product.points:
            value, low, high = module.values[point.name], point.display_minimum, point.display_maximum
            assert low is None or high is None or low <= value <= high  # type: ignore[operator]
        assert await module.read() == module.values
        for point in file.product.points:
            if point.writable and point.data_type != "binary":
                wanted = {"bool": True, "enum": point.values[-1:]}.get(point.data_type, point.display_maximum)
                value = wanted[0] if isinstance(wanted, list) else wanted
                await module.control(**{point.name: value})
                assert module.values[point.name] == value


@pytest.mark.parametrize("kind", ["c", "python"])
async def test_a_meter_on_the_wire_remembers_a_payment_through_a_loss_of_power(
    kind: str, boards: Callable[[str, Path], list[str]], tmp_path: Path
) -> None:
    path = next(path for path in SAMPLES if path.stem == "prepaid-meter")
    file = read(path)
    options = ("--drift-ms", "3600000", "--memory", tmp_path / "memory")
    async with switched_on(boards(kind, path), file, *options) as meter:
        assert (meter.values["Credited_Order"], meter.values["Balance"]) == (0, 50)
        await meter.control(Order=41, Amount=99.5)
        assert (await meter.read())["Balance"] == 149.5
    async with switched_on(boards(kind, path), file, *options) as meter:
        assert (meter.values["Credited_Order"], meter.values["Balance"]) == (41, 149.5)
        await meter.control(Order=41, Amount=99.5)
        assert (await meter.read())["Balance"] == 149.5
        await meter.control(Order=42, Amount=0.5)
        assert (await meter.read())["Balance"] == 150


def test_a_product_file_that_is_wrong_is_named_by_the_python_board(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text("[product]\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "wxlink.bench.mcu", "--port", "/dev/null", "--product", str(path)],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1
    assert f"{path}:1:1: key is missing: `wxlink product new` draws one" in done.stderr
