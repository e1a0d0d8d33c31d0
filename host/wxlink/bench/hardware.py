"""The hardware of any product, simulated: as protocol/csdk/examples/board/board_hardware.c, in Python."""

from collections.abc import Callable, Iterable
from decimal import Decimal

from wxlink.bench.memory import Memory
from wxlink.bench.reports import Value
from wxlink.product import ProductFile
from wxlink.product.behaviour import Behaviour
from wxproto.p0 import raw_value
from wxproto.product import Point


class Hardware:
    """Does what the simulation hints of a product say, a step every `drift_ms`, and says what users set.

    seed: the same seed gives the same course. say: takes one line for the log. memory: outlives a restart.
    Times are integer milliseconds.
    """

    def __init__(
        self,
        file: ProductFile,
        seed: int,
        drift_ms: int,
        now: int,
        say: Callable[[str], None],
        *,
        memory: Memory | None = None,
    ) -> None:
        self._points = file.product.points
        self._rows = file.behaviours
        self._random = seed
        self._drift_ms = drift_ms
        self._drifted_at = now
        self._say = say
        self._memory = memory or Memory(None, file.product.product_key)
        self._ticks = 0
        self._ages = [0] * len(self._rows)
        self._were_on = [False] * len(self._rows)
        kept = self._memory.read()
        self._raws: list[int] = []
        self._binaries: dict[int, bytes] = {}
        for point, row in zip(self._points, self._rows, strict=True):
            self._raws.append(self._start(row, point))
            if row.keep and point.name in kept:
                self._raws[point.id] = min(max(kept[point.name], row.floor), row.ceiling)

    @property
    def values(self) -> dict[str, Value]:
        """What the hardware is now, in display values."""
        return {point.name: self._shown(point) for point in self._points}

    def put(self, name: str, value: Value) -> None:
        """Let a data point be this display value, as if it had been measured."""
        point = next(point for point in self._points if point.name == name)
        self._store(point, raw_value(point, value))

    def control(self, values: dict[str, Value]) -> None:
        """Do what a user asked; numbers beyond their limits are clamped."""
        named = [point for point in self._points if point.name in values]
        for point in named:
            self._store(point, raw_value(point, values[point.name]))
        for point in named:
            self._say(f"hw {point.name} = {self._said(point)}")
        self._obey({point.id for point in named})

    def measure(self, now: int) -> None:
        """Go on: a step for each `drift_ms` that passed."""
        while now - self._drifted_at >= self._drift_ms:
            self._drifted_at += self._drift_ms
            self._ticks += 1
            for number, row in enumerate(self._rows):
                if row.kind in _MOVES:
                    _MOVES[row.kind](self, number, row)
            self._keep()

    def _start(self, row: Behaviour, point: Point) -> int:
        if isinstance(row.start, bytes):
            self._binaries[point.id] = row.start
            return 0
        low, high = row.start
        return low if low == high else low + self._draw(high - low + 1)

    def _draw(self, below: int) -> int:
        self._random = (self._random * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self._random >> 16) % below

    def _obey(self, named: set[int]) -> None:
        """What happens at once when users set these points."""
        for number, row in enumerate(self._rows):
            if row.kind == "answer" and row.of in named:
                self._raws[number] = self._raws[row.of]
                if row.of in self._binaries:
                    self._binaries[number] = self._binaries[row.of]
            elif row.after in named and self._raws[row.after]:
                self._were_on[number] = True  # it may be off again before the next step looks
            elif row.kind == "trip":
                self._trip(number, row)
            elif row.kind == "ledger" and {row.order, row.amount} <= named:
                self._credit(number, row)
        self._keep()

    def _credit(self, number: int, row: Behaviour) -> None:
        """A payment, once: orders count upwards, and what would not fit is not taken."""
        if row.order is None or row.amount is None or row.balance is None:
            raise AssertionError("a ledger has all three")
        order = self._raws[row.order]
        total = self._raws[row.balance] + self._raws[row.amount]
        if order > self._raws[number] and total <= self._rows[row.balance].ceiling:
            self._raws[row.balance] = total
            self._raws[number] = order
            balance = self._points[row.balance]
            self._say(f"hw credited order {order}, {balance.name} = {self._said(balance)}")

    def _keep(self) -> None:
        self._memory.write(
            {point.name: self._raws[point.id] for point in self._points if self._rows[point.id].keep}
        )

    def _due(self, row: Behaviour) -> bool:
        return self._ticks % row.every == 0 and (row.gate is None or self._raws[row.gate] != 0)

    def _drift(self, number: int, row: Behaviour) -> None:
        if self._due(row):
            moved = self._raws[number] + self._draw(2 * row.by[1] + 1) - row.by[1]
            self._raws[number] = min(max(moved, row.low), row.high)

    def _count(self, number: int, row: Behaviour) -> None:
        if self._due(row):
            moved = self._raws[number] + self._amount(row)
            beyond = row.floor if row.again else row.high
            self._raws[number] = beyond if moved > row.high else moved
        elif row.rest is not None and row.gate is not None and not self._raws[row.gate]:
            self._raws[number] = row.rest

    def _drain(self, number: int, row: Behaviour) -> None:
        if self._due(row):
            moved = self._raws[number] - self._amount(row)
            beyond = row.ceiling if row.again else row.low
            self._raws[number] = beyond if moved < row.low else moved

    def _amount(self, row: Behaviour) -> int:
        low, high = row.by
        return low if low == high else low + self._draw(high - low + 1)

    def _follow(self, number: int, row: Behaviour) -> None:
        if self._ticks % row.every:
            return
        if row.gate is None or self._raws[row.gate]:
            raw = 0 if row.of is None else self._raws[row.of]
            target = (2 * (raw * row.num + row.add) + row.den) // (2 * row.den)
        elif row.rest is not None:
            target = row.rest
        else:
            return
        target = min(max(target, row.floor), row.ceiling)
        now = self._raws[number]
        self._raws[number] = min(now + row.by[1], target) if target > now else max(now - row.by[1], target)

    def _pulse(self, number: int, row: Behaviour) -> None:
        self._ages[number] = self._ages[number] + 1 if self._raws[number] else 0
        if self._ages[number] >= row.every:
            self._raws[number] = self._ages[number] = 0

    def _went_off(self, number: int, row: Behaviour) -> bool:
        before, now = self._were_on[number], row.after is not None and self._raws[row.after] != 0
        self._were_on[number] = now
        return before and not now

    def _sample(self, number: int, row: Behaviour) -> None:
        if self._went_off(number, row):
            self._raws[number] = row.low + self._draw(row.high - row.low + 1)

    def _tally(self, number: int, row: Behaviour) -> None:
        if self._went_off(number, row):
            self._raws[number] = min(self._raws[number] + row.by[1], row.ceiling)

    def _crossed(self, row: Behaviour) -> bool:
        raw = 0 if row.of is None else self._raws[row.of]
        return raw < row.bound if row.less else raw > row.bound

    def _alarm(self, number: int, row: Behaviour) -> None:
        self._raws[number] = int(self._crossed(row))

    def _trip(self, number: int, row: Behaviour) -> None:
        if self._crossed(row):
            self._raws[number] = 0

    def _store(self, point: Point, raw: int | bytes) -> None:
        if isinstance(raw, int):
            self._raws[point.id] = raw
        else:
            self._binaries[point.id] = raw

    def _shown(self, point: Point) -> Value:
        raw = self._raws[point.id]
        if point.data_type == "binary":
            return self._binaries[point.id]
        if point.values:
            return point.values[raw]
        return point.scale.display(raw) if point.scale else raw == 1

    def _said(self, point: Point) -> str:
        raw = self._raws[point.id]
        if point.data_type == "binary":
            return self._binaries[point.id].hex().upper()
        if point.values:
            return f"{raw} ({point.values[raw]})"
        if not point.scale:
            return str(raw)
        ratio, addition = Decimal(repr(point.ratio)), Decimal(repr(point.addition))
        return f"{raw * ratio + addition:.{decimals((ratio, addition))}f}"


def decimals(numbers: Iterable[Decimal]) -> int:
    """Digits after the point that the most exact of some numbers has."""
    return max(max(0, -int(number.normalize().as_tuple().exponent)) for number in numbers)


_MOVES: dict[str, Callable[[Hardware, int, Behaviour], None]] = {
    "drift": Hardware._drift,
    "count": Hardware._count,
    "drain": Hardware._drain,
    "follow": Hardware._follow,
    "sample": Hardware._sample,
    "tally": Hardware._tally,
    "pulse": Hardware._pulse,
    "alarm": Hardware._alarm,
    "trip": Hardware._trip,
}
