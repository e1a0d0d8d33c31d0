"""Simulated hardware: C and Python take the same course, behave plausibly, take a payment exactly once."""

import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from product_kinds import PRODUCTS, SAMPLES

from wxlink.assets import asset
from wxlink.bench.hardware import Hardware
from wxlink.bench.memory import Memory
from wxlink.bench.reports import Value
from wxlink.codegen.board import board_files
from wxlink.codegen.build import NoCompiler, compile_c, compiler
from wxlink.product import ProductFile, ProductFileError, find, read
from wxlink.product.toml_reader import spec_of_toml
from wxproto.p0 import raw_value
from wxproto.product import Point, ProductError

ALL = [*SAMPLES, PRODUCTS / "gokit.json"]
STEP_MS = 5000
DAY = 24 * 3600 * 1000
SANITIZED = [
    "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror",
    "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
]  # fmt: skip
HEAD = '[product]\nkey = "0123456789abcdef0123456789abcdef"\ntitle = "x"\n'


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


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[ProductFile], Path]:
    """A function that compiles the hardware of a product with the harness, once."""
    try:
        command = compiler()
    except NoCompiler as error:
        pytest.skip(str(error))
    built: dict[str, Path] = {}

    def run(file: ProductFile) -> Path:
        if file.stem not in built:
            folder = tmp_path_factory.mktemp(file.stem)
            for name, text in board_files(file).items():
                (folder / name).write_text(text, "utf-8")
            csdk = asset("protocol/csdk")
            board = csdk / "examples/board"
            includes = [f"-I{one}" for one in (folder, csdk, csdk / "examples/bench", board)]
            sources = [folder / "board_rows.c", folder / "board_names.c", board / "board_hardware.c"]
            sources += [board / "board_memory.c", Path(__file__).with_name("hardware_harness.c")]
            built[file.stem] = folder / "harness"
            compile_c([*command, *SANITIZED, *includes, *map(str, sources), "-o", str(built[file.stem])])
        return built[file.stem]

    return run


@pytest.fixture
def simulated(build: Callable[[ProductFile], Path]) -> Iterator[Callable[[ProductFile], Simulated]]:
    """A function that starts the hardware of a product in C."""
    running: list[Simulated] = []

    def start(file: ProductFile) -> Simulated:
        running.append(Simulated(build(file), file))
        return running[-1]

    yield start
    for one in running:
        one.close()


def shown(hardware: Hardware, file: ProductFile) -> list[str]:
    return [hexed(point, hardware.values[point.name]) for point in file.product.points]


def any_value(point: Point, source: random.Random) -> Value:
    if point.data_type == "binary":
        return source.randbytes(point.len)
    if point.data_type == "enum":
        return source.choice(point.values)
    if point.scale is None or point.minimum is None or point.maximum is None:
        return source.random() < 0.6
    return point.scale.display(source.randint(point.minimum, point.maximum))


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_c_and_python_take_the_same_course(
    path: Path, simulated: Callable[[ProductFile], Simulated], seeded: random.Random, tmp_path: Path
) -> None:
    """Steps, controls of anything and restarts: the same raw values and the same log, for every seed."""
    file = read(path)
    writable = [point for point in file.product.points if point.writable]
    for seed in (0, 1, 4294967295):
        in_c, python_said = simulated(file), list[str]()
        kept = tmp_path if seed == 1 else None  # else what is kept lives as long as the program
        memory = Memory(kept and kept / "python", file.product.product_key)
        now = 0

        def power_on() -> Hardware:
            in_c.act(f"start {seed} {STEP_MS} {kept / 'c' if kept else '-'}")  # noqa: B023
            return Hardware(file, seed, STEP_MS, 0, python_said.append, memory=memory)  # noqa: B023

        python = power_on()
        for _ in range(300):
            assert in_c.raws == shown(python, file)
            dice = seeded.randrange(40)
            if dice == 0:
                python, now = power_on(), 0
            elif dice < 10:
                named = seeded.sample(writable, seeded.randint(1, len(writable)))
                values = {point.name: any_value(point, seeded) for point in named}
                python_said.clear()
                python.control(values)
                in_c.control(values)
                assert in_c.said == python_said
            else:
                now += seeded.randrange(3 * STEP_MS)
                python.measure(now)
                in_c.act(f"at {now}")


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_restart_before_anything_changed_is_no_other_beginning(
    path: Path, simulated: Callable[[ProductFile], Simulated]
) -> None:
    board = simulated(read(path))
    board.act(f"start 7 {STEP_MS} -")
    first = board.raws
    board.act(f"start 7 {STEP_MS} -")
    assert board.raws == first


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_day_of_every_product_stays_inside_its_ranges_and_something_happens(path: Path) -> None:
    file = read(path)
    board = Hardware(file, 7, STEP_MS, 0, lambda _line: None)
    for point in file.product.points:
        if point.writable and point.data_type == "bool":
            board.put(point.name, True)
    first = board.values
    for now in range(0, DAY, STEP_MS):
        board.measure(now)
        if now % (100 * STEP_MS) == 0:
            for point in file.product.points:
                value = board.values[point.name]
                low, high = point.display_minimum, point.display_maximum
                if low is not None and high is not None:
                    assert low <= value <= high, point.name
    assert sum(board.values[name] != value for name, value in first.items()) >= 2


