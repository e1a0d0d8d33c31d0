"""What server push tells of each happening: the type of event and its JSON, without the delivery's number."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from wxlink.relay import values
from wxlink.relay.store.happenings import (
    Alerted,
    BindingBegan,
    BindingEnded,
    Cleared,
    Commanded,
    Connected,
    DefinitionChanged,
    Disconnected,
    Happening,
    Reported,
    Reset,
)
from wxlink.relay.store.products import Product
from wxproto.errors import PeerError
from wxproto.p0 import CONTROL, V_CONTROL

# What clients subscribe to (dotted) -> what is delivered (underscored).
EVENT_TYPES: Final[dict[str, str]] = {
    "device.online": "device_online",
    "device.offline": "device_offline",
    "device.status.raw": "device_status_raw",
    "device.status.kv": "device_status_kv",
    "device.attr_fault": "attr_fault",
    "device.attr_alert": "attr_alert",
    "datapoints.changed": "datapoints_changed",
    "device.bind": "device_bind",
    "device.unbind": "device_unbind",
    "device.reset": "device_reset",
    "device.app2dev.raw": "app2dev_raw",
    "device.app2dev.kv": "app2dev_kv",
    # Nothing of the relay's makes these yet; a client that wants them all may name them.
    "center_control.sub_device_added": "sub_device_added",
    "center_control.sub_device_deleted": "sub_device_deleted",
    "device.file.download": "device_file_download",
    "device.gps.kv": "device_gps_kv",
    "device.lbs.kv": "device_lbs_kv",
}

ALERTS: Final = {"fault": "device.attr_fault", "alert": "device.attr_alert"}  # kind of data point -> name
_CONTROLS: Final = (bytes((CONTROL,)), bytes((V_CONTROL,)))
_WITHOUT_USER: Final = frozenset({"enterprise_api", "gateway"})  # sources that have neither appid nor uid


class Subject(NamedTuple):
    """Whom an event is about; did and mac are None when it is a product."""

    product_key: str
    did: str | None = None
    mac: str | None = None


class Told(NamedTuple):
    """One event: the name it is subscribed by, and what only events of this type carry."""

    name: str
    fields: Mapping[str, Any]


class Facts(NamedTuple):
    """What must be known besides a happening. appids: uid -> appid. product: that of the device."""

    appids: Mapping[str, str | None]
    product: Product | None


Teller: TypeAlias = Callable[[Any, Facts], Iterator[Told]]


def tell(happening: Happening, facts: Facts) -> Iterator[Told]:
    """The events of a happening."""
    return _TELLERS[type(happening)](happening, facts)


def names(happening: Happening) -> tuple[str, ...]:
    """What a client must have subscribed to for hearing of it."""
    if isinstance(happening, Alerted | Cleared):
        return (ALERTS[happening.kind],)
    return _NAMES[type(happening)]


def body(told: Told, subject: Subject, at: float) -> str:
    """The event as JSON text, ASCII only; what is about a product has no did."""
    event: dict[str, Any] = {"event_type": EVENT_TYPES[told.name]}
    if "event_id" in told.fields:
        event["event_id"] = told.fields["event_id"]
    event["product_key"] = subject.product_key
    if subject.did is not None:
        event |= {"did": subject.did, "mac": subject.mac, "group_id": None}
    event |= {"created_at": at, **told.fields}
    return json.dumps(event, separators=(",", ":"))


def _reported(one: Reported, _facts: Facts) -> Iterator[Told]:
    yield Told("device.status.raw", {"data": _base64(one.p0)})
    if one.attrs:
        yield Told("device.status.kv", {"data": one.attrs})


def _connected(_one: Connected, _facts: Facts) -> Iterator[Told]:
    # Where a device is, the relay does not know; readers expect the fields.
    yield Told("device.online", {"ip": "", "country": "", "region": "", "city": ""})


def _disconnected(_one: Disconnected, _facts: Facts) -> Iterator[Told]:
    yield Told("device.offline", {})


def _bound(one: BindingBegan, facts: Facts) -> Iterator[Told]:
    yield Told("device.bind", {"app_id": facts.appids.get(one.uid), "uid": one.uid})


def _unbound(one: BindingEnded, facts: Facts) -> Iterator[Told]:
    yield Told("device.unbind", {"app_id": facts.appids.get(one.uid), "uid": one.uid})


def _reset(_one: Reset, _facts: Facts) -> Iterator[Told]:
    yield Told("device.reset", {})


def _commanded(one: Commanded, facts: Facts) -> Iterator[Told]:
    whose: dict[str, Any] = {"source": one.source}
    if one.source not in _WITHOUT_USER:
        whose |= {"appid": one.appid, "uid": one.uid}
    yield Told("device.app2dev.raw", {**whose, "data": _base64(one.p0)})
    if facts.product is not None and one.p0[:1] in _CONTROLS:
        try:
            attrs = facts.product.codec.decode_control(one.p0)
        except PeerError:
            return  # raw data that only looks like a control
        yield Told("device.app2dev.kv", {**whose, "data": values.to_store(facts.product.points, attrs)})


def _alerted(one: Alerted, _facts: Facts) -> Iterator[Told]:
    yield _alert(one, 1)


def _cleared(one: Cleared, _facts: Facts) -> Iterator[Told]:
    yield _alert(one, 0)


def _alert(one: Alerted | Cleared, value: int) -> Told:
    data = {"attr_name": one.point, "attr_displayname": one.display_name, "value": value}
    return Told(ALERTS[one.kind], {"event_id": one.event_id, "data": data})


def _redefined(_one: DefinitionChanged, _facts: Facts) -> Iterator[Told]:
    yield Told("datapoints.changed", {})


_TELLERS: Final[dict[type, Teller]] = {
    Reported: _reported,
    Connected: _connected,
    Disconnected: _disconnected,
    BindingBegan: _bound,
    BindingEnded: _unbound,
    Reset: _reset,
    Commanded: _commanded,
    Alerted: _alerted,
    Cleared: _cleared,
    DefinitionChanged: _redefined,
}

_NAMES: Final[dict[type, tuple[str, ...]]] = {
    Reported: ("device.status.raw", "device.status.kv"),
    Connected: ("device.online",),
    Disconnected: ("device.offline",),
    BindingBegan: ("device.bind",),
    BindingEnded: ("device.unbind",),
    Reset: ("device.reset",),
    Commanded: ("device.app2dev.raw", "device.app2dev.kv"),
    DefinitionChanged: ("datapoints.changed",),
}


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")
