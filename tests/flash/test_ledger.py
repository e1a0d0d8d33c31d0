"""One identity a unit, whoever asks and however many at once; nothing secret where it does not belong."""

import contextlib
import json
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from wxlink.flash.identity import PASSCODE_ALPHABET, PASSWORD_ALPHABET, Identity, parse_mac
from wxlink.flash.ledger import Ledger
from wxlink.flash.problem import FlashError

KEY = "6f3074fe43894547a4f1314bd7e3ae0b"
MAC = "246f28aabbcc"

MAKER = """
import sys
from pathlib import Path
from wxlink.flash.ledger import Ledger
sys.stdin.readline()
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    unit = Ledger(Path(sys.argv[1])).make(f"246f28{number:06x}", sys.argv[4])
    print(unit.mac, unit.passcode, unit.ap_password, unit.update_key.hex())
"""
WRITER = """
import sys
from pathlib import Path
from wxlink.flash.ledger import Ledger
from wxlink.flash.problem import FlashError
try:
    with Ledger(Path(sys.argv[1])).writing(sys.argv[2], "esp32-devkitc", "00010000"):
        print("holds", flush=True)
        sys.stdin.readline()
    print("written")
except FlashError as error:
    print("refused", error)
"""


@pytest.fixture
def book(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "units.sqlite")


