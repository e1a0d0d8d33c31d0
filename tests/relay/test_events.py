"""The bus: who is told what, and who watches."""

import logging

import pytest

from wxlink.relay.events import BindingChanged, Bus, OnlineChanged

DID, OTHER = "Kq7mT2xW9bRf4LsVn8Zc3d", "Zz9yXx8wVv7uTt6sRr5qPp"


def online(did: str) -> OnlineChanged:
    return OnlineChanged(did, "a1b2c3d4e5f6", "GHTKLMWABQ", True)


def test_watchers_of_a_device_are_told_in_order_and_nobody_else() -> None:
    bus, seen = Bus(), []
    bus.watch(DID, lambda event: seen.append(("first", event)))
    bus.watch(DID, lambda event: seen.append(("second", event)))
    bus.watch(OTHER, lambda event: seen.append(("other", event)))
    event = online(DID)
    bus.publish(event)
    assert seen == [("first", event), ("second", event)]


def test_one_who_left_is_not_told_and_may_leave_twice() -> None:
    bus, seen = Bus(), []
    unwatch = bus.watch(DID, seen.append)
    unwatch()
    unwatch()
    bus.publish(online(DID))
    assert seen == []
    assert bus.watchers(DID) == 0


def test_one_who_leaves_while_being_told_disturbs_nobody() -> None:
    bus, seen = Bus(), []
    leave = [bus.watch(DID, lambda _event: leave[0]())]
    bus.watch(DID, seen.append)
    bus.publish(online(DID))
    assert len(seen) == 1
    assert bus.watchers(DID) == 1


def test_the_first_and_the_last_watcher_are_announced() -> None:
    bus, counts = Bus(), []
    bus.on_watchers(lambda did, count: counts.append((did, count)))
    first, second = bus.watch(DID, print), bus.watch(DID, print)
    first()
    assert counts == [(DID, 1)]
    second()
    bus.watch(DID, print)
    assert counts == [(DID, 1), (DID, 0), (DID, 1)]


def test_bindings_are_told_to_their_user() -> None:
    bus, seen = Bus(), []
    bus.watch_user("u" * 32, seen.append)
    bus.watch(DID, seen.append)
    mine, theirs = BindingChanged("u" * 32, DID, True), BindingChanged("v" * 32, DID, True)
    bus.publish(theirs)
    bus.publish(mine)
    assert seen == [mine]


def test_a_watcher_that_fails_is_logged_and_the_next_is_still_told(caplog: pytest.LogCaptureFixture) -> None:
    bus, seen = Bus(), []

    def fails(_event: object) -> None:
        raise RuntimeError("cannot")

    bus.watch(DID, fails)
    bus.watch(DID, seen.append)
    with caplog.at_level(logging.ERROR):
        bus.publish(online(DID))
    assert len(seen) == 1
    assert "a watcher failed on OnlineChanged" in caplog.text
