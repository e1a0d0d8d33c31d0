"""The production test of command 13."""

import pytest
from firmware_bench import MicroPython
from set_up_rig import PRODUCTION_PROGRAM

ONE, TWO = b"GIZWITS_TEST_1".hex(), b"GIZWITS_TEST_2".hex()
KEY = "GIZWITS_TEST_PASS"
OTHER = [b"Home".hex(), -30, "home-key-1", None]

CASES = [
    ([OTHER, [TWO, -41, KEY, None], [ONE, -60, KEY, None]], True, "pass: GIZWITS_TEST_2 at -41 dBm"),
    ([[ONE, -60, KEY, None]], True, "pass: GIZWITS_TEST_1 at -60 dBm"),
    ([[ONE, -60, "another", None]], False, "fail, wrong password: GIZWITS_TEST_1 at -60 dBm"),
    ([[ONE, -60, KEY, "no address"]], False, "fail, no address: GIZWITS_TEST_1 at -60 dBm"),
    ([OTHER], False, "fail: neither GIZWITS_TEST_1 nor GIZWITS_TEST_2 is heard; switch one on"),
]


@pytest.mark.parametrize(("networks", "passed", "line"), CASES)
async def test_it_joins_the_stronger_test_network_and_says_how_it_went(networks, passed, line, eventually):
    async with MicroPython(str(PRODUCTION_PROGRAM)) as module:
        module.order(networks=networks)
        (told,) = await eventually(lambda: module.told("passed"))
        assert told == {"passed": passed}
        assert module.said(line)
        assert not module.told("stored")
        assert not module.said(KEY)
