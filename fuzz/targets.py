"""What is fuzzed: one row each, run by `python -m fuzz` long and by `make test` short."""

from typing import NamedTuple


class Target(NamedTuple):
    """`long` and `short` are the arguments of two Python runs; `--seed N` is appended to them.

    A run ends with status 0 when nothing was found, 77 when a tool is missing (it says which), else with
    another one; it prints what it did, and what repeats a finding.
    """

    name: str
    what: str
    long: tuple[str, ...]
    short: tuple[str, ...]


def _coverage(name: str, what: str, runs: int) -> Target:
    command = ("-m", "fuzz.coverage", name, "--runs")
    return Target(name, what, (*command, str(runs)), (*command, "2000", "--random"))


def _native(name: str, what: str, runs: int) -> Target:
    command = ("-m", "fuzz.native", name, "--runs")
    return Target(name, what, (*command, str(runs)), (*command, "20000"))


TARGETS = (
    Target(
        "frames",
        "10 million random frames through CPython, MicroPython and C alike",
        ("-m", "fuzz.frames", "--frames", "10000000"),
        ("-m", "fuzz.frames", "--frames", "20000"),
    ),
    _coverage("decoder", "the frame decoder, coverage-guided", 100_000),
    _coverage("session", "a session's life, coverage-guided", 200_000),
    Target(
        "lives",
        "half a million lives of sessions on CPython and MicroPython alike",
        ("-m", "fuzz.lives", "--lives", "500000"),
        ("-m", "fuzz.lives", "--lives", "2000"),
    ),
    _coverage("codecs", "every payload decoder, coverage-guided", 1_000_000),
    _coverage("receiver", "the receiver of big data, coverage-guided", 1_000_000),
    _coverage("lan", "a client of the module's LAN, coverage-guided", 1_000_000),
    Target(
        "power_cuts",
        "loss of power while an MCU is updated, also while it recovers from one",
        ("-m", "fuzz.power_cuts", "--cuts", "1000", "--pairs"),
        ("-m", "fuzz.power_cuts", "--cuts", "200"),
    ),
    _native("fuzz_parser", "the C parser, coverage-guided, and the decoder on what that finds", 10_000_000),
    _native("fuzz_session", "the whole C SDK with a product of fixed length, coverage-guided", 1_000_000),
    _native("fuzz_session_variable", "the same with a product of variable length", 1_000_000),
)
