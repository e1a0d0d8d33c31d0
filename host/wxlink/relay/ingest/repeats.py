"""Which of the messages that a broker sends again are stored already.

A broker repeats what was not acknowledged, and an acknowledgement may be lost after the commit. Equal content
alone proves nothing: a device may well report the same twice. But acknowledgements are lost from some point
on, so what is both stored and repeated are the last stored messages of a device, repeated first and in order.
Where that is ambiguous the latest state comes out the same.
"""

from collections.abc import Awaitable, Callable, Sequence

from wxlink.relay.store import Kept, Report

LOOK_BACK_S = 60.0  # as the store's own window for repetitions

History = Callable[[str, float, float, int], Awaitable[Sequence[Kept]]]


async def find(reports: Sequence[Report], suspect: Sequence[bool], history: History) -> list[bool]:
    """For each report whether it is stored already; only suspects can be.

    history: (did, after, until, limit) -> its reports, the newest first.
    """
    known = [False] * len(reports)
    by_device: dict[str, list[int]] = {}
    for index, report in enumerate(reports):
        if suspect[index]:
            by_device.setdefault(report.did, []).append(index)
    for did, indexes in by_device.items():
        first = reports[indexes[0]]
        stored = await history(did, first.at - LOOK_BACK_S, first.at, len(indexes))
        stored_contents = [(kept.cmd, kept.p0) for kept in reversed(stored)]
        repeated_contents = [(reports[index].cmd, reports[index].p0) for index in indexes]
        for index in indexes[: overlap(stored_contents, repeated_contents)]:
            known[index] = True
    return known


def overlap(stored: Sequence[object], repeated: Sequence[object]) -> int:
    """The largest n for which the last n of `stored` are the first n of `repeated`."""
    for count in range(min(len(stored), len(repeated)), 0, -1):
        if list(stored[-count:]) == list(repeated[:count]):
            return count
    return 0
