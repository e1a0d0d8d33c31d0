"""The worked frames of protocol/README.md: each function gives rows of (what they say, bytes)."""

import json
from collections.abc import Iterable
from pathlib import Path

from wxproto import (
    actions,
    big_data,
    commands,
    configuration,
    envelope,
    frame,
    module_info,
    sub_devices,
    transaction,
)
from wxproto.network_time import NetworkTime
from wxproto.p0 import Codec
from wxproto.product import Product

PRODUCTS = Path(__file__).resolve().parent / "products"
Rows = Iterable[tuple[str, bytes]]
MD5 = "0123456789abcdef0123456789abcdef"


def product(name: str) -> Product:
    """The product of an example file."""
    return Product.from_dict(json.loads((PRODUCTS / f"{name}.json").read_text(encoding="utf-8")))


def frames() -> Rows:
    return (
        ("the module asks for device information", frame.encode(commands.GET_DEVICE_INFO, 0)),
        ("heartbeat, sn 1", frame.encode(commands.HEARTBEAT, 1)),
        ("its ack", frame.encode(commands.HEARTBEAT_ACK, 1)),
        ("ack with sn FF, stuffed", frame.encode(commands.P0_UP_ACK, 0xFF)),
        ("report with checksum FF, stuffed", frame.encode(commands.P0_UP, 2, b"\x04\xed")),
        (
            "status: station, router, relay, level 6",
            frame.encode(
                commands.MODULE_STATUS,
                15,
                (
                    commands.STATUS_STATION
                    | commands.STATUS_ROUTER
                    | commands.STATUS_CLOUD
                    | 6 << commands.STATUS_SIGNAL_SHIFT
                ).to_bytes(2, "big"),
            ),
        ),
        (
            "the MCU did not understand the frame with sn 9",
            frame.encode(commands.MCU_NOTICE, 9, bytes((commands.ERROR_UNKNOWN_COMMAND,))),
        ),
    )


def fixed() -> Rows:
    codec = Codec(product("gokit"))
    control: dict[str, bool | int | str | float | bytes] = {
        "LED_OnOff": True,
        "LED_Color": "粉色",
        "LED_R": 17,
        "LED_G": 34,
        "LED_B": 51,
        "Motor_Speed": -2,
    }
    state = control | {"Infrared": True, "Temperature": 26, "Humidity": 55}
    for point in codec.product.points[9:]:
        state[point.name] = point.name in ("Alert_1", "Fault_LED", "Fault_IR")
    return (
        (
            "control: light on, pink, 17, 34, 51, motor -2",
            frame.encode(commands.P0_DOWN, 9, codec.encode_control(control)),
        ),
        ("its ack", frame.encode(commands.P0_DOWN_ACK, 9)),
        ("read", frame.encode(commands.P0_DOWN, 10, codec.encode_read())),
        (
            "read reply: also infrared, 26 degrees, 55 %, an alert, two faults",
            frame.encode(commands.P0_DOWN_ACK, 10, codec.encode_report(state, reply=True)),
        ),
        ("the same as a report", frame.encode(commands.P0_UP, 9, codec.encode_report(state))),
    )


def variable() -> Rows:
    codec = Codec(product("meter"))
    position: dict[str, bool | int | str | float | bytes] = {"HDOP": 1.5, "Sep": 300, "latitude": 31.2304}
    return (
        (
            "report of ids 0, 3, 4: Iock on, FS index 2, numSv 9",
            frame.encode(commands.P0_UP, 0, codec.encode_report({"Iock": True, "FS": 2, "numSv": 9})),
        ),
        (
            "report of ids 7, 8, 10, no bit group: HDOP 1.5, Sep 300, latitude 31.2304",
            frame.encode(commands.P0_UP, 1, codec.encode_report(position)),
        ),
        ("control: Iock on", frame.encode(commands.P0_DOWN, 5, codec.encode_control({"Iock": True}))),
        ("read of ids 4 and 7", frame.encode(commands.P0_DOWN, 6, codec.encode_read(["numSv", "HDOP"]))),
    )


def envelopes() -> Rows:
    return (
        ("control without answer", envelope.encode(envelope.NOTIFY, bytes.fromhex("010101"))),
        ("report", envelope.encode(envelope.REPORT, bytes.fromhex("04112F0A"))),
        ("read with sn 5", envelope.encode(envelope.REQUEST, b"\x02", 5)),
        ("its answer", envelope.encode(envelope.ANSWER, bytes.fromhex("03112F0A"), 5)),
        ("how many clients watch?", envelope.encode_service(envelope.CLIENT_COUNT_REQUEST)),
        ("one", envelope.encode_service(envelope.CLIENT_COUNT, b"\x00\x01")),
    )


