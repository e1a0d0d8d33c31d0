"""What a broker repeats is told from what is new."""

from collections.abc import Sequence
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from relay_ground import NOW

from wxlink.relay.ingest.repeats import Content, Doubt, Repeats, Tail
from wxlink.relay.store import Kept, Report


def contents(*numbers: int) -> list[Content]:
    return [(0x91, number.to_bytes(2, "big")) for number in numbers]


@st.composite
def stories(draw: st.DrawFn) -> tuple[int, int, list[int], list[int]]:
    """So many stored, so many of them repeated, the order in which all arrive, and where batches end.

    Repetitions keep their order, new messages theirs; how they mix is drawn.
    """
    stored = draw(st.integers(0, 40))
    repeated = draw(st.integers(0, stored))
    mixed = draw(st.permutations([True] * repeated + [False] * draw(st.integers(0, 20))))
    old, new = iter(range(stored - repeated, stored)), iter(range(stored, stored + 100))
    order = [next(old) if is_old else next(new) for is_old in mixed]
    sizes = draw(st.lists(st.integers(1, 8), max_size=60))
    return stored, repeated, order, list(accumulate(sizes))


@given(stories())
@settings(max_examples=300, deadline=None)
def test_messages_that_differ_are_each_stored_once(story: tuple[int, int, list[int], list[int]]) -> None:
    stored, repeated, order, ends = story
    tail = Tail(contents(*range(stored)))
    judged: list[bool] = []
    for start, end in zip([0, *ends], [*ends, len(order)], strict=True):
        judged += tail.take(contents(*order[start:end]))
    assert judged == [number < stored for number in order]
    assert sum(judged) == repeated


@pytest.mark.parametrize(
    ("stored", "arrived", "repeated"),
    [
        ((1, 2, 1, 2), (1, 2), 2),  # it may be the last two, so it is
        ((7, 7, 7), (7, 7), 2),
        ((7, 7), (7, 7, 7), 2),  # one more than there are is new
        ((1, 2, 3), (3, 4), 1),
        ((1, 2, 3), (4, 5), 0),
        ((), (1,), 0),
    ],
)
def test_of_messages_that_are_alike_most_are_explained(
    stored: Sequence[int], arrived: Sequence[int], repeated: int
) -> None:
    assert sum(Tail(contents(*stored)).take(contents(*arrived))) == repeated


def test_a_repetition_that_comes_one_by_one_is_recognised_by_what_is_there_once() -> None:
    tail = Tail(contents(1, 2, 1))
    assert [tail.take(contents(number)) for number in (1, 2, 1, 1)] == [[True], [True], [True], [False]]


def test_a_device_that_goes_to_and_fro_loses_no_new_report() -> None:
    tail = Tail(contents(1, 2, 1, 2))
    assert tail.take(contents(1, 2)) == [True, True]
    assert tail.take(contents(1)) == [False]


async def test_a_repetition_that_spans_batches_is_followed_to_its_end() -> None:
    asked: list[str] = []

    async def history(did: str, _after: float, _until: float, _limit: int) -> list[Kept]:
        asked.append(did)
        return [Kept(NOW, cmd, p0) for cmd, p0 in reversed(contents(*range(10)))]

    repeats = Repeats(history)
    for start in (4, 6, 8):
        batch = [Report("d", NOW, cmd, p0, None) for cmd, p0 in contents(start, start + 1)]
        doubts = [Doubt(index, NOW) for index in range(2)]
        assert await repeats.stored_already(batch, doubts, resumed_at=NOW) == {0, 1}
    new = [Report("d", NOW, cmd, p0, None) for cmd, p0 in contents(10)]
    assert await repeats.stored_already(new, [Doubt(0, NOW)], resumed_at=NOW) == set()
    assert asked == ["d"]
