"""The module's Wi-Fi on a radio with the traps of the real one; and the fakes are as strict as that."""

import ast
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from chip import AP_PASSWORD, HOME, HOME_KEY, SOURCES, Chip, access_point

HERE = Path(__file__).parent
PORT = HERE.parents[1] / "firmware" / "port"
TRY_MS = 8000
SCAN_S = 1
LEAST_TICKS = 10  # of about 100 in a scan; a loop that waits for the radio has one or two
NOT_THERE = "nowhere"


class Radio(Chip):
    """A chip that runs wifi_program.py."""

    async def ask(self, eventually, **order: object) -> list[dict[str, object]]:
        """Give an order; what was told until it was done."""
        (name,) = order
        begin = len(self.lines)
        self.type(json.dumps(order).encode() + b"\n")

        def told() -> list[dict[str, object]]:
            found = [json.loads(line) for line in self.lines[begin:] if line.startswith("{")]
            return found if any(row.get("done") == name for row in found) else []

        rows: list[dict[str, object]] = await eventually(told)
        return rows

    async def tries(self, eventually, ssid: str, key: str, milliseconds: int = TRY_MS) -> object:
        """The result of try_join()."""
        return next(
            row["tried"]
            for row in await self.ask(eventually, **{"try": [ssid, key, milliseconds]})
            if "tried" in row
        )

    async def state(self, eventually) -> dict[str, object]:
        """joined, failure, address, signal."""
        return next(row for row in await self.ask(eventually, state=True) if "joined" in row)


@pytest.fixture
async def radio(tmp_path: Path, eventually) -> AsyncIterator[Radio]:
    """A chip that is ready for orders."""
    async with Radio(tmp_path / "w", sources=(*SOURCES, HERE), program="wifi_program") as chip:
        await eventually(lambda: chip.said("ready"))
        yield chip


@pytest.mark.parametrize("reason", [2, 15, 202, 204])
async def test_each_of_the_radios_words_for_a_wrong_password_is_one(radio: Radio, reason: int, eventually):
    radio.air(access_point(reason=reason))
    assert await radio.tries(eventually, HOME, "not-the-key") == "wrong password"
    assert (await radio.state(eventually))["failure"] == "wrong password"
    assert await radio.tries(eventually, HOME, HOME_KEY) is None
    found = await radio.state(eventually)
    assert (found["joined"], found["failure"], found["address"]) == (True, None, "127.0.0.1")
    assert found["signal"] == 6


async def test_failures_have_their_names_and_an_old_one_is_not_taken_for_the_news(radio: Radio, eventually):
    """The reason of an earlier try stays in status(): the right network is joined all the same."""
    assert await radio.tries(eventually, NOT_THERE, "") == "no such network"
    assert await radio.tries(eventually, HOME, HOME_KEY) is None
    assert await radio.tries(eventually, NOT_THERE, "") == "no such network"
    radio.air(access_point(key=""))
    assert await radio.tries(eventually, HOME, "") is None


async def test_a_router_that_gives_no_address_is_named(radio: Radio, eventually):
    radio.air(access_point(dhcp=False))
    assert await radio.tries(eventually, HOME, HOME_KEY, 1000) == "no address"


async def test_a_scan_lists_each_name_once_strongest_first_beside_access_point_and_network(
    radio: Radio, eventually
):
    radio.world(scan_s=SCAN_S)
    radio.air(
        access_point("far", rssi=-90),
        access_point(rssi=-80),
        access_point(rssi=-50),
        access_point("open", key="", rssi=-60),
        access_point("secret", hidden=True),
        access_point("off", up=False),
    )
    expected = [[HOME, -50, True], ["open", -60, False], ["far", -90, True]]
    await radio.ask(eventually, open=["XPG-GAgent-0001", AP_PASSWORD])
    for _ in range(2):
        scanned, done = await radio.ask(eventually, scan=True)
        assert done["ticks"] > LEAST_TICKS, "the serial link is served while the radio scans"
        assert scanned["scanned"] == expected
        if not (await radio.state(eventually))["joined"]:
            assert await radio.tries(eventually, HOME, HOME_KEY) is None
    assert radio.open_network()["ssid"] == "XPG-GAgent-0001"
    assert (await radio.state(eventually))["joined"], "a scan does not end the connection"


async def test_a_try_goes_before_the_stored_network_which_comes_back_after_it(radio: Radio, eventually):
    radio.air(access_point("other", key="other-key"), access_point())
    await radio.ask(eventually, stored=[HOME, HOME_KEY])
    await radio.ask(eventually, want=True)
    await eventually(lambda: radio.said('"changed": true'))
    assert await radio.tries(eventually, "other", "bad-key-x") == "wrong password"
    await eventually(lambda: len(radio.said('"changed": true')) == 2)
    assert (await radio.state(eventually))["failure"] is None
    await radio.ask(eventually, stored=["other", "other-key"])
    await radio.ask(eventually, rejoin=True)
    await eventually(lambda: len(radio.said('"changed": true')) == 3)
    await radio.ask(eventually, want=False)
    assert not (await radio.state(eventually))["joined"]


REFUSED = {
    "scan without radio": "OSError: STA must be active",
    "config without radio": "OSError: Wifi Invalid Mode",
    "connect without radio": "OSError: Wifi Not Started",
    "connect twice": "OSError: Wifi Internal Error",
    "unknown config": "ValueError: unknown config param",
    "key of a station": "OSError: AP required",
    "short key": "OSError: Wifi Invalid Password",
    "UART 0": "ValueError: UART(0) is the console",
    "UART 3": "ValueError: UART(3) does not exist",
    "flash pin": "ValueError: invalid pin",
    "input pin": "ValueError: pin can only be input",
    "short watchdog": "ValueError: WDT timeout too short",
    "long key": "OSError: (-4361, 'ESP_ERR_NVS_KEY_TOO_LONG')",
    "no text in NVS": "AttributeError: 'NVS' object has no attribute 'set_str'",
    "missing": "OSError: (-4354, 'ESP_ERR_NVS_NOT_FOUND')",
    "not committed": "OSError: (-4354, 'ESP_ERR_NVS_NOT_FOUND')",
    "short buffer": "OSError: (-4364, 'ESP_ERR_NVS_INVALID_LENGTH')",
    "year": "done",
}
"""As MicroPython's source has it; stricter are the console's UART, and a commit() that is needed."""


async def test_the_simulated_chip_refuses_what_the_real_one_refuses(tmp_path: Path, eventually):
    async with Chip(tmp_path / "w", sources=(*SOURCES, HERE), program="strict_program") as chip:
        await eventually(lambda: chip.said("prompt"))
        rows = [json.loads(line) for line in chip.lines if line.startswith("{")]
    assert {row["name"]: row["result"] for row in rows} == REFUSED


def public_names(path: Path) -> set[str]:
    """What a port offers: functions, classes, and constants that the application reads."""
    names = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return {name for name in names if not name.startswith("_")}


def test_what_the_application_uses_of_a_port_every_port_has():
    application = HERE.parents[1] / "firmware" / "module"
    used = {
        node.attr
        for path in application.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and (
            (isinstance(node.value, ast.Name) and node.value.id == "port")
            or (isinstance(node.value, ast.Attribute) and node.value.attr in ("_port", "port"))
        )
    }
    assert len(used) > 10
    chip_alone = {"sleep_ms", "restart"}  # of program.run_chip()
    used.discard("isdigit")  # a text called port
    assert used - public_names(PORT / "unix.py") <= chip_alone
    assert used <= public_names(PORT / "esp32.py") | public_names(PORT / "esp32_seldom.py")
