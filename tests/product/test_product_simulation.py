"""Simulated hardware: C and Python take the same course and behave plausibly."""

import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from board_in_c import STEP_MS, Simulated, shown
from product_kinds import PRODUCTS, SAMPLES

from wxlink.assets import asset
from wxlink.bench.hardware import Hardware
from wxlink.bench.memory import Memory
from wxlink.bench.reports import Value
from wxlink.product import ProductFile, ProductFileError, find, read
from wxlink.product.toml_reader import spec_of_toml
from wxproto.product import Point, ProductError

ALL = [*SAMPLES, PRODUCTS / "gokit.json"]
DAY = 24 * 3600 * 1000
HEAD = '[product]\nkey = "0123456789abcdef0123456789abcdef"\ntitle = "x"\n'


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
    _, seen = course("wristband", 6000)
    steps = [values["Steps"] for values in seen]
    assert steps == sorted(steps)
    assert 500 < steps[-1] < 6000 * 10
    assert all(values["Steps"] == before["Steps"] for before, values in pairwise(seen) if values["Asleep"])
    assert {values["Sleep"] for values in seen if not values["Asleep"]} == {"清醒"}
    assert seen[-1]["Distance"] == pytest.approx(0.0007 * steps[-1], abs=0.001)
    assert seen[200]["Battery"] < seen[0]["Battery"]
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


def test_a_meter_counts_what_its_load_draws_and_takes_its_price() -> None:
    _, seen = course("prepaid-meter", 3 * 720)
    first, last = seen[719], seen[-1]
    assert first["Load"] == last["Load"]
    energy = last["Energy"] - first["Energy"]
    assert energy == pytest.approx(2 * last["Load"] / 1000, rel=0.01)
    assert first["Balance"] - last["Balance"] == pytest.approx(0.5 * energy, rel=0.01)


def test_an_empty_meter_switches_off_and_stays_off_until_it_is_paid() -> None:
    board, _ = course("prepaid-meter", 1)
    board.put("Balance", 0.05)
    seen = []
    for step in range(2, 60):
        board.measure(step * STEP_MS)
        seen.append(board.values)
    assert seen[-1]["Balance"] == 0
    assert seen[-1]["Valve"] is False
    assert seen[-1]["Low_Balance"] is True
    assert seen[-1]["Energy"] == seen[-10]["Energy"]
    board.control({"Valve": True})
    assert board.values["Valve"] is False
    board.control({"Order": 1, "Amount": 10})
    board.control({"Valve": True})
    assert board.values["Valve"] is True


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
