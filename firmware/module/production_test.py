"""What the factory wants to know: production test (command 13 of the MCU) and the console's `selftest`."""

import asyncio
import gc
import json
import os

from micropython import const

from module import version
from module.console import say

_NAMES = (b"GIZWITS_TEST_1", b"GIZWITS_TEST_2")  # as for GAgent's modules; serial-link, 13
_KEY = "GIZWITS_TEST_PASS"
_LOOKS = const(10)  # scans of 3 s: the test network may be switched on last
_PAUSE_MS = const(500)
_JOIN_MS = const(20_000)
_CLOCK_MS = const(1100)  # a clock that runs has counted a second by then
_IDENTITY = ("passcode", "ap_password", "update_key")  # factory data that no two units share


async def run(wifi, _settings, _port, looks=_LOOKS):
    """Join a test network and say "pass" or "fail" on the console; True when it passed. Nothing is stored."""
    found = None
    for _ in range(looks):
        networks = [network for network in await _scan(wifi) if network[0] in _NAMES]
        if networks:
            found = networks[0]  # the strongest
            break
        await asyncio.sleep_ms(_PAUSE_MS)
    if found is None:
        say("production test", "fail: neither GIZWITS_TEST_1 nor GIZWITS_TEST_2 is heard; switch one on")
        return False
    name = found[0].decode()
    failure = await wifi.try_join(name, _KEY, _JOIN_MS)
    wifi.rejoin()
    result = "pass" if failure is None else "fail, " + failure
    say("production test", f"{result}: {name} at {found[1]} dBm")
    return failure is None


async def self_test(port, wifi, settings, *, link=None, production=False):
    """Print one JSON line, {"selftest": {...}}: what works, in a form that `wxlink flash test` judges.

    False is a failure; a unit that is sold tells no more than version, mac, identity and pass.
    """
    identity = all(port.factory(name) is not None for name in _IDENTITY)
    networks = await _scan(wifi) if wifi is not None else ()
    report = {"version": version.SOFTWARE, "mac": settings.mac, "identity": identity}
    if production:
        report["pass"] = identity and len(networks) > 0
    else:
        begun = port.utc_s()
        await asyncio.sleep_ms(_CLOCK_MS)
        gc.collect()
        space = os.statvfs("/")
        report["clock"] = port.utc_s() > begun
        report["reset"] = port.reset_cause()
        report["heap_free"] = gc.mem_free()
        report["flash_free"] = space[0] * space[3]
        report["uart"] = _line(link)
        report["networks"] = len(networks)
        if networks:
            report["rssi"] = networks[0][1]
    print(json.dumps({"selftest": report}))
    return report


def _line(link):
    """What is known of the serial line: an MCU that talks proves it."""
    if link is None:
        return "no line"
    if link.up:
        return "ok"
    counters = link.counters
    if counters.frames_in:
        return "the MCU fell silent"
    return "noise: is the speed right?" if counters.bad_bytes else "the MCU was never heard"


async def _scan(wifi):
    try:
        return await wifi.scan()
    except OSError as error:
        say("production test", f"the radio cannot scan: error {error.errno}")
        return ()