def course(
    stem: str, steps: int, *, seed: int = 1, **values: Value
) -> tuple[Hardware, list[dict[str, Value]]]:
    """A sample's hardware after a control, and its values after every step."""
    board = Hardware(read(PRODUCTS / f"{stem}.toml"), seed, STEP_MS, 0, lambda _line: None)
    if values:
        board.control(values)
    seen = []
    for step in range(1, steps + 1):
        board.measure(step * STEP_MS)
        seen.append(board.values)
    return board, seen


def test_an_air_conditioner_cools_the_room_and_draws_power() -> None:
    board, seen = course("ac-socket", 60, Power=True, Target=22)
    assert seen[-1]["Room_Temperature"] == 22
    assert 1000 < seen[-1]["Draw"] < 1300
    assert 0 < seen[-1]["Energy"] < 0.2
    board.control({"Power": False, "IR_Send": b"\x12\x34"})
    assert board.values["IR_Code"] == b"\x12\x34".ljust(32, b"\0")
    board.measure(200 * STEP_MS)
    assert board.values["Room_Temperature"] == 31.5
    assert board.values["Too_Hot"] is True
    assert board.values["Draw"] == 1


def test_a_wristband_counts_steps_and_its_battery_drains() -> None:
    _, seen = course("wristband", 200)
    steps = [values["Steps"] for values in seen]
    assert steps == sorted(steps)
    assert steps[-1] > 500
    assert seen[-1]["Distance"] == pytest.approx(0.0007 * steps[-1], abs=0.001)
    assert seen[-1]["Battery"] < seen[0]["Battery"]
    assert len({values["Heart_Rate"] for values in seen}) > 10
    assert len({values["Sleep"] for values in seen}) == 4


def test_a_router_lets_guests_in_only_while_their_network_is_on() -> None:
    board, seen = course("router", 50)
    assert all(values["Guest_Clients"] == 0 for values in seen)
    board.control({"Guest_WiFi": True, "Reboot": True})
    board.measure(200 * STEP_MS)
    assert board.values["Guest_Clients"] > 0
    assert board.values["Reboot"] is False
    assert len({values["Down_Speed"] for values in seen}) > 10


def test_a_blood_pressure_monitor_has_a_result_when_it_is_done() -> None:
    board, _ = course("blood-pressure", 0)
    rest = board.values
    board.control({"Measure": True})
    cuff = []
    for step in range(1, 8):
        board.measure(step * STEP_MS)
        cuff.append(board.values["Cuff"])
        if board.values["Measure"]:
            assert board.values["Systolic"] == rest["Systolic"]
    assert max(cuff) >= 170
    assert cuff[-1] == 0
    assert board.values["Measurements"] == 1
    assert board.values["Systolic"] > board.values["Diastolic"]


def test_a_toy_says_what_it_is_told_and_a_remote_sends_keys() -> None:
    toy, _ = course("talking-toy", 3, Play=True, Say="晚安".encode())
    assert toy.values["Said"] == toy.values["Say"]
    assert toy.values["Position"] == 15
    remote, seen = course("tv-remote", 3, Key="主页", Send=True)
    assert remote.values["Last_Key"] == "主页"
    assert [values["Keys_Sent"] for values in seen] == [1, 1, 1]
    lamp, seen = course("lamp", 10, Power=True, Brightness=50)
    assert seen[-1]["Draw"] == 6
    assert lamp.values["Lit_Time"] == 50


def pay(order: int, amount: float) -> dict[str, Value]:
    return {"Order": order, "Amount": amount}


@pytest.mark.parametrize("kind", ["c", "python"])
def test_a_payment_is_credited_exactly_once(
    kind: str, simulated: Callable[[ProductFile], Simulated], tmp_path: Path
) -> None:
    """Repeated, late, half told or after a loss of power: an order adds its amount once."""
    file = read(PRODUCTS / "prepaid-meter.toml")
    board = _Meter(kind, file, simulated, tmp_path / "memory")
    board.power_on()
    assert board.balance() == (0, 5000)
    board.control(pay(7, 20.5))
    assert board.balance() == (7, 7050)
    board.control(pay(7, 20.5))
    assert board.balance() == (7, 7050)
    board.control(pay(6, 1000))  # an order that was paid before, in a message that comes late
    assert board.balance() == (7, 7050)
    board.control({"Order": 8})  # without its amount it is no payment
    assert board.balance() == (7, 7050)
    board.power_on()
    assert board.balance() == (7, 7050)
    board.control(pay(7, 20.5))
    assert board.balance() == (7, 7050)
    board.control(pay(8, 0.01))
    assert board.balance() == (8, 7051)
    for order in range(9, 30):
        board.control(pay(order, 100_000))
    order, balance = board.balance()
    assert (order, balance) == (
        17,
        90_007_051,
    )  # what would not fit on the counter is not taken, and not acknowledged


