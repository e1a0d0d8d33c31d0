"""What happens to devices and bindings, told at once to whoever watches in this process."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from wxlink.relay.store import Position
from wxproto.product import Product

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Reported:
    """A device sent business data and it is stored.

    cmd: 0x0091, 0x0093 or 0x0094; sn only with the last two. attrs: what the P0 says, complete for a
    fixed-length product, only what was present for a variable-length one; None when the P0 is no status
    (pass-through, hub). Values are those of `values.to_store`. envelope: the frame as it came.
    at: unix seconds. position: its place in a stream that several relays share.
    """

    did: str
    product: Product
    cmd: int
    sn: int | None
    attrs: Mapping[str, Any] | None
    p0: bytes
    envelope: bytes
    at: float
    position: Position | None = None


@dataclass(frozen=True, slots=True, eq=False)
class OnlineChanged:
    """A device came on-line or went off-line."""

    did: str
    mac: str
    passcode: str
    online: bool


@dataclass(frozen=True, slots=True, eq=False)
class Undecodable:
    """A device sent what its product does not describe; it is not stored. text: for a person."""

    did: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class BindingChanged:
    """A user's binding to a device began or ended."""

    uid: str
    did: str
    bound: bool


DeviceEvent: TypeAlias = Reported | OnlineChanged | Undecodable
Event: TypeAlias = DeviceEvent | BindingChanged
Unwatch: TypeAlias = Callable[[], None]
_E = TypeVar("_E")


class Bus:
    """Fan-out inside one process. Callbacks run at once in `publish`, in the order they began to watch.

    A callback must not block; one that raises is logged and the others still run. Not thread-safe.
    """

    def __init__(self) -> None:
        self._devices: dict[str, dict[object, Callable[[DeviceEvent], None]]] = {}
        self._users: dict[str, dict[object, Callable[[BindingChanged], None]]] = {}
        self._count_hooks: list[Callable[[str, int], None]] = []
        self._user_count_hooks: list[Callable[[str, int], None]] = []

    def watch(self, did: str, callback: Callable[[DeviceEvent], None]) -> Unwatch:
        """Call `callback` with each event of the device, until the returned function is called."""
        return self._add(self._devices, did, callback, self._count_hooks)

    def watch_user(self, uid: str, callback: Callable[[BindingChanged], None]) -> Unwatch:
        """Call `callback` with each binding event of the user, until the returned function is called."""
        return self._add(self._users, uid, callback, self._user_count_hooks)

    def watchers(self, did: str) -> int:
        """How many watch the device."""
        return len(self._devices.get(did, ()))

    def on_watchers(self, hook: Callable[[str, int], None]) -> None:
        """Call `hook(did, count)` whenever a device gets its first watcher or loses its last."""
        self._count_hooks.append(hook)

    def on_user_watchers(self, hook: Callable[[str, int], None]) -> None:
        """Call `hook(uid, count)` whenever a user gets the first watcher or loses the last."""
        self._user_count_hooks.append(hook)

    def publish(self, event: Event) -> None:
        """Tell everyone who watches the device (for BindingChanged: the user)."""
        if isinstance(event, BindingChanged):
            for user_callback in tuple(self._users.get(event.uid, {}).values()):
                _run(user_callback, event)
        else:
            for callback in tuple(self._devices.get(event.did, {}).values()):
                _run(callback, event)

    def _add(
        self,
        table: dict[str, dict[object, Callable[[_E], None]]],
        key: str,
        callback: Callable[[_E], None],
        hooks: list[Callable[[str, int], None]],
    ) -> Unwatch:
        entry = object()
        watching = table.setdefault(key, {})
        watching[entry] = callback
        if len(watching) == 1:
            _changed(hooks, key, 1)

        def unwatch() -> None:
            if watching.pop(entry, None) and not watching:
                del table[key]
                _changed(hooks, key, 0)

        return unwatch


def _changed(hooks: list[Callable[[str, int], None]], key: str, count: int) -> None:
    for hook in hooks:
        hook(key, count)


def _run(callback: Callable[[_E], None], event: _E) -> None:
    try:
        callback(event)
    except Exception:
        # One watcher's fault must not keep the event from the others.
        log.exception("a watcher failed on %s", type(event).__name__)
