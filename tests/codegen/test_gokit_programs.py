"""The GoKit programs, the C and the Python board and the C example, on a tty: same answers, same log."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from wxlink.assets import asset
from wxlink.bench.hardware import Hardware
from wxlink.bench.wire import Wire
from wxlink.codegen.build import NoCompiler, build_board, build_gokit
from wxlink.product import read
from wxproto.device_info import DeviceInfo
from wxproto.frame import Decoder, Frame, encode
from wxproto.p0 import Codec

SECRET = "00112233445566778899aabbccddeeff"
NO_DRIFT = ("--drift-ms", "3600000")
VECTORS: dict[str, bytes] = {
    vector["name"]: bytes.fromhex(vector["hex"])
    for vector in json.loads(
        (Path(__file__).parents[2] / "protocol/vectors/serial-frames.json").read_text("utf-8")
    )
}
FILE = read(asset("protocol/products/gokit.json"))
GOKIT = FILE.product
STRICT = ("-Wshadow", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@pytest.fixture(scope="session")
def c_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulated board as `wxlink demo` builds it."""
    try:
        return build_board(FILE, tmp_path_factory.mktemp("board"), STRICT)
    except NoCompiler as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def example_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example whose hardware is written by hand."""
    try:
        return build_gokit(tmp_path_factory.mktemp("gokit"), STRICT)
    except NoCompiler as error:
        pytest.skip(str(error))


@pytest.fixture(params=["c", "example", "python"])
def program(request: pytest.FixtureRequest) -> list[str]:
    """The command line of either program."""
    return commands(request.param, request)


def commands(kind: str, request: pytest.FixtureRequest) -> list[str]:
    if kind == "python":
        return [sys.executable, "-m", "wxlink.bench.mcu"]
    return [str(request.getfixturevalue(f"{kind}_program"))]


class Module:
    """The test's end of the wire: sends frames, collects the MCU's, acknowledges its reports."""

    def __init__(self, line: int) -> None:
        self._line = line
        self._decoder = Decoder()
        self._frames: list[bytes] = []

    def send(self, *frames: bytes) -> None:
        os.write(self._line, b"".join(frames))

    async def next(self) -> bytes:
        """The next frame from the MCU, as it was on the wire; a report is acknowledged."""
        deadline = time.monotonic() + 30
        while not self._frames:
            assert time.monotonic() < deadline, "the MCU sent nothing more"
            try:
                data = os.read(self._line, 4096)
            except BlockingIOError:
                await asyncio.sleep(0.002)
                continue
            for found in self._decoder.feed(data):
                assert isinstance(found, Frame)
                self._frames.append(encode(found.cmd, found.sn, found.payload, found.flags))
                if found.cmd == 0x05:
                    self.send(encode(0x06, found.sn))
        return self._frames.pop(0)

    async def expect(self, *frames: bytes) -> None:
        for frame in frames:
            assert (await self.next()).hex() == frame.hex()


class Running:
    """A program on the wire, with its log."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, wire: Wire, module: Module) -> None:
        self.process = process
        self.wire = wire
        self.tty = wire.mcu_tty
        self.module = module
        self._log = log

    def lines(self) -> list[str]:
        """The log without its timestamps."""
        if not self._log.exists():
            return []
        lines = self._log.read_text("utf-8").splitlines()
        for line in lines:
            assert abs(int(line.partition(" ")[0]) - time.time() * 1000) < 60_000, line
        return [line.partition(" ")[2] for line in lines]

    async def ended(self, number: signal.Signals | None = None) -> tuple[int, str]:
        """Exit status and standard error, after a signal if one is given."""
        if number:
            self.process.send_signal(number)
        async with asyncio.timeout(30):
            _, errors = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, errors.decode()


