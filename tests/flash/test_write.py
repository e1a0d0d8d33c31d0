"""`wxlink flash write` as a person at the bench runs it, at chips whose loader does what it is told to do."""

import errno
import fcntl
import json
import os
import pty
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import stand_in
from serial.tools.list_ports_common import ListPortInfo

from wxlink.bench.rom.flash import Flash
from wxlink.bench.rom.mishaps import Mishaps
from wxlink.bench.rom.port import RomPort
from wxlink.cli import main
from wxlink.flash import boards, image, ports
from wxlink.flash.esp import plan
from wxlink.flash.ledger import Ledger
from wxlink.flash.problem import FlashError
from wxlink.flash.trouble import from_open

KEY = "6f3074fe43894547a4f1314bd7e3ae0b"
BOARD = {"esp32": "esp32-devkitc", "esp32c3": "esp32-c3-mini-1"}
MACS = ("240ac4000010", "240ac4000011", "240ac4000012", "240ac4000013")
Run = Callable[..., "Ran"]


class House:
    """A bench with its ledger and the images of its units."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = Ledger(folder / "units.db")

    def image(self, mac: str = MACS[0], chip: str = "esp32", size: int = 20_000) -> Path:
        """The factory image of a unit; `size` bytes stand for MicroPython."""
        path = self.folder / f"{mac}.bin"
        if not path.exists():
            identity = self.ledger.make(mac, KEY)
            stock = stand_in.make(chip, app_size=size)
            config = {"relay": "http://192.168.1.10:8080"}
            made = image.build(
                boards.load(BOARD[chip]), stock.whole, identity, {"main.py": b"pass\n"}, config
            )
            path.write_bytes(made.merged)
        return path

    def command(self, *words: object, chip: str = "esp32") -> list[str]:
        ledger = ("--ledger", self.ledger.path)
        return ["flash", "write", *map(str, (BOARD[chip], *words, *ledger))]

    def program(self, *words: object) -> list[str]:
        return [sys.executable, "-m", "wxlink.cli", *self.command(*words)]

    def state(self, mac: str = MACS[0]) -> str:
        unit = self.ledger.unit(mac)
        assert unit is not None
        return unit.state

    def events(self, mac: str = MACS[0]) -> list[str]:
        return [event.event for event in self.ledger.history(mac)]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


class Ran(NamedTuple):
    """What a run printed, and how it ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(house: House, capsys: pytest.CaptureFixture[str]) -> Run:
    def write(*words: object, chip: str = "esp32") -> Ran:
        capsys.readouterr()
        return Ran(main(house.command(*words, chip=chip)), *capsys.readouterr())

    return write


def holds(port: RomPort, path: Path) -> bool:
    """Byte for byte, and nothing else."""
    return bytes(port.flash.content) == path.read_bytes()


def records(ran: "Ran") -> list[dict[str, Any]]:
    return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.mark.parametrize("stub", [False, True])
@pytest.mark.parametrize("kind", BOARD)
def test_the_flash_is_the_image_byte_for_byte(
    kind: str, stub: bool, house: House, chip: Any, run: Run
) -> None:
    port = chip(kind, mac=MACS[0], takes_stub=stub)
    for used in (0x5000, 0xA000, 0x123400, 0x3FF000):  # a chip that was something else before
        port.flash.program(used, bytes(3000))
    path = house.image(chip=kind)
    ran = run(path, "--port", port.tty, chip=kind)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert holds(port, path)
    assert "24:0a" not in ran.stdout
    assert f"{MACS[0]} written and verified" in ran.stdout
    assert house.state() == "written"
    again = run(path, "--port", port.tty, chip=kind)
    assert again.returncode == 1
    assert "was written before: give --again" in again.stdout
    assert run(path, "--port", port.tty, "--again", chip=kind).returncode == 0


CURED = {
    "refused blocks": (Mishaps(nak=range(3, 6)), 2),
    "a lost answer": (Mishaps(lose_answer=(7,)), 2),
    "lost bytes": (Mishaps(drop_bytes=(7, 8)), 1),
    "a wrong digest": (Mishaps(wrong_md5=(0,)), 2),
    "a wrong digest of a blank stretch": (Mishaps(wrong_md5=(1,)), 1),
    "a bad line": (Mishaps(clean_baud=115_200), 3),
    "unplugged": (Mishaps(unplug=(9,), unplugged_s=0.5), 2),
    "deaf at first": (Mishaps(deaf_syncs=2), 1),
}


@pytest.mark.parametrize("name", CURED)
def test_what_another_try_cures(name: str, house: House, chip: Any, run: Run) -> None:
    mishaps, tries = CURED[name]
    path = house.image()
    port = chip("esp32", mac=MACS[0], mishaps=mishaps)
    ran = run(path, "--port", port.tty, "--json", "--no-stub")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (record,) = records(ran)
    assert (record["ok"], record["mac"], record["tries"]) == (True, MACS[0], tries)
    assert holds(port, path)
    assert house.events() == ["made", "writing", "written"]
    assert port.bauds == [460_800, 230_400, 115_200][:tries]
    assert record["baud"] == port.bauds[-1]


