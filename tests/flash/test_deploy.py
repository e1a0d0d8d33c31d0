"""`wxlink flash deploy` at a MicroPython that runs a program on a pty; littlefs reads its flash back."""

import contextlib
import importlib.util
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import littlefs
import pytest
import serial
from board_tty import on_a_tty

from wxlink.cli import main
from wxlink.flash import app, deploy, prompt

HERE = Path(__file__).parent
VERSION = 'SOFTWARE = "%s"\n'
LAMP = "def level():\n    return %d\n"
MAIN = b"""import time
from module.lamp import level
while True:
    print("level", level())
    time.sleep(0.1)
"""
ROOT = {"boot.py": b"# chooses\n", "main.py": b"from module.lamp import level\n"}


def application(version: str = "02000000", **more: str) -> app.Application:
    sources = {
        "module/version.py": VERSION % version,
        "module/lamp.py": LAMP % 1,
        "port/esp32.py": LAMP % 2,
    }
    return app.assemble({**sources, **more}, ROOT)


class Board:
    """A board in a folder: `tty` to talk to it, and what its flash and NVS hold."""

    def __init__(self, folder: Path, files: dict[str, bytes], nvs: dict[str, Any], blocks: int = 128) -> None:
        self.folder = folder
        fs = littlefs.LittleFS(block_size=4096, block_count=blocks)
        for path, data in files.items():
            fs.makedirs(str(Path(path).parent), exist_ok=True)
            with fs.open(path, "wb") as file:
                file.write(data)
        (folder / "disk").write_bytes(fs.context.buffer)
        (folder / "nvs.json").write_text(json.dumps(nvs))

    def running(self, kind: str = "runs") -> contextlib.AbstractContextManager[str]:
        """The program runs; gives the tty."""
        words = ("-i", HERE / "prompt_board.py", self.folder, kind)
        return on_a_tty(*words, ready=b"the program runs", deaf=kind == "shut")

    @property
    def files(self) -> dict[str, bytes]:
        fs = littlefs.LittleFS(block_size=4096, block_count=128, mount=False)
        fs.context.buffer = bytearray((self.folder / "disk").read_bytes())
        fs.mount()
        found = {}
        for folder, _, names in fs.walk("/"):
            for name in names:
                path = f"{folder.rstrip('/')}/{name}"
                with fs.open(path, "rb") as file:
                    found[path.lstrip("/")] = file.read()
        return found

    @property
    def word(self) -> int | None:
        word: int | None = json.loads((self.folder / "nvs.json").read_text()).get("wxslot", {}).get("state")
        return word

    @property
    def resets(self) -> int:
        path = self.folder / "resets"
        return len(path.read_text()) if path.exists() else 0


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Board]:
    def board(files: dict[str, bytes] | None = None, nvs: dict[str, Any] | None = None, **more: Any) -> Board:
        return Board(tmp_path, files or {}, nvs or {}, **more)

    return board


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, dict[str, Any]]]:
    def deploy_to(port: str, made: app.Application, *words: str) -> tuple[int, dict[str, Any]]:
        monkeypatch.setattr(deploy.app, "build", lambda: made)
        capsys.readouterr()
        status = main(["flash", "deploy", "--port", port, "--json", *words])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return status, json.loads(out)

    return deploy_to


def in_slot(made: app.Application, slot: str) -> dict[str, bytes]:
    return {path: data for path, data in made.files(slot).items() if path not in made.root}


async def test_the_other_slot_is_filled_and_put_on_trial(
    make: Any, run: Any, eventually: Callable[..., Awaitable[object]]
) -> None:
    old = application("01000000")
    board = make({**old.files("a"), "b/module/gone.mpy": b"left over", "b/module/lamp.mpy": b"half"})
    new = application()
    with board.running() as port:
        status, told = run(port, new)
        await eventually(lambda: board.resets == 1)
    assert status == 0, told
    assert (told["slot"], told["trial"], told["version"]) == ("b", True, "02000000")
    assert board.files == {**old.files("a"), **in_slot(new, "b")}
    assert board.word == 0x5700 | 2 | 3 << 2
    edited = application(**{"module/lamp.py": LAMP % 7})
    with board.running() as port:
        status, told = run(port, edited, "--confirm")
    assert (status, told["sent"], told["kept"], told["trial"]) == (0, 1, 2, False)
    assert board.files == {**old.files("a"), **in_slot(edited, "b")}
    assert board.word == 0x5700 | 1