@asynccontextmanager
async def running(
    program: list[str], log: Path, eventually: Any, *options: str | Path
) -> AsyncIterator[Running]:
    async with Wire() as wire:
        line = os.open(wire.module_tty, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        process = await asyncio.create_subprocess_exec(
            *program, "--port", wire.mcu_tty, "--log", log, *options, stderr=asyncio.subprocess.PIPE
        )
        try:
            one = Running(process, log, wire, Module(line))
            await eventually(lambda: f"ready {one.tty}" in one.lines())
            yield one
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()
            os.close(line)


def status(**changed: Any) -> dict[str, Any]:
    """The board's values after power-on with seed 1, some of them changed."""
    board = Hardware(FILE, 1, 1000, 0, lambda _line: None)
    return {**board.values, **changed}


def report(sn: int, values: dict[str, Any]) -> bytes:
    return encode(0x05, sn, Codec(GOKIT).encode_report(values))


async def converse(one: Running, eventually: Any) -> None:
    """The scenario; every answer is compared byte for byte."""
    module = one.module
    info = DeviceInfo(
        product_key=GOKIT.product_key,
        hardware_version="03010100",
        software_version="03030000",
        attributes=bytes(7) + b"\x02",
        product_secret=SECRET,
    )
    module.send(VECTORS["get_device_info"])
    await module.expect(encode(0x02, 0, info.encode()), report(0, status()))
    module.send(VECTORS["read_status_fixed"])
    await module.expect(encode(0x04, 2, Codec(GOKIT).encode_report(status(), reply=True)))
    module.send(VECTORS["control_gokit_led_on"])
    await module.expect(encode(0x04, 3), report(1, status(LED_OnOff=True)))
    module.send(VECTORS["control_gokit_color_purple"])
    await module.expect(VECTORS["ack_control"], report(2, status(LED_OnOff=True, LED_Color="紫色")))
    module.send(VECTORS["control_gokit_motor_plus5"])
    now = status(LED_OnOff=True, LED_Color="紫色", Motor_Speed=5)
    await module.expect(encode(0x04, 6), report(3, now))
    module.send(VECTORS["heartbeat"])
    await module.expect(VECTORS["ack_heartbeat"])
    module.send(VECTORS["module_status_m2m"], VECTORS["module_status_app"])
    await module.expect(encode(0x0E, 15), encode(0x0E, 16))
    module.send(b"\x00\x55noise\xff\xff\x00", VECTORS["read_reply_gokit"][:9], VECTORS["heartbeat"])
    await module.expect(VECTORS["ack_heartbeat"])
    module.send(VECTORS["bad_checksum_heartbeat"])
    await module.expect(bytes.fromhex("FFFF0006120800000121"))
    module.send(encode(0x75, 9))
    await module.expect(VECTORS["error_unknown_from_mcu"])
    module.send(VECTORS["control_gokit_all"])
    everything = status(LED_OnOff=True, LED_Color="粉色", LED_R=17, LED_G=34, LED_B=51, Motor_Speed=-2)
    await module.expect(encode(0x04, 7), report(4, everything))
    module.send(VECTORS["control_gokit_all"])
    await module.expect(encode(0x04, 7))
    module.send(encode(0x03, 8, bytes.fromhex("012000000000FFFF")))
    await module.expect(encode(0x04, 8), report(5, {**everything, "Motor_Speed": 5}))
    module.send(encode(0x03, 9, b"\x01\x01"), encode(0x03, 10))
    await module.expect(encode(0x04, 9), encode(0x12, 10, b"\x03"))
    module.send(encode(0x0F, 7))
    await module.expect(VECTORS["ack_reboot_mcu"])
    await eventually(lambda: "hw restart" in one.lines())
    module.send(VECTORS["heartbeat"])
    await module.expect(VECTORS["ack_heartbeat"], report(0, status()))
    await eventually(lambda: one.lines()[-1] == f"rx {encode(0x06, 0).hex().upper()}")


HARDWARE_LOG = [
    "hw LED_OnOff = 1",
    "hw LED_Color = 2 (紫色)",
    "hw Motor_Speed = 5",
    "status router=1 cloud=1 app=0 signal=6",
    "status router=1 cloud=1 app=1 signal=7",
    "bad cut short by a new header",
    "bad cut short by a new header",
    "bad wrong checksum",
    "hw LED_OnOff = 1",
    "hw LED_Color = 3 (粉色)",
    "hw LED_R = 17",
    "hw LED_G = 34",
    "hw LED_B = 51",
    "hw Motor_Speed = -2",
    "hw Motor_Speed = 5",
    "hw restart",
    "stopped",
]


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(SECRET + "\nthe rest is not read", "ascii")
    return path


async def test_all_programs_answer_and_log_the_same(
    request: pytest.FixtureRequest, tmp_path: Path, secret_file: Path, eventually: Any
) -> None:
    logs = []
    for kind in ("c", "example", "python"):
        log = tmp_path / f"{kind}.log"
        async with running(
            commands(kind, request), log, eventually, "--product-secret-file", secret_file, *NO_DRIFT
        ) as one:
            await converse(one, eventually)
            assert await one.ended(signal.SIGTERM) == (0, "")
            logs.append([line.replace(one.tty, "TTY") for line in one.lines()])
    assert logs[0] == logs[1] == logs[2]
    assert [line for line in logs[0] if line.split()[0] in ("hw", "status", "bad", "stopped")] == HARDWARE_LOG
    assert f"rx {VECTORS['heartbeat'].hex().upper()}" in logs[0]
    assert "tx FFFF0005080100000E" in logs[0]


async def test_secret_is_sent_and_never_logged(
    program: list[str], tmp_path: Path, secret_file: Path, eventually: Any
) -> None:
    options = ("--product-secret-file", secret_file, *NO_DRIFT)
    async with running(program, tmp_path / "log", eventually, *options) as one:
        one.module.send(VECTORS["get_device_info"])
        answer = await one.module.next()
        assert SECRET.encode() in answer
        (shown,) = [line for line in one.lines() if line.startswith("tx FFFF006F02")]
        assert "*" * 64 in shown
        assert SECRET.encode().hex().upper() not in shown


async def test_without_a_secret_the_shorter_form_is_sent(
    program: list[str], tmp_path: Path, eventually: Any
) -> None:
    async with running(program, tmp_path / "log", eventually, *NO_DRIFT) as one:
        one.module.send(VECTORS["get_device_info"])
        assert (await one.module.next()).startswith(b"\xff\xff\x00\x4f\x02")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "No such file or directory"),
        (b"", "the first line must be 32 lower-case hex digits"),
        (b"0011\n", "the first line must be 32 lower-case hex digits"),
        (SECRET.upper().encode(), "the first line must be 32 lower-case hex digits"),
        (SECRET.encode() + b"0", "the first line must be 32 lower-case hex digits"),
        (SECRET.encode()[1:] + b"\0", "the first line must be 32 lower-case hex digits"),
    ],
)
def test_a_file_without_a_secret(
    program: list[str], tmp_path: Path, content: bytes | None, problem: str
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    options = ["--port", "/dev/null", "--product-secret-file", path]
    done = subprocess.run([*program, *options], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.partition(": ")[2] == f"{path}: {problem}\n"
    assert SECRET[1:] not in done.stderr.lower()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_with_0(
    program: list[str], tmp_path: Path, eventually: Any, number: signal.Signals
) -> None:
    async with running(program, tmp_path / "log", eventually) as one:
        assert await one.ended(number) == (0, "")
        assert one.lines()[-1] == "stopped"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--help"], 0),
        ([], 2),
        (["--port", "/dev/null", "--seed", "x"], 2),
        (["--port", "/dev/null", "--drift-ms", "0"], 2),
        (["--port", "/dev/null", "--product-secret-file"], 2),
        (["--port", "/nonexistent"], 1),
        (["--port", "/dev/null"], 1),
        (["--port", "/dev/null", "--log", "/nonexistent/log"], 1),
    ],
)
def test_command_line(program: list[str], options: list[str], code: int) -> None:
    done = subprocess.run([*program, *options], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    if code:
        assert done.stdout == ""
        assert any(text in done.stderr for text in (*options, "--port"))
    else:
        assert "example: " in done.stdout
        assert all(
            option in done.stdout
            for option in ("--port", "--log", "--seed", "--drift-ms", "--product-secret-file")
        )


async def test_a_line_that_goes_away_ends_it_with_1(
    program: list[str], tmp_path: Path, eventually: Any
) -> None:
    async with running(program, tmp_path / "log", eventually) as one:
        one.wire.close()
        code, errors = await one.ended()
        assert code == 1
        assert one.tty in errors
        assert errors.count("\n") == 1