FAILS: dict[str, tuple[dict[str, Any], str, str]] = {
    "another chip": ({"chip": "esp32c3"}, "check the chip", "this is an esp32c3"),
    "a small flash": ({"flash": Flash(2 << 20)}, "check the flash", "has 2 MB, and the image needs 4 MB"),
    "secure boot": ({"secure_boot": True}, "check the chip", "secure boot is on"),
    "flash encryption": ({"encryption": True}, "check the chip", "flash encryption is on"),
    "secure download": ({"chip": "esp32c3", "secure_download": True}, "check the chip", "secure download"),
    "another unit": ({"mac": "240ac40000ff"}, "check the image", f"is that of unit {MACS[0]}"),
    "a deaf chip": ({"mishaps": Mishaps(deaf_syncs=999)}, "connect", "hold BOOT"),
    "a bad flash": ({"mishaps": Mishaps(nak=range(999))}, "write 240", "Flash write error"),
}


@pytest.mark.parametrize("name", FAILS)
def test_what_fails_is_said_with_what_to_do(name: str, house: House, chip: Any, run: Run) -> None:
    given, step, says = FAILS[name]
    port = chip(**{"mac": MACS[0], **given})
    ran = run(house.image(), "--port", port.tty, "--json", "--no-stub", "--tries", 1)
    assert ran.returncode == 1
    (record,) = records(ran)
    assert not record["ok"]
    assert record["step"].startswith(step.split(" ")[0])
    assert says in f"{record['error']}: {record['todo']}"
    assert "Traceback" not in ran.stderr
    assert house.state() == "made"
    if step != "write 240":
        assert port.flash.content.count(0xFF) == port.flash.size


def test_a_stub_that_does_not_start_is_done_without(house: House, chip: Any, run: Run) -> None:
    path = house.image()
    port = chip("esp32", mac=MACS[0], takes_stub=True, mishaps=Mishaps(silent_stub=True))
    ran = run(path, "--port", port.tty, "--json")
    assert ran.returncode == 0, ran.stderr
    assert records(ran)[0]["tries"] == 2
    assert holds(port, path)


def test_another_board_at_the_port_gets_nothing(house: House, chip: Any, run: Run) -> None:
    path = house.image()
    port = chip("esp32", mac=MACS[0], mishaps=Mishaps(unplug=(9,), replaced_by=MACS[1]))
    ran = run(path, "--port", port.tty, "--no-stub")
    assert ran.returncode == 1
    assert f"another chip ({MACS[1]}) is at this port now; {MACS[0]} is half written" in ran.stdout
    assert port.blocks == 10
    assert house.events() == ["made", "writing", "write failed"]


def test_ports_that_cannot_be_opened(house: House, chip: Any, run: Run, tmp_path: Path) -> None:
    port, path = chip("esp32", mac=MACS[0]), house.image()
    missing = run(path, "--port", tmp_path / "ttyNONE")
    assert "there is no such port: plug the board in" in missing.stdout
    with open(port.tty, "r+b", buffering=0) as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        busy = run(path, "--port", port.tty)
    assert "another program uses the port: close the serial monitor" in busy.stdout
    file = tmp_path / "file"
    file.write_bytes(b"")
    assert "failed at «open the port»" in run(path, "--port", file).stdout
    assert (missing.returncode, busy.returncode) == (1, 1)
    for words in (
        (path,),
        (path, "--port", port.tty, "--port", port.tty),
        (tmp_path / "no.bin", "--port", port.tty),
    ):
        ran = run(*words)
        assert ran.returncode in (1, 2)
        assert len(ran.stderr.strip().splitlines()) == 1


def test_all_takes_the_usb_ports_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [ListPortInfo(name) for name in ("/dev/ttyUSB1", "/dev/ttyS0", "/dev/ttyACM0")]
    found[0].vid = found[2].vid = 0x303A
    monkeypatch.setattr(ports, "comports", lambda: found)
    assert ports.chosen([], every=True) == ["/dev/ttyACM0", "/dev/ttyUSB1"]
    monkeypatch.setattr(ports, "comports", list)
    with pytest.raises(FlashError, match="plug a board in with a data cable"):
        ports.chosen([], every=True)


def test_a_port_without_permission() -> None:
    """Root may open every port; so only the sentence is pinned."""
    said = str(from_open(PermissionError(errno.EACCES, "Permission denied", "/dev/ttyUSB0")))
    assert said.startswith("this user may not use the port: run `sudo usermod -aG dialout")


def test_four_ports_at_once_and_one_that_fails(house: House, chip: Any, run: Run, tmp_path: Path) -> None:
    """Every chip has its image; the images are one file for all that have no identity."""
    blank = tmp_path / "program.bin"
    blank.write_bytes(random.Random(4).randbytes(150_000))
    chips = [chip("esp32", mac=mac) for mac in MACS]
    chips[2].mishaps = Mishaps(nak=range(20, 999))
    words = [word for port in chips for word in ("--port", port.tty)]
    ran = run(blank, *words, "--json")
    assert ran.returncode == 1
    assert [record["ok"] for record in records(ran)] == [True, True, False, True]
    assert ran.stderr.splitlines()[-1] == "1 of 4 units are not written"
    for port in (chips[0], chips[1], chips[3]):
        assert port.flash.content[:150_000] == blank.read_bytes()


