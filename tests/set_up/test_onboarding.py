"""Set-up by apps: GAgent's datagrams."""

import asyncio
import socket
from pathlib import Path

import pytest
from firmware_bench import MicroPython
from set_up_rig import ANSWER_WITHIN_S, Asker, SetUpMaker

TAKEN = bytes.fromhex("0000000303000002")
ANNOUNCE = """
import asyncio
from module import onboarding
class Settings:
    mac = "0200000000ab"
    product_key = "0123456789abcdef0123456789abcdef"
    did = None
asyncio.run(onboarding.announce(Settings(), %d, "127.0.0.1", 2))
"""


def network(ssid: bytes, key: bytes) -> bytes:
    """The datagram as apps make it."""
    body = len(ssid).to_bytes(2) + ssid + len(key).to_bytes(2) + key
    return b"\0\0\0\3" + bytes((len(body) + 3,)) + b"\0\0\1" + body


def flipped(datagram: bytes, at: int, bit: int) -> bytes:
    """It with one bit changed."""
    return datagram[:at] + bytes((datagram[at] ^ 1 << bit,)) + datagram[at + 1 :]


async def test_an_app_gives_the_network_and_is_answered_each_time(set_up: SetUpMaker, eventually):
    async with set_up(join_ms=300) as module:
        await eventually(module.is_open)
        app = Asker(module.apps)
        for _ in range(3):
            app.send(network("客厅 5楼".encode(), b"living-room"))
            assert await app.next() == TAKEN
        assert await eventually(lambda: module.told("stored")) == [
            {"stored": "'\\u5ba2\\u5385 5\\u697c'", "key": "'living-room'"}
        ]
        await eventually(lambda: module.told("ended"))
        assert len(module.told("tried")) == 1
        assert module.told("ended") == [{"ended": True}]


async def test_repeats_of_a_wrong_password_are_not_tried_again(set_up: SetUpMaker, eventually):
    async with set_up() as module:
        await eventually(module.is_open)
        app = Asker(module.apps)
        app.send(network(b"Home", b"wrong-key"))
        await eventually(lambda: module.said("wrong password"))
        for _ in range(5):
            app.send(network(b"Home", b"wrong-key"))
            assert await app.next() == TAKEN
        app.send(network(b"Home", b"home-key-1"))
        await eventually(lambda: module.told("stored"))
        assert len(module.told("tried")) == 2


async def test_a_network_with_a_name_in_gbk_is_joined_by_its_bytes(set_up: SetUpMaker, eventually):
    async with set_up() as module:
        await eventually(module.is_open)
        Asker(module.apps).send(network("办公室".encode("gbk"), b"office-key"))
        (stored,) = await eventually(lambda: module.told("stored"))
        assert stored["stored"] == repr("办公室".encode("gbk"))


async def test_what_is_no_such_datagram_is_not_answered(set_up: SetUpMaker, eventually, seeded):
    good = network(b"Home", b"home-key-1")
    bad = [
        b"",
        good[:-1],
        good + b"x",
        good[:7] + b"\3" + good[8:],  # discovery
        network(b"", b"home-key-1"),
        network(b"x" * 33, b"home-key-1"),
        network(b"Home", b"k" * 65),
        good[:9] + b"\x50" + good[10:],  # SSID longer than the datagram
        good[:4] + b"\xff\xff\xff\x7f" + good[5:],
        *(seeded.randbytes(seeded.randrange(1, 90)) for _ in range(100)),
        *(flipped(good, at, seeded.randrange(8)) for at in (0, 1, 2, 3, 4, 6, 7)),
    ]
    async with set_up() as module:
        await eventually(module.is_open)
        app = Asker(module.apps)
        for datagram in bad:
            app.send(datagram)
        app.send(network(b"Nowhere", b"some-key-1"))
        assert await app.next() == TAKEN
        await eventually(lambda: module.said("no such network"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(app.next(), 0.2)
        assert not module.said("Traceback")


async def test_apps_in_the_network_joined_are_told_who_has_come(tmp_path: Path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as app:
        app.setblocking(False)
        app.bind(("127.0.0.1", 0))
        program = tmp_path / "announce.py"
        program.write_text(ANNOUNCE % app.getsockname()[1])
        key = b"0123456789abcdef0123456789abcdef"
        body = b"\0\6\2\0\0\0\0\xab\0\x20" + key + b"\0\0"
        async with MicroPython(str(program)):
            for _ in range(2):
                loop = asyncio.get_running_loop()
                told = await asyncio.wait_for(loop.sock_recv(app, 200), ANSWER_WITHIN_S)
                assert told == b"\0\0\0\3" + bytes((len(body) + 3,)) + b"\0\0\x19" + body
