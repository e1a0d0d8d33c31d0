"""Set-up over the console: the public client of Improv unchanged, and packets that are none."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
from firmware_bench import MICROPYPATH, MICROPYTHON
from set_up_rig import CONSOLE_PROGRAM, NETWORKS, ConsoleProcess

HERE = Path(__file__).parent
SDK = Path(sys.prefix) / "npm/node_modules/improv-wifi-serial-sdk/dist/serial.js"
WITHIN_S = 40


def packet(kind: int, data: bytes, version: int = 1) -> bytes:
    """As the description of the protocol has it."""
    whole = b"IMPROV" + bytes((version, kind, len(data))) + data
    return whole + bytes((sum(whole) & 0xFF,))


@pytest.mark.skipif(not SDK.is_file(), reason="no npm when .venv was made: tools/setup.sh test")
async def test_the_public_client_scans_and_gives_a_network():
    argv = ["node", "--no-warnings", "--loader", HERE / "improv_loader.mjs", HERE / "improv_client.mjs", SDK]
    order = json.dumps({"networks": NETWORKS})
    process = await asyncio.create_subprocess_exec(
        *argv,
        MICROPYTHON,
        CONSOLE_PROGRAM,
        order,
        stdout=PIPE,
        env={**os.environ, "MICROPYPATH": MICROPYPATH},
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), WITHIN_S)
    finally:
        if process.returncode is None:
            process.kill()
    told: dict[str, object] = {}
    for line in out.splitlines():
        told.update(json.loads(line))
    info = told.pop("info")
    assert isinstance(info, dict)
    assert (info["firmware"], info["name"]) == ("wxlink", "XPG-GAgent-00AB")
    networks = told.pop("networks")
    assert isinstance(networks, list)
    assert {"name": "客厅 5楼", "rssi": -60, "secured": True} in networks
    assert {"name": "Cafe", "rssi": -71, "secured": False} in networks
    ready, trying, joined = 2, 3, 4
    assert told == {
        "state": ready,
        "wrong": "UNABLE_TO_CONNECT",
        "absent": "UNABLE_TO_CONNECT",
        "right": "joined",
        "states": [ready, trying, ready, trying, ready, trying, joined, joined],
        "hostname": "UNKNOWN_RPC_COMMAND",
    }


@pytest.mark.parametrize("times", [1, 7])
async def test_packets_may_come_in_pieces_and_between_other_lines(times, eventually):
    sent = b"some noise\n" + packet(3, b"\2\0") + b"\n" + packet(3, b"\4\0") + b"\n"
    async with ConsoleProcess() as console:
        await eventually(lambda: console.told("ready"))
        for start in range(0, len(sent), len(sent) // times):
            console.type(sent[start : start + len(sent) // times])
            await asyncio.sleep(0)
        await eventually(lambda: console.said("IMPROV\1\1\1\2"))
        await eventually(lambda: console.told("scanned"))


async def test_a_bad_packet_is_answered_and_the_console_goes_on(eventually, seeded):
    bad = [
        packet(3, b"\4\0")[:-1] + b"\0",  # checksum
        packet(3, b"\1\x63"),  # length of the command
        packet(3, b"\1\x02\x09x"),  # length of the SSID
        packet(3, b"\1\x03\x01\xff\0"),  # no UTF-8
        packet(3, b"\1\x02\x00\x00"),  # no SSID
        packet(3, b"\1\x00"),
    ]
    silent = [packet(3, b"\2\0", version=2), packet(1, b"\2"), packet(4, b"\2\0"), packet(3, b"")]
    kinds = (b"\0", b"\3", b"\xff")
    noise = [
        b"IMPROV\1" + seeded.choice(kinds) + seeded.randbytes(29).replace(b"\3", b"\4")  # no Ctrl-C by chance
        for _ in range(20)
    ]
    async with ConsoleProcess() as console:
        await eventually(lambda: console.told("ready"))
        for number, piece in enumerate(bad, 1):
            console.type(piece + b"\n")
            await eventually(lambda number=number: len(console.said("IMPROV\1\2\1\1")) == number)
        console.type(packet(3, b"\x63\0") + b"\n")
        await eventually(lambda: console.said("IMPROV\1\2\1\2"))
        assert not console.told("scanned")
        for piece in silent + noise:
            console.type(piece + b"\n")
        console.type(b"IMPROV\1\3\xffthe rest never comes\n")
        await asyncio.sleep(0)

        def answered() -> bool:
            console.type(b"selftest\n")
            return bool(console.told("selftest"))

        await eventually(answered, every=0.3)
        assert not console.said("Traceback")
        assert not console.told("tried")