def given_network() -> Rows:
    return (
        ("set-up by soft access point", frame.encode(commands.ENTER_CONFIGURATION, 2, b"\x01")),
        (
            "the MCU gives network and password",
            frame.encode(
                commands.ENTER_CONFIGURATION,
                34,
                configuration.Configuration(
                    configuration.GIVEN, ssid=b"HomeAP", password=b"secret123"
                ).encode(),
            ),
        ),
    )


def network_time() -> Rows:
    return (
        ("what time is it?", frame.encode(commands.GET_NETWORK_TIME, 23)),
        (
            "21 November 2017, 08:00:00 in China",
            frame.encode(commands.NETWORK_TIME, 23, NetworkTime.of(1511222400).encode()),
        ),
        ("nobody knows yet", frame.encode(commands.NETWORK_TIME, 24, NetworkTime().encode())),
    )


def module_information() -> Rows:
    module = module_info.WifiModule(
        protocol_version="00000004",
        hardware_version="00ESP32C",
        software_version="04020006",
        mac="A0B1C2D3E4F5",
        ip="192.168.1.20",
    )
    return (
        ("who are you?", frame.encode(commands.GET_MODULE_INFO, 12, module_info.encode_request())),
        ("a Wi-Fi module", frame.encode(commands.MODULE_INFO, 12, module.encode())),
    )


def transactions() -> Rows:
    check = transaction.Check(
        product_key="00112233445566778899aabbccddeeff",
        did=MD5,
        hardware_version="03010100",
        software_version="03030000",
        compare=True,
    )
    download = transaction.Download("http://relay.local/boards/7.bin")
    return (
        ("is there an update?", frame.encode(commands.TRANSACTION_REQUEST, 33, check.encode())),
        ("yes", frame.encode(commands.TRANSACTION_RESULT, 21, transaction.CheckResult(True).encode())),
        ("fetch this file", frame.encode(commands.TRANSACTION_REQUEST, 34, download.encode())),
        ("it is here", frame.encode(commands.TRANSACTION_RESULT, 23, transaction.DownloadResult(0).encode())),
    )


def big_data_transfer() -> Rows:
    ready = big_data.Ready(MD5, 128)
    line = big_data.Piece(2, 0, b":00000001FF\r\n", hex_lines=True, last=True)
    return (
        ("300 bytes", frame.encode(commands.DATA_ANNOUNCE, 19, big_data.Announce(300, MD5).encode())),
        ("ready for pieces of 128", frame.encode(commands.DATA_READY, 32, ready.encode())),
        (
            "the last of three pieces, FF and 55 in it",
            frame.encode(commands.DATA_PIECE, 4, big_data.Piece(3, 3, b"\xff\x55\x00").encode()),
        ),
        ("it is written", frame.encode(commands.DATA_PIECE_ACK, 4)),
        (
            "HEX: the second line is the last",
            frame.encode(commands.DATA_PIECE, 43, line.encode(), line.flags),
        ),
        ("the sender cancels", frame.encode(commands.DATA_SENDER_CANCEL, 20)),
        ("the receiver cancels", frame.encode(commands.DATA_RECEIVER_CANCEL, 35)),
    )


def devices_behind() -> Rows:
    control = sub_devices.encode_address(b"did1", bytes((actions.CONTROL, 1, 1)))
    online = [sub_devices.Online(b"did1", True), sub_devices.Online(b"did2", False)]
    up = [sub_devices.Entry(b"did1", bytes((actions.REPORT, 0xFF)))]
    return (
        (
            "control of did1, by the flag",
            frame.encode(commands.P0_DOWN, 50, control, commands.SUB_DEVICE),
        ),
        (
            "its ack",
            frame.encode(
                commands.P0_DOWN_ACK, 50, sub_devices.encode_address(b"did1", b""), commands.SUB_DEVICE
            ),
        ),
        ("did1 came, did2 went", frame.encode(commands.P0_UP, 53, sub_devices.encode_online(online))),
        (
            "report of did1 in a list",
            frame.encode(commands.P0_UP, 55, sub_devices.encode_list(actions.SUB_DEVICES_UP, up)),
        ),
    )


EXAMPLES = {
    "big_data_examples": big_data_transfer,
    "configuration_examples": given_network,
    "envelope_examples": envelopes,
    "fixed_examples": fixed,
    "frame_examples": frames,
    "module_info_examples": module_information,
    "network_time_examples": network_time,
    "sub_device_examples": devices_behind,
    "transaction_examples": transactions,
    "variable_examples": variable,
}
"""Name of the part in the book -> its rows."""