def test_two_runs_race_for_one_identity(house: House, chip: Any) -> None:
    """Two chips with one address, at two stations with one ledger: one of them gets the identity."""
    path = house.image(size=200_000)
    chips = [chip("esp32", mac=MACS[0]) for _ in range(2)]
    runs = [
        subprocess.Popen(house.program(path, "--port", port.tty, "--json"), stdout=subprocess.PIPE, text=True)
        for port in chips
    ]
    found = [json.loads(each.communicate(timeout=60)[0]) for each in runs]
    assert sorted(record["ok"] for record in found) == [False, True]
    (refused,) = [record for record in found if not record["ok"]]
    assert "is being written by another station" in refused["error"] or "written before" in refused["error"]
    assert sorted(holds(port, path) for port in chips) == [False, True]
    assert house.events().count("written") == 1


def _interruptible() -> None:
    """A shell lets its background jobs ignore Ctrl-C, and what they start would too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


async def test_an_interrupted_run_is_resumed(
    house: House, chip: Any, run: Run, eventually: Callable[..., Awaitable[object]]
) -> None:
    path = house.image(size=300_000)
    port = chip("esp32", mac=MACS[0], mishaps=Mishaps(slow=range(240, 999), slow_s=0.2))
    begun = subprocess.Popen(  # noqa: ASYNC220 - a fork, and the loop has nothing else to do
        house.program(path, "--port", port.tty),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_interruptible,  # noqa: PLW1509 - between fork and exec it only sets a signal
    )
    await eventually(lambda: port.blocks > 250)
    begun.send_signal(signal.SIGINT)
    out, err = begun.communicate(timeout=20)
    assert begun.returncode == 130
    assert "interrupted: run the same again: the unit keeps its identity" in out
    assert "Traceback" not in err
    assert house.state() == "made"
    assert house.events()[-1] == "write failed"
    assert not holds(port, path)
    await eventually(lambda: port.closed == 1)
    port.mishaps = Mishaps()
    before = port.blocks
    assert run(path, "--port", port.tty).returncode == 0
    assert holds(port, path)
    assert house.state() == "written"
    assert port.blocks - before < 330  # what was whole stayed


async def test_a_killed_run_holds_nothing(
    house: House, chip: Any, run: Run, eventually: Callable[..., Awaitable[object]]
) -> None:
    path = house.image()
    port = chip("esp32", mac=MACS[0], mishaps=Mishaps(slow=range(999), slow_s=0.1))
    begun = subprocess.Popen(  # noqa: ASYNC220 - as above
        house.program(path, "--port", port.tty), stdout=subprocess.DEVNULL
    )
    await eventually(lambda: port.blocks > 3)
    begun.kill()
    begun.wait(10)
    port.mishaps = Mishaps()
    assert run(path, "--port", port.tty).returncode == 0
    assert holds(port, path)


def test_an_identity_of_another_ledger_is_refused(house: House, chip: Any, run: Run, tmp_path: Path) -> None:
    path = house.image()
    house.ledger = Ledger(tmp_path / "other.db")
    ran = run(path, "--port", chip("esp32", mac=MACS[0]).tty)
    assert ran.returncode == 1
    assert "does not know: name the ledger it was made with by --ledger" in ran.stdout


def test_a_terminal_shows_a_bar_for_each_port(house: House, chip: Any) -> None:
    port = chip("esp32", mac=MACS[0], mishaps=Mishaps(slow=range(999), slow_s=0.01))
    master, slave = pty.openpty()
    ran = subprocess.Popen(
        house.program(house.image(), "--port", port.tty), stdout=slave, env={**os.environ, "COLUMNS": "100"}
    )
    os.close(slave)
    seen = b""
    reader = threading.Thread(target=ran.wait)
    reader.start()
    while True:
        try:
            seen += os.read(master, 4096)
        except OSError:
            break
    reader.join()
    os.close(master)
    shown = seen.decode()
    assert ran.returncode == 0
    assert "█" in shown
    assert "\x1b[1A" in shown
    assert "ttyROM  \x1b[32m240ac4000010 written and verified" in shown


def test_the_plan_covers_the_flash_once(seeded: random.Random) -> None:
    size = 8 << 20
    whole = bytearray(b"\xff") * size
    parts = []
    for begin in (0, 1 << 20, 5 << 20):
        runs = [seeded.randrange(1, 40) * 4096 for _ in range(12)]
        data = b"".join(seeded.choice((b"\xff" * run, seeded.randbytes(run))) for run in runs)[: 1 << 20]
        parts.append((begin, data, "part"))
        whole[begin : begin + len(data)] = data
    at = 0
    for piece in plan(parts, size):
        assert piece.offset == at
        content = bytes(whole[at : at + piece.size])
        assert content == (b"\xff" * piece.size if piece.data is None else piece.data)
        at += piece.size
    assert at == size
