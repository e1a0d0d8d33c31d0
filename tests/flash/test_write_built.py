"""`wxlink flash write` that builds each chip's image itself: identity, ledger and flash belong together."""

import json
from pathlib import Path
from typing import Any

import nvs_reader
import pytest
import stand_in

from wxlink.cli import main
from wxlink.flash import app, boards, image
from wxlink.flash.ledger import Ledger

KEY = "6f3074fe43894547a4f1314bd7e3ae0b"
MACS = ("7cdfa1000001", "7cdfa1000002")


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command's words; a small application in place of the firmware, to save time."""
    small = app.assemble({"module/version.py": 'SOFTWARE = "02000000"\n'}, {"main.py": b"pass\n"})
    monkeypatch.setattr(app, "build", lambda: small)
    stock = tmp_path / "stock.bin"
    stock.write_bytes(stand_in.make("esp32c3", app_size=20_000).whole)
    return [
        *(
            "flash",
            "write",
            "esp32-c3-mini-1",
            "--firmware",
            str(stock),
            "--relay",
            "http://192.168.1.10:8080",
        ),
        *("--ledger", str(tmp_path / "units.db"), "--json"),
    ]


def test_two_blank_chips_become_two_units(
    words: list[str], chip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ports = [chip("esp32c3", mac=mac) for mac in MACS]
    for port in ports:
        port.flash.program(0x9000, bytes(0x6000))  # the identity of a life before
    given = [*words, "--product", KEY, *(word for port in ports for word in ("--port", port.tty))]
    assert main(given) == 0
    out, err = capsys.readouterr()
    assert [json.loads(line)["mac"] for line in out.splitlines()] == list(MACS)
    ledger = Ledger(tmp_path / "units.db")
    stock = Path(words[4]).read_bytes()
    board = boards.load("esp32-c3-mini-1")
    for port, mac in zip(ports, MACS, strict=True):
        unit = ledger.unit(mac)
        assert unit is not None
        assert unit.state == "written"
        partition = port.flash.read(board.nvs.offset, board.nvs.size)
        blobs = nvs_reader.read(partition)["wxlink"]
        assert blobs["passcode"] == unit.identity.passcode.encode()
        assert blobs["update_key"] == unit.identity.update_key
        assert port.flash.read(0x10000, 1000) == stock[0x10000:0x11000][:1000]
        for secret in (unit.identity.passcode, unit.identity.ap_password, unit.identity.update_key.hex()):
            assert secret not in out + err
    assert len({unit.identity.passcode for unit in ledger.units()}) == 2


def test_a_chip_that_the_ledger_does_not_know_needs_a_product(
    words: list[str], chip: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    port = chip("esp32c3", mac=MACS[0])
    assert main([*words, "--port", port.tty]) == 1
    record = json.loads(capsys.readouterr().out)
    assert record["step"] == "check the ledger"
    assert "give its --product" in record["todo"]
    assert port.flash.content.count(0xFF) == port.flash.size


def test_two_chips_of_one_address_at_one_station(
    words: list[str], chip: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    ports = [chip("esp32c3", mac=MACS[0]) for _ in range(2)]
    given = [*words, "--product", KEY, *(word for port in ports for word in ("--port", port.tty))]
    assert main(given) == 1
    assert sorted(json.loads(line)["ok"] for line in capsys.readouterr().out.splitlines()) == [False, True]
    assert sorted(port.flash.content.count(0xFF) == port.flash.size for port in ports) == [False, True]


def test_an_image_after_the_options_is_taken(words: list[str], chip: Any, tmp_path: Path) -> None:
    """People write it last."""
    ledger = Ledger(tmp_path / "units.db")
    identity = ledger.make(MACS[0], KEY)
    stock = stand_in.make("esp32c3", app_size=20_000)
    made = image.build(
        boards.load("esp32-c3-mini-1"), stock.whole, identity, {}, {"relay": "http://192.168.1.10:8080"}
    )
    path = tmp_path / "unit.bin"
    path.write_bytes(made.merged)
    port = chip("esp32c3", mac=MACS[0])
    assert main([*words, "--port", port.tty, str(path)]) == 0
    assert bytes(port.flash.content) == path.read_bytes()