def start(program: str, *words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_unit_keeps_its_identity(book: Ledger) -> None:
    first = book.make("24:6F:28:AA:BB:CC", KEY)
    assert first.mac == MAC
    assert first.ssid == "XPG-GAgent-BBCC"
    assert len(first.passcode) == 10
    assert set(first.passcode) <= set(PASSCODE_ALPHABET)
    assert PASSCODE_ALPHABET == "ABCDEFGHIJKLMNOPQRSTUVWXY"
    assert len(first.ap_password) == 12
    assert set(first.ap_password) <= set(PASSWORD_ALPHABET)
    assert not set(PASSWORD_ALPHABET) & set("0oO1iIlL2zZ5sS68bB")
    assert len(first.update_key) == 32
    assert Ledger(book.path).make(MAC, KEY) == first
    assert [unit.identity for unit in book.units()] == [first]


def test_the_ledger_is_for_its_owner_only(book: Ledger) -> None:
    assert stat.S_IMODE(book.path.stat().st_mode) == 0o600


def test_a_unit_stays_with_its_product(book: Ledger) -> None:
    book.make(MAC, KEY)
    with pytest.raises(FlashError, match=KEY):
        book.make(MAC, "1" * 32)


@pytest.mark.parametrize(
    "mac", ["", "24:6f:28:aa:bb", "256f28aabbcc", "000000000000", "24:6f:28:aa:bb:cg", "x"]
)
def test_what_is_no_chip_is_refused(book: Ledger, mac: str) -> None:
    with pytest.raises(FlashError):
        book.make(mac, KEY)
    assert not book.units()


@pytest.mark.parametrize("key", ["", "1" * 31, "g" * 32, "1" * 33])
def test_what_is_no_product_key_is_refused(book: Ledger, key: str) -> None:
    with pytest.raises(FlashError):
        book.make(MAC, key)


def test_many_processes_draw_each_unit_once(tmp_path: Path) -> None:
    path = tmp_path / "units.sqlite"
    ranges = [(0, 60), (30, 90), (0, 90), (60, 120)]  # every unit is asked for by two or three of them
    makers = [start(MAKER, path, low, high, KEY) for low, high in ranges]
    for maker in makers:
        assert maker.stdin is not None
        maker.stdin.write("\n")
        maker.stdin.flush()
    told: list[tuple[str, ...]] = []
    for maker in makers:
        output, _ = maker.communicate(timeout=60)
        assert maker.returncode == 0
        told += [tuple(line.split()) for line in output.splitlines()]
    assert len(told) == sum(high - low for low, high in ranges)
    units = set(told)  # what two processes were told of one unit is the same
    assert len(units) == 120
    for column in range(4):
        assert len({unit[column] for unit in units}) == 120
    assert len(Ledger(path).units()) == 120


def test_two_stations_never_write_one_unit(book: Ledger) -> None:
    book.make(MAC, KEY)
    one = start(WRITER, book.path, MAC)
    assert one.stdout is not None
    assert one.stdout.readline() == "holds\n"
    two = start(WRITER, book.path, MAC)
    output, _ = two.communicate(timeout=30)
    assert output.startswith("refused")
    assert str(one.pid) in output
    output, _ = one.communicate("\n", timeout=30)
    assert output == "written\n"
    three, _ = start(WRITER, book.path, MAC).communicate(timeout=30)
    assert three.startswith("refused")
    assert "--again" in three


def test_a_station_that_was_killed_holds_nothing(book: Ledger) -> None:
    book.make(MAC, KEY)
    one = start(WRITER, book.path, MAC)
    assert one.stdout is not None
    assert one.stdout.readline() == "holds\n"
    one.send_signal(signal.SIGKILL)
    one.wait(30)
    one.communicate()
    unit = book.unit(MAC)
    assert unit is not None
    assert unit.state == "made"
    with book.writing(MAC, "esp32-devkitc", "00010000") as identity:
        assert identity.mac == MAC


def test_the_life_of_a_unit(book: Ledger) -> None:
    book.make(MAC, KEY)
    with pytest.raises(FlashError, match="block 3"), book.writing(MAC, "esp32-devkitc", "00010000"):
        raise FlashError("block 3 was not taken: press BOOT")
    assert book.units()[0].state == "made"
    with book.writing(MAC, "esp32-devkitc", "00010000") as identity:
        assert book.make(MAC, KEY) == identity
    book.registered(MAC, "d" * 22)
    book.tested(MAC, "12 checks")
    unit = book.unit("24-6f-28-aa-bb-cc")
    assert unit is not None
    assert (unit.state, unit.board, unit.version) == ("tested", "esp32-devkitc", "00010000")
    assert unit.identity.did == "d" * 22
    with book.writing(MAC, "esp32-devkitc", "00010001", again=True):
        pass
    again = book.unit(MAC)
    assert again is not None
    assert (again.state, again.version) == ("written", "00010001")
    assert again.identity == unit.identity
    assert [one.event for one in book.history(MAC)] == [
        "made",
        "writing",
        "write failed",
        "writing",
        "written",
        "registered",
        "tested",
        "writing",
        "written",
    ]
    assert "press BOOT" in book.history(MAC)[2].detail


def test_one_did_is_one_unit(book: Ledger) -> None:
    book.make(MAC, KEY)
    book.make("246f28aabbcd", KEY)
    book.registered(MAC, "d" * 22)
    with pytest.raises(FlashError, match="another unit"):
        book.registered("246f28aabbcd", "d" * 22)
    with pytest.raises(FlashError, match="22"):
        book.registered("246f28aabbcd", "short")


def test_a_unit_that_is_not_there(book: Ledger) -> None:
    assert book.unit(MAC) is None
    with pytest.raises(FlashError, match="wxlink flash identity"), book.writing(MAC, "b", "v"):
        pass
    for call in (lambda: book.tested(MAC), lambda: book.registered(MAC, "d" * 22)):
        with pytest.raises(FlashError, match="not in"):
            call()


@pytest.mark.parametrize("content", [b"not a ledger at all, but a text of some length", b"\0" * 4096])
def test_a_file_that_is_no_ledger(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(FlashError, match="--ledger"):
        Ledger(path)
    assert path.read_bytes() == content


def test_a_ledger_of_a_later_version_is_left_alone(book: Ledger) -> None:
    with contextlib.closing(sqlite3.connect(book.path)) as db:
        db.execute("PRAGMA user_version = 9")
    with pytest.raises(FlashError, match="another version"):
        Ledger(book.path)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FlashError, match="--ledger"):
        Ledger(tmp_path / "file" / "units.sqlite")


def test_secrets_are_in_no_repr_and_no_error(book: Ledger) -> None:
    unit = book.make(MAC, KEY)
    told = [repr(unit), str(unit), repr(book.units()), json.dumps([str(one) for one in book.history(MAC)])]
    for call in (lambda: book.make(MAC, "1" * 32), lambda: book.registered(MAC, "x")):
        with pytest.raises(FlashError) as caught:
            call()
        told.append(str(caught.value))
    for secret in (unit.passcode, unit.ap_password, unit.update_key.hex(), repr(unit.update_key)):
        assert not any(secret in text for text in told)


def test_identities_are_drawn_evenly() -> None:
    drawn = [Identity.draw(MAC, KEY) for _ in range(500)]
    assert len({one.passcode for one in drawn}) == 500
    assert set("".join(one.passcode for one in drawn)) == set(PASSCODE_ALPHABET)
    assert set("".join(one.ap_password for one in drawn)) == set(PASSWORD_ALPHABET)


def test_spellings_of_one_mac() -> None:
    assert {parse_mac(text) for text in ("24:6F:28:AA:BB:CC", "24-6f-28-aa-bb-cc", " 246f28AABBCC\n")} == {
        MAC
    }
