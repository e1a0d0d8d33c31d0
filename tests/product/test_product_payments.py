"""A payment to the meter counts exactly once, in C and in Python."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from board_in_c import STEP_MS, Simulated, shown
from product_kinds import PRODUCTS

from wxlink.bench.hardware import Hardware
from wxlink.bench.memory import Memory
from wxlink.bench.reports import Value
from wxlink.product import ProductFile, read


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
