"""Two copies of the settings: the newer whole one counts, whatever happened to the other or to the power."""

import asyncio
import hashlib
import json
from pathlib import Path

import pytest
from firmware_bench import MicroPython
from test_firmware_settings import stored

from module.settings import Settings

POWER_CUTS = str(Path(__file__).with_name("settings_power_cuts.py"))
LEAST_CUTS = 4  # a change takes so many writes at least: data, commit, superblock pair


async def test_a_power_cut_at_any_write_loses_neither_identity_nor_network():
    async with MicroPython(POWER_CUTS, heap="4M") as program:
        assert await asyncio.wait_for(program.process.wait(), 30) == 0, "\n".join(program.lines)
    tried = json.loads(program.lines[-1])
    assert set(tried) == {"first_start", "registers", "joins", "moves", "changes_product", "is_reset"}
    assert min(tried.values()) >= LEAST_CUTS


@pytest.mark.parametrize("damage", [b"", b"{}", b"half", b"\xff" * 40])
def test_the_other_copy_counts_when_the_newer_one_is_damaged(tmp_path: Path, damage: bytes):
    first = stored(tmp_path)
    first.use_mac("aa")
    first.join("home", "first-key")
    newest = max(
        tmp_path.glob("settings.*"), key=lambda path: json.loads(path.read_text().split("\n")[0])["number"]
    )
    newest.write_bytes(damage)
    reports: list[str] = []
    second = stored(tmp_path, reports)
    assert (second.passcode, second.update_key) == (first.passcode, first.update_key)
    assert second.ssid is None
    assert len(reports) == 1
    assert "the other copy is used" in reports[0]
    second.join("home", "second-key")
    assert stored(tmp_path).key == "second-key"


def test_the_newer_copy_counts_whichever_file_it_is(tmp_path: Path):
    settings = stored(tmp_path)
    settings.use_mac("aa")
    for number in range(5):
        settings.join("home", f"key-number-{number}")
        assert stored(tmp_path).key == f"key-number-{number}"


def test_a_network_whose_name_is_no_utf_8_is_kept(tmp_path: Path):
    settings = stored(tmp_path)
    settings.use_mac("aa")
    settings.join(b"\xc4\xcf\xd6\xd0", "12345678")
    assert (stored(tmp_path).ssid, stored(tmp_path).key) == (b"\xc4\xcf\xd6\xd0", "12345678")


def test_the_file_of_an_earlier_version_is_taken_over_once(tmp_path: Path):
    line = '{"mac": "aa", "product_key": "k1", "passcode": "ABCDEFGHIJ", "did": "did1", "set_up": null}'
    digest = hashlib.sha256(line.encode()).hexdigest()
    (tmp_path / "identity.json").write_text(f"{line}\n{digest}\n")
    settings = stored(tmp_path)
    again = stored(tmp_path)
    for found in (settings, again):
        assert (found.mac, found.product_key, found.passcode, found.did) == ("aa", "k1", "ABCDEFGHIJ", "did1")
    assert settings.update_key == again.update_key
    assert not (tmp_path / "identity.json").exists()


def test_a_disk_that_is_full_is_reported_and_the_module_goes_on(tmp_path: Path):
    reports: list[str] = []
    settings = stored(tmp_path, reports)
    settings.use_mac("aa")
    (tmp_path / "settings.0").mkdir()
    settings.join("home", "key-to-lose")
    assert settings.key == "key-to-lose"
    assert len(reports) == 1
    assert "a restart loses what has changed" in reports[0]
    assert "key-to-lose" not in reports[0]


class Factory:
    """A port with factory data."""

    def __init__(self, **blobs: bytes) -> None:
        self.blobs = blobs

    def factory(self, name: str) -> bytes | None:
        return self.blobs.get(name)

    def entropy(self, count: int) -> bytes:
        return bytes(count)

    def private_folder(self, path: str) -> None:
        Path(path).mkdir(exist_ok=True)


def test_factory_data_is_the_first_identity_and_a_reset_draws_another_passcode(tmp_path: Path):
    port = Factory(
        passcode=b"KLMNOPQRST",
        did=b"did-of-the-factory-000",
        ap_password=b"set-up-pass",
        update_key=bytes(32),
    )
    settings = Settings(str(tmp_path), port, print)
    settings.use_mac("a4cf12000001")
    settings.use_product("k1")
    assert (settings.passcode, settings.did) == ("KLMNOPQRST", "did-of-the-factory-000")
    assert (settings.ap_password, settings.update_key) == ("set-up-pass", "00" * 32)
    settings.forget()
    after = Settings(str(tmp_path), port, print)
    assert after.passcode != "KLMNOPQRST"
    assert (after.did, after.product_key, after.ap_password) == (None, None, "set-up-pass")
    assert after.take_set_up()
    assert not after.take_set_up()
