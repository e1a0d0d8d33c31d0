"""Every fuzzer for a second or two; `make fuzz` runs them long."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz.build import NOT_RUN, NoTool
from fuzz.coverage import NAMES, reporting
from fuzz.inputs import TARGETS as INPUTS
from fuzz.invariant import Broken, check_stream, strangers
from fuzz.outcome import outcome
from fuzz.reader import Reader
from fuzz.targets import TARGETS, Target

from wxproto.frame import BadFrame, Decoder, Frame, encode

ROOT = Path(__file__).parents[2]
BEAT = Frame(7, 1, 0, b"")


class Forgetful(Decoder):
    """A decoder that forgets what it has at each read."""

    def feed(self, data: bytes | bytearray) -> list[Frame | BadFrame]:
        return Decoder().feed(data)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_short_run_finds_nothing(target: Target, seeded: random.Random) -> None:
    done = subprocess.run(
        [sys.executable, *target.short, "--seed", str(seeded.randrange(2**31))],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode == NOT_RUN:
        pytest.skip(done.stdout.strip().splitlines()[-1])
    assert done.returncode == 0, done.stdout


def test_the_fuzzers_of_python_are_the_ones_named() -> None:
    assert sorted(INPUTS) == sorted(NAMES)


@pytest.mark.parametrize(
    ("error", "status"), [(NoTool("no clang"), NOT_RUN), (Broken("a frame is missing"), 1)]
)
def test_how_a_fuzzer_ends(error: Exception, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    def run() -> None:
        raise error

    assert outcome("frames", run) == status
    assert str(error) in capsys.readouterr().out
    assert outcome("frames", lambda: None) == 0


def test_what_breaks_a_target_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError):
        reporting("division", lambda data: print(1 // len(data[1:])))(b"\x07")
    assert "division: 07 breaks it" in capsys.readouterr().out


def test_a_reader_that_died_answers_nothing() -> None:
    reader = Reader("dead", sys.executable, "-c", "raise SystemExit(3)")
    assert reader.read() == ""
    for _ in range(3):
        reader.send(bytes(100_000))
    assert reader.read() == ""
    with pytest.raises(Broken, match="dead ended with status 3"):
        reader.close()


def test_the_invariant_sees_what_is_missing_twice_or_in_the_wrong_order() -> None:
    other = Frame(7, 2, 0, b"")
    assert strangers([BEAT, BadFrame("wrong checksum"), other], [BEAT, other]) == []
    assert strangers([BEAT, BEAT], [BEAT]) == [BEAT]
    for found in ([BEAT], [other, BEAT], []):
        with pytest.raises(Broken):
            strangers(found, [BEAT, other])


def test_the_invariant_sees_a_split_that_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = encode(7, 1)
    assert check_stream(stream, [3]) == [BEAT]
    monkeypatch.setattr("fuzz.invariant.Decoder", Forgetful)
    with pytest.raises(Broken):
        check_stream(stream, [3])
