"""`wxlink flash test`: what a module answers to `selftest`, judged and kept in the ledger."""

import contextlib
import errno
import json
import os
import select
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from wxlink.cli import main
from wxlink.flash.ledger import Ledger
from wxlink.flash.self_test import judge

MAC = "240ac4000010"
GOOD = {
    "version": "02000000",
    "mac": MAC,
    "identity": True,
    "clock": True,
    "reset": "power on",
    "heap_free": 60_000,
    "flash_free": 1_500_000,
    "uart": "ok",
    "networks": 4,
    "rssi": -52,
}
SOLD = {"version": "02000000", "mac": MAC, "identity": True, "pass": True}
NOISE = b'online: since 12 s\n\xff\x00 garbage\n{"selftest": {"cut\n'


@contextlib.contextmanager
def module(answer: bytes, *, deaf: int = 0, noise: bytes = NOISE) -> Iterator[str]:
    """A console that prints noise and answers each `selftest` but the first `deaf`; its tty."""
    master, slave = os.openpty()
    tty.setraw(slave)
    stopping = threading.Event()

    def serve() -> None:
        heard, asked = b"", 0
        while not stopping.is_set():
            if not select.select([master], [], [], 0.05)[0]:
                continue
            try:
                heard += os.read(master, 100)
            except OSError as error:
                assert error.errno == errno.EIO  # noqa: PT017 - a line that nobody has open
                continue
            while b"\n" in heard:
                line, heard = heard.split(b"\n", 1)
                asked += line.endswith(b"selftest")
                if asked > deaf:
                    os.write(master, noise + answer)

    server = threading.Thread(target=serve)
    server.start()
    try:
        yield os.ttyname(slave)
    finally:
        stopping.set()
        server.join()
        os.close(master)
        os.close(slave)


def line(report: object) -> bytes:
    return json.dumps({"selftest": report}).encode() + b"\r\n"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = Ledger(tmp_path / "units.db")
    made.make(MAC, "6f3074fe43894547a4f1314bd7e3ae0b")
    return made


@pytest.fixture
def run(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict[str, Any], str]]:
    def test(port: str, *words: str) -> tuple[int, dict[str, Any], str]:
        capsys.readouterr()
        status = main(["flash", "test", "--port", port, "--json", "--ledger", str(ledger.path), *words])
        out, err = capsys.readouterr()
        return status, json.loads(out), err

    return test


@pytest.mark.parametrize("report", [GOOD, SOLD])
def test_a_good_module_is_tested(report: dict[str, Any], run: Any, ledger: Ledger) -> None:
    with module(line(report), deaf=1) as port:
        status, told, _ = run(port)
    assert (status, told["ok"], told["failures"]) == (0, True, [])
    unit = ledger.unit(MAC)
    assert unit is not None
    assert unit.state == "tested"
    assert json.loads(ledger.history(MAC)[-1].detail) == report


def test_a_bad_module_is_noted_and_stays_untested(run: Any, ledger: Ledger) -> None:
    with module(line({**GOOD, "identity": False, "rssi": -91})) as port:
        status, told, err = run(port)
    assert status == 1
    assert told["failures"] == [
        "identity: the factory data are missing or damaged: write the module anew",
        "rssi is -91, right is -80 to 0: the strongest network is weak: check the antenna and its connector",
    ]
    assert "the strongest network is weak" in err
    unit = ledger.unit(MAC)
    assert unit is not None
    assert unit.state == "made"
    assert ledger.history(MAC)[-1].event == "test failed"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"networks": 0}, "networks is 0, right is 1 to: no network is heard: check the antenna"),
        ({"heap_free": 4000}, "too little memory is free"),
        ({"flash_free": "much"}, "flash_free: much is no number"),
        ({"clock": False}, "clock: the clock stands still"),
        ({"uart": "the MCU was never heard"}, "uart: the MCU was never heard: check TX, RX"),
        ({"uart": "no line"}, None),
        ({"pass": False}, "pass: no network is heard"),
        ({"later": False}, "later: failed"),
        ({"later": "than this tool"}, None),
        ({"rssi": True}, "rssi: True is no number"),
    ],
)
def test_each_limit(change: dict[str, Any], says: str | None) -> None:
    found = judge({**GOOD, **change})
    assert len(found) == (says is not None)
    assert says is None or says in found[0]


def test_without_an_mcu_the_line_is_not_judged() -> None:
    assert judge({**GOOD, "uart": "the MCU was never heard"}, mcu=False) == []


def test_a_report_that_tells_nothing_is_no_pass() -> None:
    assert judge({"version": "02000000"}) == [
        "the report tells nothing that was tested: bring the module's software up to date"
    ]


@pytest.mark.parametrize(
    ("answer", "noise", "says"),
    [
        (b"", b"", "the module says nothing: press RESET"),
        (b"what?\n", b"", "does not answer `selftest`: is wxlink's firmware on it?"),
        (b"x" * 6000, b"", "the console talks without end"),
        (line({"mac": "not a mac", "identity": True}), b"", "is no MAC address"),
        (line({**GOOD, "mac": "240ac4000099"}), b"", "unit 240ac4000099 is not in"),
    ],
)
def test_what_goes_wrong_is_said(answer: bytes, noise: bytes, says: str, run: Any) -> None:
    with module(answer, noise=noise) as port:
        status, told, err = run(port, "--within", "1.5")
    assert status == 1
    assert says in "; ".join(told["failures"])
    assert "Traceback" not in err


def test_the_passcode_is_nowhere(run: Any, ledger: Ledger) -> None:
    unit = ledger.unit(MAC)
    assert unit is not None
    with module(line(GOOD)) as port:
        _, told, err = run(port)
    for secret in (unit.identity.passcode, unit.identity.ap_password, unit.identity.update_key.hex()):
        assert secret not in json.dumps(told) + err