class _Meter:
    """The meter in either language, with its power cut whenever it is switched on."""

    def __init__(self, kind: str, file: ProductFile, simulated: Any, memory: Path) -> None:
        self._kind = kind
        self._file = file
        self._simulated = simulated
        self._memory = memory
        self._board: Any = None

    def power_on(self) -> None:
        if self._kind == "python":
            memory = Memory(self._memory, self._file.product.product_key)
            self._board = Hardware(self._file, 1, STEP_MS, 0, lambda _line: None, memory=memory)
        else:
            self._board = self._simulated(self._file)
            self._board.act(f"start 1 {STEP_MS} {self._memory}")

    def control(self, values: dict[str, Value]) -> None:
        self._board.control(values)

    def balance(self) -> tuple[int, int]:
        """Last credited order, and balance in hundredths."""
        points = [self._file.product.point(name) for name in ("Credited_Order", "Balance")]
        raws = self._board.raws if self._kind == "c" else shown(self._board, self._file)
        order, balance = (int(raws[point.id], 16) for point in points)
        return order, balance


def test_an_empty_meter_switches_off_and_stays_off_until_it_is_paid() -> None:
    board, seen = course("prepaid-meter", 6000)
    assert seen[-1]["Balance"] == 0
    assert seen[-1]["Valve"] is False
    assert seen[-1]["Low_Balance"] is True
    assert seen[-1]["Energy"] == seen[-10]["Energy"]
    board.control({"Valve": True})
    assert board.values["Valve"] is False
    board.control(pay(1, 10))
    board.control({"Valve": True})
    assert board.values["Valve"] is True


@pytest.mark.parametrize(
    "text", ["", "no product key\nBalance 1\n", "{key}\nBalance\n", "{key}\nBalance x\n", "\xff"]
)
def test_a_memory_that_is_damaged_or_anothers_counts_for_nothing(
    text: str, tmp_path: Path, simulated: Callable[[ProductFile], Simulated]
) -> None:
    file = read(PRODUCTS / "prepaid-meter.toml")
    path = tmp_path / "memory"
    path.write_bytes(text.replace("{key}", file.product.product_key).encode("latin-1"))
    meters = [_Meter(kind, file, simulated, path) for kind in ("python", "c")]
    for meter in meters:
        meter.power_on()
        assert meter.balance() == (0, 5000)


def test_a_memory_that_cannot_be_written_ends_the_board(
    tmp_path: Path, simulated: Callable[[ProductFile], Simulated]
) -> None:
    """A payment that could be forgotten must not be acknowledged."""
    file = read(PRODUCTS / "prepaid-meter.toml")
    meter = _Meter("python", file, simulated, tmp_path / "no-folder" / "memory")
    meter.power_on()
    with pytest.raises(OSError, match="No such file"):
        meter.control(pay(1, 1))
    in_c = simulated(file)
    in_c.act(f"start 1 {STEP_MS} {tmp_path / 'no-folder' / 'memory'}")
    in_c.control(pay(1, 1))
    assert in_c.said[-1] == "the memory cannot be written"


@pytest.mark.parametrize(
    ("hint", "said"),
    [
        ('kind = "drift", by = 0.25', "no whole number of steps"),
        ('kind = "drift", by = 1, start = 0.05', "no whole number of steps"),
        ('kind = "follow", by = 1, plus = 123456789.123456789012', "too many digits"),
        ('kind = "alarm", of = "T", above = 3', "cannot move a uint8"),
        ('kind = "drift", by = 1, every = 0', "every is 0"),
    ],
)
def test_hints_that_no_board_can_do_are_named(hint: str, said: str) -> None:
    point = '[[point]]\nname = "T"\nclass = "read-only"\ntype = "uint8"\nrange = [0, 20]\nstep = 0.1\n'
    text = f"{HEAD}{point}simulate = {{ {hint} }}\n"
    spec, problems = spec_of_toml(text)
    assert spec is None
    assert any(said in problem.text for problem in problems), problems


def test_a_sample_is_found_by_its_name_and_a_file_by_its_path(tmp_path: Path) -> None:
    assert find("lamp") == asset("protocol/products/lamp.toml")
    assert find("gokit") == asset("protocol/products/gokit.json")
    assert find(str(tmp_path / "x.toml")) == tmp_path / "x.toml"
    with pytest.raises(ProductError, match="no sample product is called lampe: name one of ac-socket, "):
        find("lampe")
    with pytest.raises(ProductFileError):
        read(find(str(tmp_path / "x.toml")))