def test_the_firmwares_own_boot_file_starts_what_was_deployed(make: Any, run: Any) -> None:
    boot = (HERE.parents[1] / "firmware" / "boot.py").read_bytes()
    assert b"WINDOW_S = 2" in boot
    root = {
        "boot.py": boot.replace(b"WINDOW_S = 2", b"WINDOW_S = 0"),
        "main.py": MAIN,
    }
    board = make({**application("01000000").files("a"), **root})
    with board.running("boots") as port:
        assert run(port, application(**{"module/lamp.py": LAMP % 7}))[0] == 0
        console(port, "level 7")
    assert board.word == 0x5700 | 2 | 2 << 2  # one boot of the trial is counted


def console(port: str, until: str) -> None:
    """Wait until the board prints a line that holds `until`."""
    with serial.Serial(port, timeout=10) as line:
        while until not in (heard := line.readline().decode("utf-8", "replace")):
            assert heard


def test_a_board_with_micropython_only_gets_everything(make: Any, run: Any) -> None:
    board, new = make(), application()
    with board.running() as port:
        status, told = run(port, new)
    assert (status, told["slot"], told["trial"]) == (0, "a", False)
    assert board.files == new.files("a")
    assert board.word is None


@pytest.mark.parametrize(("kind", "config"), [("runs", '{"production": true}'), ("shut", "{}")])
def test_a_product_refuses(
    kind: str, config: str, make: Any, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompt, "KNOCK_S", 2.0)
    board = make(application("01000000").files("a"), {"wxlink": {"config": config}})
    before = board.files
    with board.running(kind) as port:
        status, told = run(port, application())
    assert status == 1
    assert "wxlink release" in told["error"]
    assert board.files == before


def test_a_full_file_system_is_said_and_leaves_what_runs(make: Any, run: Any, seeded: Any) -> None:
    old = application("01000000")
    board = make({**old.files("a"), "data/spool": seeded.randbytes(440_000)})
    huge = application(**{"module/huge.py": f"DATA = {seeded.randbytes(60_000)!r}\n"})
    with board.running() as port:
        status, told = run(port, huge)
    assert status == 1
    assert "the module's file system is full: write the module anew" in told["error"]
    files = board.files
    assert {path: data for path, data in files.items() if path in old.files("a")} == old.files("a")
    assert "b/manifest.json" not in files
    assert board.word is None


@pytest.mark.parametrize(
    ("word", "slots", "expected"),
    [
        (None, {}, ("a", False)),
        (None, {"a": "1"}, ("b", True)),
        (0x5700, {"a": "1", "b": "2"}, ("b", True)),
        (0x5701, {"a": "1", "b": "2"}, ("a", True)),
        (0x5701 | 2 | 2 << 2, {"a": "1", "b": "2"}, ("a", True)),
        (0x5701, {"a": "1", "b": None}, ("b", False)),
        (0x1234, {"a": "1", "b": "2"}, ("b", True)),
    ],
)
def test_which_slot_is_written(
    word: int | None, slots: dict[str, str | None], expected: tuple[str, bool]
) -> None:
    assert deploy.target(word, slots) == expected


def test_the_slot_word_is_the_firmwares() -> None:
    path = HERE.parents[1] / "firmware" / "module" / "slots.py"
    if not path.exists():
        pytest.skip("this firmware has no slots")
    spec = importlib.util.spec_from_file_location("slots", path)
    assert spec is not None
    assert spec.loader is not None
    slots = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(slots)
    for slot in (0, 1):
        begun = slots.TRANSITIONS[slots.SETTLED, slots.BEGUN](slots.Word(1 - slot))
        assert deploy.word_for("ab"[slot], trial=True) == begun.encode()
        assert deploy.word_for("ab"[slot], trial=False) == slots.Word(slot).encode()
