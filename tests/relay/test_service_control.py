"""Users control their devices; what reaches the wire is decoded by the codec of the MCU's side."""

import asyncio
from typing import Any

import pytest
from relay_ground import APPID, NOW, PASSCODE, PRODUCT_KEY, Wire, lamp

from wxlink.relay.downlink import Asks
from wxlink.relay.errors import ApiError
from wxlink.relay.service import Service
from wxlink.relay.store import Report
from wxproto import envelope

CODEC = lamp().codec


def refused(code: int, detail: str = "") -> "pytest.RaisesExc[ApiError]":
    return pytest.raises(ApiError, match=f"^{code} .*{detail}")


@pytest.fixture
async def lit(service: Service, uid: str, did: str) -> str:
    """The did of a device that is bound to the user and on-line."""
    await service.bind_by_passcode(uid, did, PASSCODE)
    await service.store.devices.set_presence(did, True, "11111111", NOW)
    return did


async def test_data_points_become_a_p0_control(service: Service, uid: str, lit: str, wire: Wire) -> None:
    await service.control(uid, lit, {"LED_OnOff": 1, "Colour": 2, "LED_R": 254, "binary": "1234"})
    assert [CODEC.decode_control(p0) for p0 in wire.p0s(lit)] == [
        {"LED_OnOff": True, "Colour": "紫色", "LED_R": 254, "binary": b"\x12\x34\0\0\0"}
    ]


async def test_a_read_asks_the_device(service: Service, uid: str, lit: str, wire: Wire) -> None:
    await service.read(uid, lit)
    assert [CODEC.decode_read(p0) for p0 in wire.p0s(lit)] == [[point.name for point in lamp().points.points]]


async def test_names_in_a_read_count_for_variable_length_products_only(
    service: Service, uid: str, lit: str, wire: Wire
) -> None:
    await service.read(uid, lit, ["Nothing"])
    assert wire.p0s(lit) == [b"\x02"]
    await service.store.products.put(lamp(form="var_len"))
    with refused(9025, "Nothing"):
        await service.read(uid, lit, ["Nothing"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Nothing", 1),
        ("LED_OnOff", "on"),
        ("Colour", "绿色"),
        ("Temperature", 20),
        ("LED_R", None),
        ("binary", "001122334455"),
    ],
)
async def test_values_that_do_not_fit_are_refused_by_name(
    service: Service, uid: str, lit: str, name: str, value: Any
) -> None:
    with refused(9025, name):
        await service.control(uid, lit, {"LED_OnOff": 1, name: value})


async def test_a_control_without_data_points_is_refused(service: Service, uid: str, lit: str) -> None:
    with refused(9015, "at least one"):
        await service.control(uid, lit, {})


@pytest.mark.parametrize("number", [10**400, -(10**400), 1e308, 255, -1])
async def test_a_number_beyond_the_limits_becomes_the_nearest_one(
    service: Service, uid: str, lit: str, wire: Wire, number: float
) -> None:
    await service.control(uid, lit, {"LED_R": number})
    assert CODEC.decode_control(wire.p0s(lit)[0])["LED_R"] == (0 if number < 0 else 254)


async def test_who_may_not_control(service: Service, uid: str, lit: str, wire: Wire) -> None:
    stranger = (await service.anonymous_user(APPID, "stranger")).uid
    for call in (
        service.control(stranger, lit, {"LED_OnOff": 1}),
        service.read(stranger, lit),
        service.raw(stranger, lit, b"\x01"),
    ):
        with refused(9017):
            await call
    with refused(9014):
        await service.control(uid, "nobody", {"LED_OnOff": 1})
    await service.unbind(uid, lit)
    with refused(9017):
        await service.control(uid, lit, {"LED_OnOff": 1})
    assert wire.messages == []


async def test_a_device_that_cannot_hear(service: Service, uid: str, lit: str, wire: Wire) -> None:
    wire.down = True
    with refused(9021):
        await service.control(uid, lit, {"LED_OnOff": 1})
    wire.down = False
    await service.store.devices.set_disabled(lit, True)
    with refused(9023):
        await service.control(uid, lit, {"LED_OnOff": 1})
    await service.store.devices.set_disabled(lit, False)
    await service.store.devices.set_presence(lit, False, "11111111", NOW)
    for call in (
        service.control(uid, lit, {"LED_OnOff": 1}),
        service.read(uid, lit),
        service.raw(uid, lit, b"\x02"),
        service.start_read(uid, lit),
    ):
        with refused(9042):
            await call
    assert wire.messages == []


async def test_raw_bytes_go_bare_or_out_of_their_envelope(
    service: Service, uid: str, lit: str, wire: Wire, asks: Asks
) -> None:
    assert await service.raw(uid, lit, b"\x01\x10\x1e") is None
    assert await service.raw(uid, lit, bytes([0, 0, 0, 3, 6, 0, 0, 0x90, 1, 0x10, 0x1E])) is None
    assert wire.p0s(lit) == [b"\x01\x10\x1e", b"\x01\x10\x1e"]
    answer = await service.raw(uid, lit, envelope.encode(envelope.REQUEST, b"\x02", 77))
    assert answer is not None
    client_id, sent = wire.last()
    assert (sent.cmd, sent.p0) == (envelope.REQUEST, b"\x02")
    assert sent.sn is not None
    assert asks.answered(lit, client_id, sent.sn, b"\x03\x01")
    assert await answer == b"\x03\x01"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0\x03",
        b"\0\0\0\x03\x03\0\0\x90",
        envelope.encode(envelope.REPORT, b"\x04"),
        envelope.encode(envelope.ANSWER, b"\x04", 1),
        b"\0\0\0\x03\x09\0\0\x90\x01",
        b"\x01" * 20_000,
    ],
)
async def test_raw_bytes_that_are_none(service: Service, uid: str, lit: str, wire: Wire, data: bytes) -> None:
    with refused(9015):
        await service.raw(uid, lit, data)
    assert wire.messages == []


async def test_an_answer_can_be_waited_for(
    service: Service, uid: str, lit: str, wire: Wire, asks: Asks
) -> None:
    answer = await service.start_control(uid, lit, {"LED_R": 5})
    client_id, sent = wire.last()
    assert (sent.cmd, CODEC.decode_control(sent.p0)) == (envelope.REQUEST, {"LED_R": 5})
    assert sent.sn is not None
    assert asks.answered(lit, client_id, sent.sn, b"")
    assert await asyncio.wait_for(answer, 1) == b""


async def test_the_latest_state_stays_after_the_device_has_left(service: Service, uid: str, lit: str) -> None:
    assert (await service.latest(uid, lit)).state.updated_at == 0
    await service.store.states.apply([Report(lit, NOW, 0x91, b"\x04", {"LED_R": 3})])
    await service.store.devices.set_presence(lit, False, "11111111", NOW)
    latest = await service.latest(uid, lit)
    assert (latest.state.updated_at, latest.state.attrs) == (NOW, {"LED_R": 3})
    assert not latest.owned.device.online


async def test_a_definition_is_completed_for_its_readers(service: Service) -> None:
    shown = await service.datapoint(PRODUCT_KEY)
    assert shown == lamp().definition | {
        "packetVersion": "0x00000004",
        "ui": {"object": {"version": 4, "showEditButton": False}, "sections": []},
    }
    with refused(9002):
        await service.datapoint("f" * 32)
