"""The bench of the suite, its options, and the self-check report. `make hil` explains how to wire a board."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
for beside in (HERE.parent, HERE.parent / "firmware", HERE.parent / "flash"):
    sys.path.insert(0, str(beside))

from hil.bench import Bench, NotHere  # noqa: E402 - see above
from hil.self_check import FAILED, PASSED, SKIPPED, Check, Report  # noqa: E402

from wxlink.assets import asset  # noqa: E402
from wxlink.product import read  # noqa: E402

REPORT = pytest.StashKey[Report]()
HEAP_K = 160  # on the 64-bit build; a chip's pointers are half as wide


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which bench, and what a real one needs to know."""
    group = parser.getgroup("wxlink")
    group.addoption("--bench", choices=("sim", "real"), default="sim", help="simulated chip, or a board")
    group.addoption("--board", default="esp32-devkitc", help="one of `wxlink flash boards`")
    group.addoption("--heap", type=int, default=HEAP_K, help="sim: KB of heap beside the simulation's own")
    group.addoption("--firmware", help="real: MicroPython's own image for the board, else the kept one")
    group.addoption("--mcu-port", help="real: serial adapter wired to the module's UART")
    group.addoption("--relay-host", help="real: this machine's address in the network of the board")
    group.addoption("--ssid", help="real: network that set-up gives the board")
    group.addoption("--wifi-key", default="", help="real: its password")
    group.addoption("--wifi-command", help="real: program that is called with `on` or `off` for that network")
    group.addoption("--report", type=Path, default=Path("build/hil"), help="folder of the self-check report")


def pytest_configure(config: pytest.Config) -> None:
    """The JUnit file lies beside the report unless it is named."""
    config.stash[REPORT] = Report()
    if config.getoption("--bench") == "real":
        from hil.real import missing  # noqa: PLC0415 - needs nothing of the simulation

        lacks = missing(config.getoption)
        if lacks:
            raise pytest.UsageError(lacks)
    if not config.option.xmlpath:
        config.option.xmlpath = str(config.getoption("--report") / "junit.xml")


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> Report:
    """The report of this run."""
    return request.config.stash[REPORT]


@pytest.fixture(scope="session")
def bench(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, report: Report
) -> Iterator[Bench]:
    """The bench that the command line chose, switched on."""
    option = request.config.getoption
    folder = tmp_path_factory.mktemp("bench")
    product = read(asset("protocol/products/gokit.json"))
    made: Bench
    if option("--bench") == "real":
        from hil.real import RealBench  # noqa: PLC0415 - one of two

        made = RealBench(folder, product, option)
    else:
        from hil.sim import SimBench  # noqa: PLC0415 - one of two

        made = SimBench(folder, option("--board"), product, option("--heap"))
    with made:
        report.facts.update(made.facts())
        yield made


@pytest.fixture
def port(bench: Bench) -> str:
    """The console of the module, for pytest-embedded."""
    return bench.console


@pytest.hookimpl(hookwrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """What a bench cannot do is skipped with its reason."""
    outcome = yield
    failure = outcome.excinfo  # type: ignore[attr-defined]
    if failure and isinstance(failure[1], NotHere):
        outcome.force_exception(pytest.skip.Exception(str(failure[1])))  # type: ignore[attr-defined]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Note every test for the report."""
    outcome = yield
    told: pytest.TestReport = outcome.get_result()  # type: ignore[attr-defined]
    if told.when != "call" and told.outcome == PASSED:
        return
    sentence = item.name.split("[")[0].removeprefix("test_").replace("_", " ")
    ended = {"passed": PASSED, "failed": FAILED, "skipped": SKIPPED}[told.outcome]
    reason = "" if ended == PASSED else str(call.excinfo.value if call.excinfo else "").split("\n")[0]
    item.config.stash[REPORT].checks.append(Check(sentence, ended, told.duration, reason))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the report when anything ran."""
    report = session.config.stash[REPORT]
    if report.checks:
        report.write(session.config.getoption("--report") / "report.html")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell where the report is."""
    if config.stash[REPORT].checks:
        folder = config.getoption("--report")
        terminalreporter.write_line(f"self-check report: {folder / 'report.html'}, {config.option.xmlpath}")
